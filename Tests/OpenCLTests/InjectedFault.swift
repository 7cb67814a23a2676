import OpenCLLoader
import Synchronization

/// A fault to inject: some of the calls to one function, or to all of them, fail.
struct InjectedFault: Sendable {
  /// The function; nil for all.
  var function: String?
  /// Which calls, counted from 0.
  var calls: Range<Int>
  var status: cl_int

  /// What happened to the fault that is injected.
  struct Course: Sendable {
    var fault: InjectedFault?
    var callCount = 0
    var failureCount = 0
  }

  static let course = Mutex(Course())

  /// The functions that fail, with objects counted from zero.
  static func table(_ fault: InjectedFault) -> opencl_api? {
    course.withLock { $0 = Course(fault: fault) }
    guard Faults.table() != nil else { return nil }
    return failing
  }

  /// The functions, all but those that release.
  static let names = [
    "clCreateContext", "clCreateCommandQueue", "clCreateBuffer", "clCreateProgramWithSource",
    "clCreateKernel", "clSetMemObjectDestructorCallback", "clBuildProgram", "clSetKernelArg",
    "clGetKernelWorkGroupInfo", "clEnqueueNDRangeKernel", "clEnqueueReadBuffer",
    "clEnqueueWriteBuffer", "clEnqueueMapBuffer", "clEnqueueUnmapMemObject", "clFlush",
    "clWaitForEvents", "clGetEventInfo", "clFinish", "clSVMAlloc", "clSetKernelArgSVMPointer",
  ]

  /// Counts a call; a status if it is to fail.
  fileprivate static func failure(of function: String) -> cl_int? {
    course.withLock { course in
      guard let fault = course.fault, fault.function ?? function == function else { return nil }
      defer { course.callCount += 1 }
      guard fault.calls.contains(course.callCount) else { return nil }
      course.failureCount += 1
      return fault.status
    }
  }

  private static let failing: opencl_api? = {
    guard var table = Faults.counting else { return nil }
    replaceCreation(&table)
    replaceEnqueueing(&table)
    replaceWaiting(&table)
    table.clSetMemObjectDestructorCallback = { buffer, callback, data in
      fail("clSetMemObjectDestructorCallback") {
        $0.clSetMemObjectDestructorCallback(buffer, callback, data)
      }
    }
    table.clBuildProgram = { program, count, devices, options, callback, data in
      fail("clBuildProgram") {
        $0.clBuildProgram(program, count, devices, options, callback, data)
      }
    }
    table.clSetKernelArg = { kernel, index, byteCount, value in
      fail("clSetKernelArg") { $0.clSetKernelArg(kernel, index, byteCount, value) }
    }
    table.clSetKernelArgSVMPointer = { kernel, index, pointer in
      fail("clSetKernelArgSVMPointer") {
        $0.clSetKernelArgSVMPointer?(kernel, index, pointer) ?? CL_INVALID_OPERATION
      }
    }
    table.clGetKernelWorkGroupInfo = { kernel, device, parameter, byteCount, value, size in
      fail("clGetKernelWorkGroupInfo") {
        $0.clGetKernelWorkGroupInfo(kernel, device, parameter, byteCount, value, size)
      }
    }
    return table
  }()

  private static func replaceCreation(_ table: inout opencl_api) {
    table.clCreateContext = { properties, count, devices, callback, data, status in
      failToCreate("clCreateContext", status) {
        $0.clCreateContext(properties, count, devices, callback, data, status)
      }
    }
    table.clCreateCommandQueue = { context, device, properties, status in
      failToCreate("clCreateCommandQueue", status) {
        $0.clCreateCommandQueue(context, device, properties, status)
      }
    }
    table.clCreateBuffer = { context, flags, byteCount, host, status in
      failToCreate("clCreateBuffer", status) {
        $0.clCreateBuffer(context, flags, byteCount, host, status)
      }
    }
    table.clCreateProgramWithSource = { context, count, texts, lengths, status in
      failToCreate("clCreateProgramWithSource", status) {
        $0.clCreateProgramWithSource(context, count, texts, lengths, status)
      }
    }
    table.clCreateKernel = { program, name, status in
      failToCreate("clCreateKernel", status) { $0.clCreateKernel(program, name, status) }
    }
    table.clSVMAlloc = { context, flags, byteCount, alignment in
      InjectedFault.failure(of: "clSVMAlloc") == nil
        ? Faults.counting?.clSVMAlloc?(context, flags, byteCount, alignment) : nil
    }
    table.clEnqueueMapBuffer = {
      (queue, buffer, isBlocking, flags, offset, byteCount, _, _, event, status) in
      if let failure = InjectedFault.failure(of: "clEnqueueMapBuffer") {
        status?.pointee = failure
        return nil
      }
      return Faults.counting?.clEnqueueMapBuffer(
        queue, buffer, isBlocking, flags, offset, byteCount, 0, nil, event, status)
    }
  }

  private static func replaceEnqueueing(_ table: inout opencl_api) {
    table.clEnqueueNDRangeKernel = { queue, kernel, dimensions, _, global, local, _, _, event in
      fail("clEnqueueNDRangeKernel") {
        $0.clEnqueueNDRangeKernel(queue, kernel, dimensions, nil, global, local, 0, nil, event)
      }
    }
    table.clEnqueueReadBuffer = { queue, buffer, isBlocking, offset, byteCount, host, _, _, event in
      fail("clEnqueueReadBuffer") {
        $0.clEnqueueReadBuffer(queue, buffer, isBlocking, offset, byteCount, host, 0, nil, event)
      }
    }
    table.clEnqueueWriteBuffer = {
      (queue, buffer, isBlocking, offset, byteCount, host, _, _, event) in
      fail("clEnqueueWriteBuffer") {
        $0.clEnqueueWriteBuffer(queue, buffer, isBlocking, offset, byteCount, host, 0, nil, event)
      }
    }
    table.clEnqueueUnmapMemObject = { queue, buffer, pointer, _, _, event in
      fail("clEnqueueUnmapMemObject") {
        $0.clEnqueueUnmapMemObject(queue, buffer, pointer, 0, nil, event)
      }
    }
    table.clFlush = { queue in fail("clFlush") { $0.clFlush(queue) } }
  }

  // These wait before they fail, or memory would be freed that a healthy driver still uses.
  private static func replaceWaiting(_ table: inout opencl_api) {
    table.clWaitForEvents = { count, events in
      let status = Faults.counting?.clWaitForEvents(count, events) ?? CL_INVALID_VALUE
      return InjectedFault.failure(of: "clWaitForEvents") ?? status
    }
    table.clFinish = { queue in
      let status = Faults.counting?.clFinish(queue) ?? CL_INVALID_VALUE
      return InjectedFault.failure(of: "clFinish") ?? status
    }
    table.clGetEventInfo = { event, parameter, byteCount, value, size in
      let status = Faults.counting?.clGetEventInfo(event, parameter, byteCount, value, size)
      return InjectedFault.failure(of: "clGetEventInfo") ?? status ?? CL_INVALID_VALUE
    }
  }
}

private func fail(_ function: String, _ call: (opencl_api) -> cl_int) -> cl_int {
  InjectedFault.failure(of: function) ?? Faults.counting.map(call) ?? CL_INVALID_VALUE
}

private func failToCreate(
  _ function: String, _ status: UnsafeMutablePointer<cl_int>?,
  _ call: (opencl_api) -> OpaquePointer?
) -> OpaquePointer? {
  if let failure = InjectedFault.failure(of: function) {
    status?.pointee = failure
    return nil
  }
  return Faults.counting.flatMap(call)
}
