import OpenCLLoader

/// A kernel's source, compiled for the device of a context.
// Safe to send because OpenCL objects may be used from any thread (all but kernels).
final class Program: @unchecked Sendable {
  let context: Context
  let handle: cl_program
  /// The name of its kernel.
  let kernelName: String

  /// Compiles a source.
  ///
  /// The C functions are `clCreateProgramWithSource` and `clBuildProgram`.
  init(_ context: Context, _ source: KernelSource) throws(DeviceError) {
    self.context = context
    kernelName = source.kernelName
    handle = try context.driver.create("clCreateProgramWithSource") { status in
      var texts = source.texts.map(Optional.init)
      return context.driver.functions.clCreateProgramWithSource(
        context.handle, cl_uint(texts.count), &texts, nil, &status)
    }
    // From here on, a throw runs deinit, as every property is set.
    try build(source.options)
  }

  /// Loads what a source was once compiled to.
  ///
  /// The C functions are `clCreateProgramWithBinary` and `clBuildProgram`.
  init(_ context: Context, _ source: KernelSource, binary: [UInt8]) throws(DeviceError) {
    self.context = context
    kernelName = source.kernelName
    handle = try context.driver.create("clCreateProgramWithBinary") { status in
      binary.withUnsafeBufferPointer { bytes in
        var device: cl_device_id? = context.device
        var start = bytes.baseAddress
        var byteCount = bytes.count
        return context.driver.functions.clCreateProgramWithBinary(
          context.handle, 1, &device, &byteCount, &start, nil, &status)
      }
    }
    try build(source.options)
  }

  deinit { _ = context.driver.functions.clReleaseProgram(handle) }

  /// What the source was compiled to; nil if the driver does not give it.
  ///
  /// The C function is `clGetProgramInfo`.
  func binary() -> [UInt8]? {
    func get(_ parameter: Int32, _ value: UnsafeMutableRawPointer) -> Bool {
      context.driver.functions.clGetProgramInfo(
        handle, cl_program_info(parameter), MemoryLayout<Int>.size, value, nil) == CL_SUCCESS
    }
    var byteCount = 0
    // A driver that claims a binary of more than 16 MiB is not to be believed.
    guard get(CL_PROGRAM_BINARY_SIZES, &byteCount), 1...(16 << 20) ~= byteCount else { return nil }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    let isThere = bytes.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      return get(CL_PROGRAM_BINARIES, &start)
    }
    return isThere ? bytes : nil
  }

  private func build(_ options: String) throws(DeviceError) {
    let driver = context.driver
    var device: cl_device_id? = context.device
    let status = options.withCString {
      driver.functions.clBuildProgram(handle, 1, &device, $0, nil, nil)
    }
    guard status == CL_SUCCESS else {
      let log = driver.api.buildLog(of: handle, for: context.device) ?? ""
      let detail = log.isEmpty ? nil : "\(options)\n\(Self.end(of: log))"
      throw driver.error("clBuildProgram", status, detail: detail)
    }
  }

  /// The last lines of a build log, where compilers put what matters, fit to show.
  private static func end(of log: String) -> String {
    let printable = log.unicodeScalars.filter { $0.value >= 0x20 || $0 == "\n" }
    let limit = 2000
    guard printable.count > limit else { return String(String.UnicodeScalarView(printable)) }
    return "…" + String(String.UnicodeScalarView(printable.suffix(limit)))
  }
}
