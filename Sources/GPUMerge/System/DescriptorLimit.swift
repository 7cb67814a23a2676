import Glibc

/// How many descriptors the process may have. (`RLIMIT_NOFILE`)
package enum DescriptorLimit {
  /// The limit that is in force.
  static var current: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 256 }
    return Int(clamping: limit.rlim_cur)
  }

  /// Throws if the process may not have so many, of which the threads of Swift's runtime take some
  /// and do not start without.
  package static func require(_ count: Int) throws(GPUMergeError) {
    guard current < count, raised() < count else { return }
    throw GPUMergeError(
      .io, "this process may have \(current) files open, which is too few to work with",
      advice: "Raise the limit with 'ulimit -n'")
  }

  /// Raises the limit as far as the process may, and returns it.
  static func raised() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return current
    }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return current
  }
}
