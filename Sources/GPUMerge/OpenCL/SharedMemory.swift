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
  init(_ context: Context, byteCount: Int) throws(DeviceError) {
    let driver = context.driver
    let flags = cl_svm_mem_flags(CL_MEM_READ_WRITE) | cl_svm_mem_flags(CL_MEM_SVM_FINE_GRAIN_BUFFER)
    // An alignment above that of OpenCL's types is an error.
    let whole = max(byteCount, 1) + pageByteCount
    guard let allocated = driver.functions.clSVMAlloc?(context.handle, flags, whole, 0) else {
      throw driver.error("clSVMAlloc", CL_MEM_OBJECT_ALLOCATION_FAILURE)
    }
    self.context = context
    self.allocated = allocated
    start = allocated.alignedUp(toMultipleOf: pageByteCount)
  }

  deinit { context.driver.functions.clSVMFree?(context.handle, allocated) }
}
