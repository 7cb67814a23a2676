import OpenCLLoader

/// An in-order queue of commands, which remembers every command until it has been checked.
final class Queue {
  let context: Context
  private let handle: cl_command_queue
  private var events: [Event] = []

  private var driver: Driver { context.driver }

  /// The C function is `clCreateCommandQueue`.
  init(_ context: Context) throws(DeviceError) {
    self.context = context
    handle = try context.driver.create("clCreateCommandQueue") { status in
      context.driver.functions.clCreateCommandQueue(context.handle, context.device, 0, &status)
    }
  }

  deinit { _ = driver.functions.clReleaseCommandQueue(handle) }

  /// Starts to copy bytes to an offset of a buffer.
  ///
  /// The C function is `clEnqueueWriteBuffer`.
  @discardableResult
  func write(
    _ bytes: UnsafeRawBufferPointer, to buffer: Buffer, at offset: Int = 0
  ) throws(DeviceError) -> Event {
    try enqueue("clEnqueueWriteBuffer") { event in
      driver.functions.clEnqueueWriteBuffer(
        handle, buffer.handle, cl_bool(CL_FALSE), offset, bytes.count, bytes.baseAddress, 0, nil,
        &event)
    }
  }

  /// Starts to copy bytes from an offset of a buffer.
  ///
  /// The C function is `clEnqueueReadBuffer`.
  func read(
    _ buffer: Buffer, at offset: Int = 0, into bytes: UnsafeMutableRawBufferPointer
  ) throws(DeviceError) {
    try enqueue("clEnqueueReadBuffer") { event in
      driver.functions.clEnqueueReadBuffer(
        handle, buffer.handle, cl_bool(CL_FALSE), offset, bytes.count, bytes.baseAddress, 0, nil,
        &event)
    }
  }

  /// Starts to copy a buffer to another of its size.
  ///
  /// The C function is `clEnqueueCopyBuffer`.
  func copy(_ from: Buffer, to other: Buffer) throws(DeviceError) {
    try enqueue("clEnqueueCopyBuffer") { event in
      driver.functions.clEnqueueCopyBuffer(
        handle, from.handle, other.handle, 0, 0, from.byteCount, 0, nil, &event)
    }
  }

  /// Starts to give a buffer's memory to the host, which has it when the command is done.
  ///
  /// The C function is `clEnqueueMapBuffer`.
  func map(_ buffer: Buffer) throws(DeviceError) -> (UnsafeMutableRawPointer, Event) {
    let function = "clEnqueueMapBuffer"
    var status: cl_int = CL_SUCCESS
    var pointer: UnsafeMutableRawPointer?
    let event = try enqueue(function) { event in
      pointer = driver.functions.clEnqueueMapBuffer(
        handle, buffer.handle, cl_bool(CL_FALSE), cl_map_flags(CL_MAP_READ | CL_MAP_WRITE), 0,
        buffer.byteCount, 0, nil, &event, &status)
      return status
    }
    guard let pointer else { throw driver.error(function, CL_MAP_FAILURE) }
    return (pointer, event)
  }

  /// Gives a mapped buffer's memory back to the device.
  ///
  /// The C function is `clEnqueueUnmapMemObject`.
  func unmap(_ buffer: Buffer, _ pointer: UnsafeMutableRawPointer) throws(DeviceError) {
    try enqueue("clEnqueueUnmapMemObject") { event in
      driver.functions.clEnqueueUnmapMemObject(handle, buffer.handle, pointer, 0, nil, &event)
    }
  }

  /// Ends a mapping of a buffer that is about to go, whatever comes of it.
  func endMapping(of buffer: Buffer, at pointer: UnsafeMutableRawPointer) {
    try? unmap(buffer, pointer)
    drain()
  }

  /// Starts a kernel with at least so many work-items.
  ///
  /// The C function is `clEnqueueNDRangeKernel`.
  func launch(_ kernel: Kernel, workItemCount: Int) throws(DeviceError) {
    var local = kernel.localSize
    var global = (workItemCount + local - 1) / local * local
    try enqueue("clEnqueueNDRangeKernel") { event in
      driver.functions.clEnqueueNDRangeKernel(
        handle, kernel.handle, 1, nil, &global, &local, 0, nil, &event)
    }
  }

  /// Makes sure that the device starts on what is in the queue.
  ///
  /// The C function is `clFlush`.
  func flush() throws(DeviceError) {
    try driver.check(driver.functions.clFlush(handle), "clFlush")
  }

  /// Waits for what was enqueued so far, if anything was.
  func waitForAll() throws(DeviceError) { try events.last?.wait() }

  /// Waits for all commands and throws unless every one of them succeeded.
  ///
  /// The C function is `clFinish`.
  func finish() throws(DeviceError) {
    try driver.check(driver.functions.clFinish(handle), "clFinish")
    defer { events.removeAll(keepingCapacity: true) }
    for event in events { try event.checkSuccess() }
  }

  /// Waits, if there is anything to wait for, whatever comes of it.
  ///
  /// - Returns: false if a command may still be under way, as the wait failed: then memory that it uses must
  ///   not be freed.
  @discardableResult
  func drain() -> Bool {
    guard !events.isEmpty else { return true }
    guard driver.functions.clFinish(handle) == CL_SUCCESS else { return false }
    events.removeAll()
    return true
  }

  @discardableResult
  private func enqueue(
    _ function: String, _ call: (inout cl_event?) -> cl_int
  ) throws(DeviceError) -> Event {
    var handle: cl_event?
    try driver.check(call(&handle), function)
    guard let handle else { throw driver.error(function, CL_INVALID_EVENT) }
    let event = Event(handle, of: function, driver: driver)
    events.append(event)
    return event
  }
}
