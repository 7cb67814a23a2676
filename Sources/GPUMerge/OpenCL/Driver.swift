import OpenCLLoader

/// A device's OpenCL functions, with the name that errors give the device.
struct Driver: Sendable {
  let api: OpenCLAPI
  let deviceName: String

  var functions: opencl_api { api.functions }

  /// An error of the device.
  func error(_ function: String, _ status: cl_int, detail: String? = nil) -> DeviceError {
    DeviceError(
      device: deviceName, function: function, status: status,
      detail: detail ?? openCLStatusName(status))
  }

  /// Throws unless a call succeeded.
  func check(_ status: cl_int, _ function: String) throws(DeviceError) {
    guard status == CL_SUCCESS else { throw error(function, status) }
  }

  /// Makes a call that returns a new object and writes its status.
  func create(
    _ function: String, _ call: (inout cl_int) -> OpaquePointer?
  ) throws(DeviceError) -> OpaquePointer {
    var status: cl_int = CL_SUCCESS
    let handle = call(&status)
    try check(status, function)
    guard let handle else { throw error(function, CL_INVALID_VALUE, detail: "it returned nothing") }
    return handle
  }
}
