import Kernels
import OpenCLLoader

/// A kernel's source, compiled for the device of a context.
// Safe to send because OpenCL objects may be used from any thread (all but kernels).
final class Program: @unchecked Sendable {
  let context: Context
  let handle: cl_program
  /// The name of its kernel.
  let kernelName: String

  /// Compiles the source of a family, specialised for one kernel.
  ///
  /// The C functions are `clCreateProgramWithSource` and `clBuildProgram`.
  init(_ context: Context, _ kernel: gm_kernel, target: gm_target) throws(DeviceError) {
    self.context = context
    kernelName = String(cString: gm_kernel_name(kernel.family))
    handle = try context.driver.create("clCreateProgramWithSource") { status in
      var texts = Self.texts(kernel.family)
      return context.driver.functions.clCreateProgramWithSource(
        context.handle, cl_uint(texts.count), &texts, nil, &status)
    }
    // From here on, a throw runs deinit, as every property is set.
    try build("-cl-std=CL1.2 " + Self.options(kernel, target: target))
  }

  deinit { _ = context.driver.functions.clReleaseProgram(handle) }

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

  private static func texts(_ family: gm_family) -> [UnsafePointer<CChar>?] {
    var texts: [UnsafePointer<CChar>?] = []
    var prelude = gm_kernel_prelude
    while let text = prelude?.pointee {
      texts.append(text)
      prelude = prelude?.successor()
    }
    texts.append(gm_kernel_source(family))
    return texts
  }

  private static func options(_ kernel: gm_kernel, target: gm_target) -> String {
    let capacity = gm_kernel_options(kernel, target, nil, 0) + 1
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      _ = gm_kernel_options(kernel, target, start, capacity)
      return String(cString: start)
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
