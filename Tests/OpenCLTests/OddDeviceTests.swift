import GPUMerge
import Glibc
import Kernels
import OpenCLLoader
import Synchronization
import Testing

/// What the device says of itself.
enum OddDevice {
  static let maximumAllocation = Mutex<cl_ulong>(0)
  static let workGroup = Mutex<(size: Int, multiple: Int)>((1, 1))
  static let largestBuffer = Mutex(0)
  static let emptyCalls = Mutex(0)
  static let options = Mutex<Set<String>>([])
  static let buildLogs = Mutex<[String]>([])

  /// A table that keeps what the compiler says, and has it compile what it has compiled before.
  static func tableWithBuildLogs() -> opencl_api? {
    guard var table = Faults.real else { return nil }
    buildLogs.withLock { $0 = [] }
    table.clBuildProgram = { program, count, devices, options, callback, data in
      let options = options.map { String(cString: $0) } ?? ""
      let renewed = "\(options) -DNONCE=\(UInt32.random(in: 0...UInt32.max))"
      let status = Faults.real?.clBuildProgram(program, count, devices, renewed, callback, data)
      var log = [CChar](repeating: 0, count: 10_000)
      _ = Faults.real?.clGetProgramBuildInfo(
        program, devices?.pointee, cl_program_build_info(CL_PROGRAM_BUILD_LOG), log.count - 1, &log,
        nil)
      let text = String(
        decoding: log.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      OddDevice.buildLogs.withLock { $0.append(text) }
      return status ?? CL_INVALID_VALUE
    }
    return table
  }

  /// A table in which the largest buffer is so small, and refused if it is larger.
  static func table(maximumAllocation byteCount: cl_ulong) -> opencl_api? {
    guard var table = Faults.real else { return nil }
    maximumAllocation.withLock { $0 = byteCount }
    largestBuffer.withLock { $0 = 0 }
    table.clGetDeviceInfo = { device, parameter, byteCount, value, size in
      let status = Faults.real?.clGetDeviceInfo(device, parameter, byteCount, value, size)
      if parameter == cl_device_info(CL_DEVICE_MAX_MEM_ALLOC_SIZE) {
        value?.storeBytes(of: OddDevice.maximumAllocation.withLock(\.self), as: cl_ulong.self)
      }
      return status ?? CL_INVALID_VALUE
    }
    table.clCreateBuffer = { context, flags, byteCount, host, status in
      OddDevice.largestBuffer.withLock { $0 = max($0, byteCount) }
      guard byteCount <= OddDevice.maximumAllocation.withLock({ Int($0) }) else {
        status?.pointee = -61
        return nil
      }
      return Faults.real?.clCreateBuffer(context, flags, byteCount, host, status)
    }
    table.clSVMAlloc = { context, flags, byteCount, alignment in
      OddDevice.largestBuffer.withLock { $0 = max($0, byteCount) }
      guard byteCount <= OddDevice.maximumAllocation.withLock({ Int($0) }) else { return nil }
      return Faults.real?.clSVMAlloc?(context, flags, byteCount, alignment)
    }
    return table
  }
}

extension FaultTests {
  @Test(
    "blocks are cut to what the device can allocate", arguments: [16 << 20, 256 << 10],
    TestDevice.sharings)
  func smallAllocations(maximum: Int, sharing: MemorySharing) async throws {
    let table = try #require(OddDevice.table(maximumAllocation: cl_ulong(maximum)))
    let device = try #require(OpenCLDevices(api: OpenCLAPI(table)).all.first)
    #expect(device.maximumAllocationByteCount == maximum)
    var merge = SmallMerge()
    // What the device would prefer is far more than fits.
    merge.blockByteCount = 8 << 20
    let (merged, warnings) = try await merge.run(
      table, device: device, memorySharing: sharing)
    #expect(try await merged.isIdentical(to: merge.expected()))
    #expect(warnings.isEmpty)
    #expect(maximum / 4...maximum ~= OddDevice.largestBuffer.withLock(\.self))
  }

  @Test("the slots of a device take no more than its memory, with some to spare")
  func smallMemory() throws {
    var device = try TestDevice.require()
    device.globalMemoryByteCount = 64 << 20
    let shared = try OpenCLBackend(device, memorySharing: .mapped)
    #expect(shared.maximumTotalByteCount == 56 << 20)
    let copied = try OpenCLBackend(device, memorySharing: .copied)
    #expect(copied.maximumTotalByteCount == 112 << 20)
    let plan = try MemoryPlan(
      steps: [], backend: shared, budget: 1 << 40, slotCount: 100, blockByteCount: 16 << 20)
    #expect(plan.totalByteCount <= 56 << 20)
  }

