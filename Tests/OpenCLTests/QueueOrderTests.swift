import GPUMerge
import OpenCLLoader
import Synchronization
import Testing

/// The names of the functions that were called.
private enum Calls {
  static let names = Mutex<[String]>([])

  static func note(_ name: String) { names.withLock { $0.append(name) } }

  /// The functions that start something or wait, with a note of each call.
  static func table() -> opencl_api? {
    guard var table = Faults.real else { return nil }
    table.clEnqueueWriteBuffer = {
      if $2 != cl_bool(CL_FALSE) { Calls.note("blocking write") }
      Calls.note("write")
      return Faults.real?.clEnqueueWriteBuffer($0, $1, $2, $3, $4, $5, $6, $7, $8)
        ?? CL_INVALID_VALUE
    }
    table.clEnqueueReadBuffer = {
      if $2 != cl_bool(CL_FALSE) { Calls.note("blocking read") }
      Calls.note("read")
      return Faults.real?.clEnqueueReadBuffer($0, $1, $2, $3, $4, $5, $6, $7, $8)
        ?? CL_INVALID_VALUE
    }
    table.clEnqueueNDRangeKernel = {
      Calls.note("kernel")
      return Faults.real?.clEnqueueNDRangeKernel($0, $1, $2, $3, $4, $5, $6, $7, $8)
        ?? CL_INVALID_VALUE
    }
    table.clFlush = {
      Calls.note("flush")
      return Faults.real?.clFlush($0) ?? CL_INVALID_VALUE
    }
    table.clFinish = {
      Calls.note("finish")
      return Faults.real?.clFinish($0) ?? CL_INVALID_VALUE
    }
    table.clWaitForEvents = {
      Calls.note("wait")
      return Faults.real?.clWaitForEvents($0, $1) ?? CL_INVALID_VALUE
    }
    return table
  }
}

extension FaultTests {
  @Test("a block's copies and kernels are all in the queue before the host waits for any kernel")
  func queueOrder() throws {
    let table = try #require(Calls.table())
    let backend = try OpenCLBackend(
      TestDevice.require(), api: OpenCLAPI(table), memorySharing: .copied)
    let merge = MergeCase(inputsPerLaunch: [2])
    let slot = try backend.makeSlot(merge.layout)
    let expected = merge.run(on: .cpu)
    #expect(try merge.run(on: slot) == expected)
    Calls.names.withLock { $0 = [] }
    #expect(try merge.run(on: slot) == expected)
    // Flags and inputs go up; the kernel; the block and the flags come down. The wait in between is for the
    // flags' upload, the first command of the block, whose memory is to be written to again.
    #expect(
      Calls.names.withLock(\.self) == [
        "write", "write", "kernel", "flush", "read", "wait", "read", "finish",
      ])
  }
}
