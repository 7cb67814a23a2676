import GPUMerge
import Glibc
import OpenCLLoader
import Synchronization

/// OpenCL functions that count their objects and can be made to fail, for one test at a time.
enum Faults {
  /// How many objects of each sort were created and not yet released.
  static let live = Mutex<[String: Int]>([:])
  /// The calls so far to what a test replaced, and which of them, from 0, fail.
  static let calls = Mutex((count: 0, failing: 0..<0))

  /// The functions that are not replaced.
  static let real: opencl_api? = try? OpenCLAPI.system.get().functions

  static func count(_ object: String, _ change: Int) {
    live.withLock { $0[object, default: 0] += change }
  }

  /// Starts to count calls, of which those in a range fail.
  static func fail(_ calls: Range<Int>) {
    self.calls.withLock { $0 = (0, calls) }
  }

  /// Counts a call; true when it is to fail.
  static func isDue() -> Bool {
    calls.withLock { calls in
      defer { calls.count += 1 }
      return calls.failing.contains(calls.count)
    }
  }

  /// The functions that count, with all counts at zero.
  ///
  /// First waits a while for the threads of earlier tests, which let go of what they hold only after the
  /// result is there.
  static func table() -> opencl_api? {
    awaitRelease(milliseconds: 500)
    live.withLock { $0 = [:] }
    return counting
  }

  /// Waits until nothing lives, but not for ever.
  static func awaitRelease(milliseconds: Int) {
    for _ in 0..<milliseconds {
      if live.withLock({ $0.values.allSatisfy { $0 == 0 } }) { return }
      usleep(1000)
    }
  }

  /// The functions that count.
  static let counting: opencl_api? = {
    guard var table = real else { return nil }
    countObjects(&table)
    countEvents(&table)
    return table
  }()

  private static func countObjects(_ table: inout opencl_api) {
    table.clCreateContext = {
      created("context", Faults.real?.clCreateContext($0, $1, $2, $3, $4, $5))
    }
    table.clReleaseContext = { released("context", Faults.real?.clReleaseContext($0)) }
    table.clCreateCommandQueue = {
      created("queue", Faults.real?.clCreateCommandQueue($0, $1, $2, $3))
    }
    table.clReleaseCommandQueue = { released("queue", Faults.real?.clReleaseCommandQueue($0)) }
    table.clCreateBuffer = { created("buffer", Faults.real?.clCreateBuffer($0, $1, $2, $3, $4)) }
    table.clReleaseMemObject = { released("buffer", Faults.real?.clReleaseMemObject($0)) }
    table.clSVMAlloc = {
      let pointer = Faults.real?.clSVMAlloc?($0, $1, $2, $3)
      if pointer != nil { Faults.count("shared memory", 1) }
      return pointer
    }
    table.clSVMFree = {
      Faults.real?.clSVMFree?($0, $1)
      Faults.count("shared memory", -1)
    }
    table.clCreateProgramWithSource = {
      created("program", Faults.real?.clCreateProgramWithSource($0, $1, $2, $3, $4))
    }
    table.clCreateProgramWithBinary = {
      created("program", Faults.real?.clCreateProgramWithBinary($0, $1, $2, $3, $4, $5, $6))
    }
    table.clReleaseProgram = { released("program", Faults.real?.clReleaseProgram($0)) }
    table.clCreateKernel = { created("kernel", Faults.real?.clCreateKernel($0, $1, $2)) }
    table.clReleaseKernel = { released("kernel", Faults.real?.clReleaseKernel($0)) }
  }

  private static func countEvents(_ table: inout opencl_api) {
    table.clEnqueueNDRangeKernel = {
      enqueued(Faults.real?.clEnqueueNDRangeKernel($0, $1, $2, $3, $4, $5, $6, $7, $8))
    }
    table.clEnqueueReadBuffer = {
      enqueued(Faults.real?.clEnqueueReadBuffer($0, $1, $2, $3, $4, $5, $6, $7, $8))
    }
    table.clEnqueueWriteBuffer = {
      enqueued(Faults.real?.clEnqueueWriteBuffer($0, $1, $2, $3, $4, $5, $6, $7, $8))
    }
    table.clEnqueueUnmapMemObject = {
      enqueued(Faults.real?.clEnqueueUnmapMemObject($0, $1, $2, $3, $4, $5))
    }
    table.clEnqueueMapBuffer = {
      let pointer = Faults.real?.clEnqueueMapBuffer($0, $1, $2, $3, $4, $5, $6, $7, $8, $9)
      if pointer != nil { Faults.count("event", 1) }
      return pointer
    }
    table.clReleaseEvent = { released("event", Faults.real?.clReleaseEvent($0)) }
  }
}

/// Counts an object whose creation succeeded.
private func created(_ object: String, _ handle: OpaquePointer?) -> OpaquePointer? {
  if handle != nil { Faults.count(object, 1) }
  return handle
}

private func enqueued(_ status: cl_int?) -> cl_int {
  if status == CL_SUCCESS { Faults.count("event", 1) }
  return status ?? CL_INVALID_VALUE
}

private func released(_ object: String, _ status: cl_int?) -> cl_int {
  if status == CL_SUCCESS { Faults.count(object, -1) }
  return status ?? CL_INVALID_VALUE
}
