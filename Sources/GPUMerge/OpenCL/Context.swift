import OpenCLLoader

/// An OpenCL context of one device.
// Safe to send because OpenCL objects may be used from any thread (all but kernels).
final class Context: @unchecked Sendable {
  let driver: Driver
  let device: cl_device_id
  let handle: cl_context

  /// The C function is `clCreateContext`.
  init(_ device: OpenCLDevice, api: OpenCLAPI) throws(DeviceError) {
    driver = Driver(api: api, deviceName: device.name)
    guard let id = cl_device_id(bitPattern: device.deviceHandle) else {
      throw driver.error("clCreateContext", CL_INVALID_DEVICE)
    }
    self.device = id
    let functions = driver.functions
    handle = try driver.create("clCreateContext") { status in
      var properties: [cl_context_properties] = [
        cl_context_properties(CL_CONTEXT_PLATFORM), Int(bitPattern: device.platformHandle), 0,
      ]
      var id: cl_device_id? = id
      return functions.clCreateContext(&properties, 1, &id, nil, nil, &status)
    }
  }

  deinit { _ = driver.functions.clReleaseContext(handle) }
}