  @Test("nothing empty reaches the device", arguments: TestDevice.sharings)
  func noEmptyCalls(sharing: MemorySharing) async throws {
    var table = try #require(Faults.real)
    OddDevice.emptyCalls.withLock { $0 = 0 }
    table.clCreateBuffer = { context, flags, byteCount, host, status in
      if byteCount == 0 { OddDevice.emptyCalls.withLock { $0 += 1 } }
      return Faults.real?.clCreateBuffer(context, flags, byteCount, host, status)
    }
    table.clSVMAlloc = { context, flags, byteCount, alignment in
      if byteCount == 0 { OddDevice.emptyCalls.withLock { $0 += 1 } }
      return Faults.real?.clSVMAlloc?(context, flags, byteCount, alignment)
    }
    table.clEnqueueNDRangeKernel = { queue, kernel, dimensions, _, global, local, _, _, event in
      if global?.pointee == 0 { OddDevice.emptyCalls.withLock { $0 += 1 } }
      return Faults.real?.clEnqueueNDRangeKernel(
        queue, kernel, dimensions, nil, global, local, 0, nil, event) ?? CL_INVALID_VALUE
    }
    table.clEnqueueWriteBuffer = {
      queue, buffer, isBlocking, offset, byteCount, host, _, _, event in
      if byteCount == 0 { OddDevice.emptyCalls.withLock { $0 += 1 } }
      return Faults.real?.clEnqueueWriteBuffer(
        queue, buffer, isBlocking, offset, byteCount, host, 0, nil, event) ?? CL_INVALID_VALUE
    }
    // The merge has an empty tensor.
    let (merged, warnings) = try await SmallMerge().run(table, memorySharing: sharing)
    #expect(try await merged.isIdentical(to: SmallMerge().expected()))
    #expect(warnings.isEmpty)
    #expect(OddDevice.emptyCalls.withLock(\.self) == 0)
  }

  @Test(
    "work-groups are as small as the device wants them",
    arguments: [(1, 1), (7, 1), (48, 32), (1024, 1)])
  func workGroups(size: Int, multiple: Int) throws {
    var table = try #require(Faults.real)
    OddDevice.workGroup.withLock { $0 = (size, multiple) }
    table.clGetKernelWorkGroupInfo = { _, _, parameter, _, value, _ in
      let (size, multiple) = OddDevice.workGroup.withLock(\.self)
      let isSize = parameter == cl_kernel_work_group_info(CL_KERNEL_WORK_GROUP_SIZE)
      value?.storeBytes(of: isSize ? size : multiple, as: Int.self)
      return CL_SUCCESS
    }
    let target = gm_target(soft_fp64: false, fast_f32: true, runs: false)
    let backend = try OpenCLBackend(TestDevice.require(), api: OpenCLAPI(table), target: target)
    let merge = MergeCase(count: 1009, first: 3)
    #expect(try merge.run(on: backend.makeSlot(merge.layout)) == merge.run(on: .cpu))
  }

  @Test("no text of a user's gets into what is compiled")
  func options() async throws {
    var table = try #require(Faults.real)
    OddDevice.options.withLock { $0 = [] }
    table.clBuildProgram = { program, count, devices, options, callback, data in
      OddDevice.options.withLock { _ = $0.insert(options.map { String(cString: $0) } ?? "") }
      return Faults.real?.clBuildProgram(program, count, devices, options, callback, data)
        ?? CL_INVALID_VALUE
    }
    _ = try await SmallMerge().run(table)
    let options = OddDevice.options.withLock(\.self)
    #expect(!options.isEmpty)
    for text in options {
      #expect(text.wholeMatch(of: /-cl-std=CL1\.2( -D[A-Z_0-9]+=[0-9]+)+/) != nil, "\(text)")
    }
  }

  @Test(
    "compilers warn of nothing in a kernel", arguments: [gm_linear, gm_dare],
    [gm_bf16, gm_f64, gm_f8_e4m3fn])
  func buildLogs(family: gm_family, element: gm_element) throws {
    let table = try #require(OddDevice.tableWithBuildLogs())
    let targets = SlotTests.modes.map(\.target)
    for target in targets {
      let backend = try OpenCLBackend(TestDevice.require(), api: OpenCLAPI(table), target: target)
      let merge = MergeCase(family: family, input: element, output: element, count: 65)
      _ = try merge.run(on: backend.makeSlot(merge.layout))
    }
    let logs = OddDevice.buildLogs.withLock(\.self)
    #expect(logs.count == targets.count)
    // Some compilers tell how far they are.
    #expect(!logs.contains { $0.lowercased().contains("warning") }, "\(logs)")
  }

  @Test("a device without all of binary64 computes it from integers", arguments: [true, false])
  func noFloat64(hasExtension: Bool) async throws {
    var table = try #require(Faults.real)
    if hasExtension {
      table.clGetDeviceInfo = { device, parameter, byteCount, value, size in
        let status = Faults.real?.clGetDeviceInfo(device, parameter, byteCount, value, size)
        // All but subnormal numbers.
        if parameter == cl_device_info(CL_DEVICE_DOUBLE_FP_CONFIG) {
          value?.storeBytes(
            of: cl_device_fp_config(CL_FP_INF_NAN | CL_FP_ROUND_TO_NEAREST),
            as: cl_device_fp_config.self)
        }
        return status ?? CL_INVALID_VALUE
      }
    } else {
      table.clGetDeviceInfo = { device, parameter, byteCount, value, size in
        parameter == cl_device_info(CL_DEVICE_EXTENSIONS)
          ? -30
          : Faults.real?.clGetDeviceInfo(device, parameter, byteCount, value, size)
            ?? CL_INVALID_VALUE
      }
    }
    let device = try #require(OpenCLDevices(api: OpenCLAPI(table)).all.first)
    #expect(!device.hasFloat64)
    let (merged, warnings) = try await SmallMerge().run(table, device: device)
    #expect(try await merged.isIdentical(to: SmallMerge().expected()))
    #expect(warnings.isEmpty)
  }
}
