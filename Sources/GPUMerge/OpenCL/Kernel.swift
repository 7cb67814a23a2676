import OpenCLLoader

/// A kernel with arguments, which belongs to one slot, since setting arguments is not thread-safe.
final class Kernel {
  let handle: cl_kernel
  /// How many work-items make a work-group.
  let localSize: Int
  private let program: Program

  private var driver: Driver { program.context.driver }

  /// The C function is `clCreateKernel`.
  init(_ program: Program, wantedLocalSize: Int) throws(DeviceError) {
    self.program = program
    let driver = program.context.driver
    let handle = try driver.create("clCreateKernel") { status in
      driver.functions.clCreateKernel(program.handle, program.kernelName, &status)
    }
    self.handle = handle
    func limit(_ parameter: Int32) -> Int {
      var value = 0
      let status = driver.functions.clGetKernelWorkGroupInfo(
        handle, program.context.device, cl_kernel_work_group_info(parameter),
        MemoryLayout<Int>.size, &value, nil)
      return status == CL_SUCCESS ? max(value, 1) : 1
    }
    let largest = min(limit(CL_KERNEL_WORK_GROUP_SIZE), wantedLocalSize)
    let multiple = limit(CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE)
    localSize = largest >= multiple ? largest / multiple * multiple : largest
  }

  deinit { _ = driver.functions.clReleaseKernel(handle) }

  /// Makes memory the argument at an index.
  ///
  /// The C function is `clSetKernelArg` or `clSetKernelArgSVMPointer`.
  func bind(_ index: Int, to memory: KernelMemory) throws(DeviceError) {
    switch memory {
    case .buffer(let buffer):
      var object: cl_mem? = buffer.handle
      try withUnsafeBytes(of: &object) { bytes throws(DeviceError) in try bind(index, to: bytes) }
    case .shared(let memory):
      let status = driver.functions.clSetKernelArgSVMPointer?(handle, cl_uint(index), memory.start)
      try driver.check(status ?? CL_INVALID_OPERATION, "clSetKernelArgSVMPointer")
    }
  }

  /// Makes a value the argument at an index.
  ///
  /// The C function is `clSetKernelArg`.
  func bind(_ index: Int, to bytes: UnsafeRawBufferPointer) throws(DeviceError) {
    let status = driver.functions.clSetKernelArg(
      handle, cl_uint(index), bytes.count, bytes.baseAddress)
    try driver.check(status, "clSetKernelArg")
  }
}
