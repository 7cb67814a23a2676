import GPUMerge
import Kernels
import OpenCLLoader
import Synchronization
import Testing

/// One at a time, as they count objects.
@Suite("Faults of a device become errors, and leak nothing", .needsDevice, .serialized)
struct FaultTests {
  /// A fault: what to replace, which error to expect, and where memory is.
  struct Fault: Sendable, CustomTestStringConvertible {
    var function: String
    var status: cl_int
    var sharing = MemorySharing.mapped
    var inject: @Sendable (inout opencl_api) -> Void
    var testDescription: String { "\(function) \(status)" }
  }

  static let faults = enqueueFaults + buildFaults + otherFaults

  static let enqueueFaults = [
    Fault(function: "clEnqueueNDRangeKernel", status: -5) { table in
      table.clEnqueueNDRangeKernel = { _, _, _, _, _, _, _, _, _ in -5 }
    },
    Fault(function: "clEnqueueReadBuffer", status: -5, sharing: .copied) { table in
      table.clEnqueueReadBuffer = { _, _, _, _, _, _, _, _, _ in -5 }
    },
    Fault(function: "clEnqueueWriteBuffer", status: -4, sharing: .copied) { table in
      table.clEnqueueWriteBuffer = { _, _, _, _, _, _, _, _, _ in -4 }
    },
    Fault(function: "clEnqueueMapBuffer", status: -12) { table in
      table.clEnqueueMapBuffer = { _, _, _, _, _, _, _, _, _, status in
        status?.pointee = -12
        return nil
      }
    },
    Fault(function: "clEnqueueUnmapMemObject", status: -5) { table in
      // Only once: it is tried again when the slot goes, or the driver would keep the memory.
      table.clEnqueueUnmapMemObject = { queue, buffer, pointer, _, _, event in
        Faults.isDue()
          ? -5
          : Faults.counting?.clEnqueueUnmapMemObject(queue, buffer, pointer, 0, nil, event)
            ?? CL_INVALID_VALUE
      }
    },
    Fault(function: "clFlush", status: -36) { table in table.clFlush = { _ in -36 } },
  ]

  static let buildFaults = [
    Fault(function: "clBuildProgram", status: -11) { table in
      table.clBuildProgram = { _, _, _, _, _, _ in -11 }
      table.clGetProgramBuildInfo = { _, _, _, capacity, buffer, size in
        let log = String(repeating: "x", count: 9000) + "\nerror: \u{1B}[31mno such thing\n"
        size?.pointee = log.utf8.count + 1
        guard let buffer, capacity > log.utf8.count else { return 0 }
        UnsafeMutableRawBufferPointer(start: buffer, count: capacity).copyBytes(from: log.utf8)
        return 0
      }
    },
    Fault(function: "clBuildProgram", status: -3) { table in
      table.clBuildProgram = { _, _, _, _, _, _ in -3 }
    },
    Fault(function: "clCreateProgramWithSource", status: -6) { table in
      table.clCreateProgramWithSource = { _, _, _, _, status in
        status?.pointee = -6
        return nil
      }
    },
    Fault(function: "clCreateKernel", status: -46) { table in
      table.clCreateKernel = { _, _, status in
        status?.pointee = -46
        return nil
      }
    },
    Fault(function: "clSetKernelArg", status: -51) { table in
      table.clSetKernelArg = { _, _, _, _ in -51 }
    },
  ]

  static let otherFaults = [
    Fault(function: "clCreateContext", status: -2) { table in
      table.clCreateContext = { _, _, _, _, _, status in
        status?.pointee = -2
        return nil
      }
    },
    Fault(function: "clCreateCommandQueue", status: -6) { table in
      table.clCreateCommandQueue = { _, _, _, status in
        status?.pointee = -6
        return nil
      }
    },
    Fault(function: "clCreateBuffer", status: -61) { table in
      table.clCreateBuffer = { _, _, _, _, status in
        status?.pointee = -61
        return nil
      }
    },
    Fault(function: "clSetMemObjectDestructorCallback", status: -6) { table in
      table.clSetMemObjectDestructorCallback = { _, _, _ in -6 }
    },
    Fault(function: "clSVMAlloc", status: -4, sharing: .virtual) { table in
      table.clSVMAlloc = { _, _, _, _ in nil }
    },
    Fault(function: "clSetKernelArgSVMPointer", status: -50, sharing: .virtual) { table in
      table.clSetKernelArgSVMPointer = { _, _, _ in -50 }
    },
    Fault(function: "clFinish", status: -5) { table in
      table.clFinish = { queue in
        _ = Faults.real?.clFinish(queue)
        return -5
      }
    },
    Fault(function: "clGetEventInfo", status: -58) { table in
      table.clGetEventInfo = { _, _, _, _, _ in -58 }
    },
    Fault(function: "clWaitForEvents", status: -14) { table in
      table.clWaitForEvents = { _, events in
        _ = Faults.real?.clWaitForEvents(1, events)
        return -14
      }
    },
  ]

