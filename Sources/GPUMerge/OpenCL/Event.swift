import OpenCLLoader

/// The progress of one command.
final class Event {
  private let driver: Driver
  private let handle: cl_event
  /// The OpenCL function that enqueued the command.
  private let function: String

  init(_ handle: cl_event, of function: String, driver: Driver) {
    self.handle = handle
    self.function = function
    self.driver = driver
  }

  deinit { _ = driver.functions.clReleaseEvent(handle) }

  /// Waits until the command is done.
  ///
  /// The C function is `clWaitForEvents`.
  func wait() throws(DeviceError) {
    try waitForDriver()
    try checkSuccess()
  }

  /// Throws unless the command, which is known to be done, has run to its end without a fault.
  ///
  /// NVIDIA's driver may call a command submitted for a moment after `clFinish` has returned, so such a one is
  /// waited for by itself.
  func checkSuccess() throws(DeviceError) {
    var status = try status()
    if status > CL_COMPLETE {
      try waitForDriver()
      status = try self.status()
    }
    guard status == CL_COMPLETE else { throw driver.error(function, status) }
  }

  /// How far the command is, or below zero what it failed with.
  ///
  /// The C function is `clGetEventInfo` with `CL_EVENT_COMMAND_EXECUTION_STATUS`.
  private func status() throws(DeviceError) -> cl_int {
    var progress: cl_int = CL_COMPLETE
    let status = driver.functions.clGetEventInfo(
      handle, cl_event_info(CL_EVENT_COMMAND_EXECUTION_STATUS), MemoryLayout<cl_int>.size,
      &progress, nil)
    try driver.check(status, "clGetEventInfo")
    return progress
  }

  private func waitForDriver() throws(DeviceError) {
    var handle: cl_event? = handle
    try driver.check(driver.functions.clWaitForEvents(1, &handle), "clWaitForEvents")
  }
}
