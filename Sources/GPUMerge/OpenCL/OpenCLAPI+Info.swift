import OpenCLLoader

/// Asks for one property: writes up to so many bytes to the pointer, and the true size to the last.
private typealias Query = (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int

extension OpenCLAPI {
  /// A number or bit set that describes a device, nil if the device does not tell.
  ///
  /// The C function is `clGetDeviceInfo`.
  func number<T: FixedWidthInteger>(
    _ parameter: Int32, of device: cl_device_id, as type: T.Type = T.self
  ) -> T? {
    var value: T = 0
    let status = functions.clGetDeviceInfo(
      device, cl_device_info(parameter), MemoryLayout<T>.size, &value, nil)
    return status == CL_SUCCESS ? value : nil
  }

  /// A text that describes a device, nil if the device does not tell.
  ///
  /// The C function is `clGetDeviceInfo`.
  func text(_ parameter: Int32, of device: cl_device_id) -> String? {
    Self.text { functions.clGetDeviceInfo(device, cl_device_info(parameter), $0, $1, $2) }
  }

  /// A text that describes a platform, nil if the platform does not tell.
  ///
  /// The C function is `clGetPlatformInfo`.
  func text(_ parameter: Int32, ofPlatform platform: cl_platform_id) -> String? {
    Self.text { functions.clGetPlatformInfo(platform, cl_platform_info(parameter), $0, $1, $2) }
  }

  /// The compiler's messages about a program, nil if there is none.
  ///
  /// The C function is `clGetProgramBuildInfo` with `CL_PROGRAM_BUILD_LOG`.
  func buildLog(of program: cl_program, for device: cl_device_id) -> String? {
    let parameter = cl_program_build_info(CL_PROGRAM_BUILD_LOG)
    return Self.text { functions.clGetProgramBuildInfo(program, device, parameter, $0, $1, $2) }
  }

  private static func text(_ query: Query) -> String? {
    var byteCount = 0
    // A driver that claims a text of more than a megabyte is not to be believed.
    guard query(0, nil, &byteCount) == CL_SUCCESS, 0...(1 << 20) ~= byteCount else { return nil }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    let status = bytes.withUnsafeMutableBytes { query($0.count, $0.baseAddress, nil) }
    guard status == CL_SUCCESS else { return nil }
    return trimmed(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
  }

  private static func trimmed(_ text: String) -> String {
    let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? text.startIndex
    return String(text[..<end].drop { $0.isWhitespace })
  }
}