  private func backend(
    _ table: opencl_api, _ sharing: MemorySharing = .mapped
  ) throws -> OpenCLBackend {
    try OpenCLBackend(
      TestDevice.require(), api: OpenCLAPI(table), memorySharing: sharing)
  }

  private func merge(_ table: opencl_api, _ sharing: MemorySharing) throws -> Merged {
    let backend = try backend(table, sharing)
    let merge = MergeCase(inputsPerLaunch: [2, 1])
    return try merge.run(on: backend.makeSlot(merge.layout))
  }

  func expectNothingLives(_ location: SourceLocation = #_sourceLocation) {
    let live = Faults.live.withLock { $0.filter { $0.value != 0 } }
    #expect(live.isEmpty, sourceLocation: location)
  }

  @Test("without a fault all objects are released", arguments: TestDevice.sharings)
  func noFault(sharing: MemorySharing) throws {
    let table = try #require(Faults.table())
    let expected = MergeCase(inputsPerLaunch: [2, 1]).run(on: .cpu)
    #expect(try merge(table, sharing) == expected)
    let sorts = sharing == .virtual ? 7 : 6
    #expect(Faults.live.withLock { $0.count } == sorts, "every sort of object was created")
    expectNothingLives()
  }

  @Test("a function that fails is named", arguments: faults)
  func always(fault: Fault) throws {
    var table = try #require(Faults.table())
    fault.inject(&table)
    Faults.fail(0..<1)
    let error = #expect(throws: DeviceError.self) {
      try merge(table, fault.sharing)
    }
    #expect(error?.function == fault.function)
    #expect(error?.status == fault.status)
    #expect(try error?.device == TestDevice.require().name)
    expectNothingLives()
  }

  @Test("the end of a build log is kept, without control characters")
  func buildLog() throws {
    var table = try #require(Faults.table())
    Self.buildFaults[0].inject(&table)
    let error = #expect(throws: DeviceError.self) { try merge(table, .mapped) }
    let detail = try #require(error?.detail)
    #expect(detail.hasSuffix("\nerror: [31mno such thing"))
    #expect(detail.hasPrefix("-cl-std=CL1.2 "))
    #expect(detail.count < 4000)
  }

  @Test(
    "an allocation that fails frees those before it", arguments: TestDevice.sharings, [-4, -61])
  func everyAllocation(sharing: MemorySharing, status: cl_int) throws {
    var failures = 0
    while failures < 20 {
      var table = try #require(Faults.table())
      Faults.fail(failures..<Int.max)
      table.clCreateBuffer =
        status == -4
        ? { failOrCreate($0, $1, $2, $3, $4, -4) } : { failOrCreate($0, $1, $2, $3, $4, -61) }
      do {
        _ = try merge(table, sharing)
        break
      } catch let error as DeviceError {
        #expect(error.function == "clCreateBuffer")
        #expect(error.status == status)
      }
      expectNothingLives()
      failures += 1
    }
    let expected = [.copied: 7, .mapped: 4, .virtual: 1] as [MemorySharing: Int]
    #expect(failures == expected[sharing], "input, output, flags, accumulator")
  }

  @Test("a slot that does not fit leaves the device usable")
  func allocationIsNoFault() throws {
    var table = try #require(Faults.table())
    Faults.fail(2..<3)
    table.clCreateBuffer = { failOrCreate($0, $1, $2, $3, $4, -4) }
    do {
      let backend = try backend(table)
      let merge = MergeCase()
      #expect(throws: DeviceError.self) { try backend.makeSlot(merge.layout) }
      #expect(try merge.run(on: backend.makeSlot(merge.layout)) == merge.run(on: .cpu))
    }
    expectNothingLives()
  }

  @Test("any command that fails while it runs is found before bytes are given out")
  func everyEvent() throws {
    for sharing in TestDevice.sharings {
      var failures = 0
      while failures < 40 {
        var table = try #require(Faults.table())
        Faults.fail(failures..<Int.max)
        table.clGetEventInfo = { event, parameter, byteCount, value, size in
          let status = Faults.real?.clGetEventInfo(event, parameter, byteCount, value, size)
          if Faults.isDue() { value?.storeBytes(of: -5, as: cl_int.self) }
          return status ?? CL_INVALID_VALUE
        }
        do {
          _ = try merge(table, sharing)
          break
        } catch let error as DeviceError {
          #expect(error.function.hasPrefix("clEnqueue"))
          #expect(error.status == -5)
        }
        expectNothingLives()
        failures += 1
      }
      #expect((sharing == .virtual ? 4 : 6)..<40 ~= failures)
    }
  }

  @Test("a command that is still called submitted when the queue has finished is waited for")
  func lateStatus() throws {
    for sharing in TestDevice.sharings {
      var table = try #require(Faults.table())
      Late.calls.withLock { $0 = Late() }
      table.clWaitForEvents = { count, events in
        Late.calls.withLock { $0.isWaitedFor = true }
        return Faults.real?.clWaitForEvents(count, events) ?? CL_INVALID_VALUE
      }
      table.clGetEventInfo = { event, parameter, byteCount, value, size in
        let status = Faults.real?.clGetEventInfo(event, parameter, byteCount, value, size)
        let isLate = Late.calls.withLock { calls in
          defer { calls.isWaitedFor = false }
          if !calls.isWaitedFor { calls.lateCount += 1 }
          return !calls.isWaitedFor
        }
        if isLate { value?.storeBytes(of: CL_SUBMITTED, as: cl_int.self) }
        return status ?? CL_INVALID_VALUE
      }
      let expected = MergeCase(inputsPerLaunch: [2, 1]).run(on: .cpu)
      #expect(try merge(table, sharing) == expected)
      #expect(Late.calls.withLock { $0.lateCount } > 3)
      expectNothingLives()
    }
  }

  /// What a driver has been asked that is late with statuses.
  private struct Late {
    var isWaitedFor = false
    var lateCount = 0

    static let calls = Mutex(Late())
  }

  @Test("after a fault the device is asked nothing more, by any slot")
  func deadForEveryone() throws {
    var table = try #require(Faults.table())
    table.clEnqueueNDRangeKernel = { queue, kernel, _, _, _, _, _, _, _ in
      Faults.isDue() ? -5 : CL_SUCCESS
    }
    Faults.fail(0..<Int.max)
    do {
      let backend = try backend(table)
      let merge = MergeCase()
      let slots = try [backend.makeSlot(merge.layout), backend.makeSlot(merge.layout)]
      let first = #expect(throws: DeviceError.self) { try merge.run(on: slots[0]) }
      let later = [
        #expect(throws: DeviceError.self) { try slots[1].beginInput() },
        #expect(throws: DeviceError.self) { try slots[1].run([], stagedByteCount: 0, uploads: []) },
        #expect(throws: DeviceError.self) { try slots[0].finish(outputByteCount: 0) },
        #expect(throws: DeviceError.self) { try backend.makeSlot(merge.layout) },
      ]
      for error in later { #expect(error?.description == first?.description) }
      #expect(Faults.calls.withLock { $0.count } == 1, "one launch was tried")
    }
    expectNothingLives()
  }

  @Test("a device that computes something else is found out")
  func miscompiled() throws {
    var table = try #require(Faults.table())
    table.clEnqueueNDRangeKernel = { queue, kernel, dimensions, _, global, local, _, _, event in
      var offset = 1
      return Faults.counting?.clEnqueueNDRangeKernel(
        queue, kernel, dimensions, &offset, global, local, 0, nil, event) ?? CL_INVALID_VALUE
    }
    let error = #expect(throws: DeviceError.self) { try backend(table).check() }
    #expect(error?.function == "linear")
    #expect(error?.detail?.contains("something else than the CPU") == true)
    expectNothingLives()
  }

  @Test("memory that a kernel may still write to is not freed when the wait for it fails")
  func failedWait() throws {
    guard TestDevice.sharings.contains(.virtual) else { return }
    var table = try #require(Faults.table())
    // That of a new slot succeeds.
    Faults.fail(1..<Int.max)
    table.clFinish = { queue in
      Faults.isDue() ? -5 : Faults.counting?.clFinish(queue) ?? CL_INVALID_VALUE
    }
    #expect(throws: DeviceError.self) { try merge(table, .virtual) }
    // Input, output and flags, in their context.
    let live = Faults.live.withLock { $0.filter { $0.value != 0 } }
    #expect(live == ["shared memory": 3, "context": 1])
  }

  @Test("a slot may go while its commands are under way", arguments: TestDevice.sharings)
  func abandoned(sharing: MemorySharing) throws {
    let table = try #require(Faults.table())
    do {
      let backend = try backend(table, sharing)
      let merge = MergeCase(count: 100_003)
      for _ in 0..<5 {
        let slot = try backend.makeSlot(merge.layout)
        try merge.start(on: slot)
      }
    }
    expectNothingLives()
  }
}

private func failOrCreate(
  _ context: cl_context?, _ flags: cl_mem_flags, _ byteCount: Int,
  _ host: UnsafeMutableRawPointer?, _ status: UnsafeMutablePointer<cl_int>?, _ failure: cl_int
) -> cl_mem? {
  if Faults.isDue() {
    status?.pointee = failure
    return nil
  }
  return Faults.counting?.clCreateBuffer(context, flags, byteCount, host, status)
}
