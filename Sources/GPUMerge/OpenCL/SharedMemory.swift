import Glibc
import OpenCLLoader

/// Fine-grained shared virtual memory: host and device use it at the same address at any time, and see what the
/// other wrote before a kernel was enqueued, or after it was waited for.
///
/// From OpenCL 2.0 on, where a device has it (`CL_DEVICE_SVM_FINE_GRAIN_BUFFER`).
final class SharedMemory {
  /// Where the memory begins, at a page.
  let start: UnsafeMutableRawPointer
  private let context: Context
  private let allocated: UnsafeMutableRawPointer

  /// Allocates memory; never an empty one.
  ///
  /// The C function is `clSVMAlloc`, which gives nothing but a null pointer when it fails.
  ///
  /// - Parameters:
  ///   - context: Whose devices use it.
  ///   - byteCount: How much.
  ///   - isForDisk: Whether it is written to a disk, which is handed ordinary pages one by one: then it is in huge
  ///     pages, if it would fill half of one.
  /// - Throws: What `clSVMAlloc` fails with.
  init(_ context: Context, byteCount: Int, isForDisk: Bool = false) throws(DeviceError) {
    let driver = context.driver
    let flags = cl_svm_mem_flags(CL_MEM_READ_WRITE) | cl_svm_mem_flags(CL_MEM_SVM_FINE_GRAIN_BUFFER)
    let isInHugePages = isForDisk && byteCount >= AlignedMemory.hugePageByteCount / 2
    let pageByteCount = isInHugePages ? AlignedMemory.hugePageByteCount : pageByteCount
    let rounded = AlignedMemory.rounded(byteCount, to: pageByteCount)
    // An alignment above that of OpenCL's types is an error.
    let whole = rounded + pageByteCount
    guard let allocated = driver.functions.clSVMAlloc?(context.handle, flags, whole, 0) else {
      throw driver.error("clSVMAlloc", CL_MEM_OBJECT_ALLOCATION_FAILURE)
    }
    self.context = context
    self.allocated = allocated
    start = allocated.alignedUp(toMultipleOf: pageByteCount)
    if isInHugePages { madvise(start, rounded, MADV_HUGEPAGE) }
  }

  deinit { context.driver.functions.clSVMFree?(context.handle, allocated) }
}
