import CLinux
import Glibc

/// How much address space the process may have. (`RLIMIT_AS`, `ulimit -v`)
package enum AddressSpaceLimit {
  /// Gets along with a limit if there is one; to be called before there are threads.
  ///
  /// Each thread's memory allocator reserves 64 MiB for itself, unless it is told not to, and the next
  /// thread then has no stack. Dispatch waits for one for ever.
  ///
  /// Throws if there is no room for the threads of Swift's runtime.
  package static func prepare() throws(GPUMergeError) {
    guard let limit = processLimit(of: RLIMIT_AS)?.rlim_cur, limit < rlim_t(Int.max) else { return }
    clinux_share_allocator()
    let stacks = (processorCount() + 2) * stackByteCount
    guard !AlignedMemory.isAvailable(stacks + AlignedMemory.reserveByteCount) else { return }
    throw GPUMergeError(
      .io,
      "this process may have \(limit >> 20) MiB of address space, which is too little to work with",
      advice: "Raise the limit with 'ulimit -v'")
  }

  /// What the system reserves for each thread.
  private static var stackByteCount: Int {
    let limit = processLimit(of: RLIMIT_STACK)?.rlim_cur ?? 8 << 20
    return Int(clamping: min(limit, 64 << 20))
  }
}
