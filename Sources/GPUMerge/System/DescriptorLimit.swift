import Glibc

/// How many descriptors the process may have. (`RLIMIT_NOFILE`)
package enum DescriptorLimit {
  /// The limit that is in force.
  static var current: Int {
    processLimit(of: RLIMIT_NOFILE).map { Int(clamping: $0.rlim_cur) } ?? 256
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
    guard var limit = processLimit(of: RLIMIT_NOFILE) else { return current }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return current
  }
}
