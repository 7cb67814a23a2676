import Glibc

/// A limit of this process: what is in force, and what it may raise that to; nil if the system does not
/// tell. (`getrlimit`)
func processLimit(of resource: __rlimit_resource) -> rlimit? {
  var limit = rlimit()
  return getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 ? limit : nil
}
