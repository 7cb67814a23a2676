import GPUMerge
import OpenCLLoader
import Synchronization
import Testing

/// A device that also writes where it should not.
enum Stray {
  /// The memory that kernels were given, by the index of the argument.
  static let memory = Mutex<[cl_uint: Memory]>([:])
  /// Where kernels write as well: in an argument's buffer, at an offset.
  static let target = Mutex<(argument: cl_uint, offset: Int)>((0, 0))
  /// Buffers and addresses as bit patterns.
  enum Memory {
    case buffer(UInt)
    case shared(UInt)
  }

  static let garbage: [UInt8] = [0xBA, 0xD0, 0xBA, 0xD0]

  static func write(_ queue: cl_command_queue?) {
    let (argument, offset) = target.withLock(\.self)
    switch memory.withLock({ $0[argument] }) {
    case .buffer(let object):
      _ = Faults.real?.clEnqueueWriteBuffer(
        queue, cl_mem(bitPattern: object), cl_bool(CL_TRUE), offset, garbage.count, garbage, 0, nil,
        nil)
    case .shared(let start):
      // After the kernel, whose numbers would go over some of it.
      _ = Faults.real?.clFinish(queue)
      UnsafeMutableRawPointer(bitPattern: start + UInt(offset))?
        .copyMemory(from: garbage, byteCount: garbage.count)
    case nil: break
    }
  }

  static func table(argument: cl_uint, offset: Int) -> opencl_api? {
    guard var table = Faults.table() else { return nil }
    target.withLock { $0 = (argument, offset) }
    table.clSetKernelArg = { kernel, index, byteCount, value in
      if byteCount == MemoryLayout<cl_mem>.size, let value {
        let object = value.load(as: UInt.self)
        Stray.memory.withLock { $0[index] = .buffer(object) }
      }
      return Faults.real?.clSetKernelArg(kernel, index, byteCount, value) ?? CL_INVALID_VALUE
    }
    table.clSetKernelArgSVMPointer = { kernel, index, pointer in
      Stray.memory.withLock { $0[index] = .shared(UInt(bitPattern: pointer)) }
      return Faults.real?.clSetKernelArgSVMPointer?(kernel, index, pointer) ?? CL_INVALID_VALUE
    }
    table.clEnqueueNDRangeKernel = { queue, kernel, dimensions, _, global, local, _, _, event in
      let status = Faults.counting?.clEnqueueNDRangeKernel(
        queue, kernel, dimensions, nil, global, local, 0, nil, event)
      Stray.write(queue)
      return status ?? CL_INVALID_VALUE
    }
    return table
  }
}

extension FaultTests {
  private static let merge = MergeCase(inputsPerLaunch: [2, 1])

  /// A word before and a word after what kernels write, by argument: accumulator, output, flags.
  private static let strays: [(argument: cl_uint, offset: Int)] = [
    (1, 60), (1, 64 + merge.layout.accumulatorByteCount),
    (2, 4092), (2, 4096 + merge.layout.outputByteCount),
    (3, 60), (3, 64 + merge.layout.flagCount * 4),
  ]

  @Test(
    "a device that writes before or after its memory is found out", arguments: strays,
    TestDevice.sharings)
  func stray(_ stray: (argument: cl_uint, offset: Int), sharing: MemorySharing) throws {
    let table = try #require(Stray.table(argument: stray.argument, offset: stray.offset))
    let error = #expect(throws: DeviceError.self) { try run(table, sharing) }
    #expect(error?.description.contains("wrote where it must not") == true)
    expectNothingLives()
  }

  @Test("a write inside of the memory is no matter for canaries, but for --verify")
  func wrongNumber() async throws {
    let table = try #require(Stray.table(argument: 2, offset: 4096 + 8))
    #expect(try run(table) != Self.merge.run(on: .cpu))
    var whole = SmallMerge()
    #expect(try await !whole.run(table).0.isIdentical(to: whole.expected()))
    whole.verifiesSample = true
    let error = await #expect(throws: GPUMergeError.self) { try await whole.run(table) }
    #expect(error?.kind == .deviceFailure)
    #expect(try error?.problem.hasPrefix(TestDevice.require().name) == true)
    #expect(error?.problem.hasSuffix("first at element 4") == true, "\(error as Any)")
    #expect(error?.subject == "layer.1500.weight")
  }

  @Test("a sample that is verified agrees, on the CPU and on every device")
  func verified() async throws {
    var merge = SmallMerge()
    let expected = try await merge.expected()
    merge.verifiesSample = true
    #expect(try await merge.run(on: .cpu).0.isIdentical(to: expected))
    let table = try #require(Faults.real)
    #expect(try await merge.run(table).0.isIdentical(to: expected))
  }

  @Test("a copy that stops short is found out")
  func partialCopy() throws {
    var table = try #require(Faults.table())
    // As if only whole pages were copied, which takes nothing from the results but from the end.
    table.clEnqueueReadBuffer = {
      queue, buffer, isBlocking, offset, byteCount, host, _, _, event in
      Faults.counting?.clEnqueueReadBuffer(
        queue, buffer, isBlocking, offset, max(byteCount - 8, 1), host, 0, nil, event)
        ?? CL_INVALID_VALUE
    }
    let error = #expect(throws: DeviceError.self) { try run(table, .copied) }
    #expect(error?.description.contains("did not give back") == true)
    expectNothingLives()
  }

  @Test("a copy that does not take place is found out, also after one that did")
  func missingCopy() throws {
    var table = try #require(Faults.table())
    Faults.fail(0..<0)
    table.clEnqueueReadBuffer = {
      queue, buffer, isBlocking, offset, byteCount, host, _, _, event in
      // One byte, for the event.
      Faults.counting?.clEnqueueReadBuffer(
        queue, buffer, isBlocking, offset, Faults.isDue() ? 1 : byteCount, host, 0, nil, event)
        ?? CL_INVALID_VALUE
    }
    let slot = try OpenCLBackend(
      TestDevice.require(), api: OpenCLAPI(table), memorySharing: .copied
    ).makeSlot(Self.merge.layout)
    #expect(try Self.merge.run(on: slot) == Self.merge.run(on: .cpu))
    Faults.fail(0..<1)
    #expect(throws: DeviceError.self) { try Self.merge.run(on: slot) }
  }

  private func run(_ table: opencl_api, _ sharing: MemorySharing? = nil) throws -> Merged {
    let backend = try OpenCLBackend(
      TestDevice.require(), api: OpenCLAPI(table), memorySharing: sharing)
    return try Self.merge.run(on: backend.makeSlot(Self.merge.layout))
  }
}
