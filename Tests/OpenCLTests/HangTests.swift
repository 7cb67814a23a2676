import GPUMerge
import Glibc
import OpenCLLoader
import Synchronization
import Testing

/// Calls into the driver that do not come back.
enum Hang {
  private static let isOn = Atomic<Bool>(false)
  private static let waiting = Atomic<Int>(0)

  static func begin() { isOn.store(true, ordering: .sequentiallyConsistent) }

  /// Lets all calls go on, and waits until they do.
  static func end() {
    isOn.store(false, ordering: .sequentiallyConsistent)
    while waiting.load(ordering: .sequentiallyConsistent) > 0 { usleep(1000) }
  }

  /// Does not return until the hang is over.
  static func here() {
    waiting.add(1, ordering: .sequentiallyConsistent)
    while isOn.load(ordering: .sequentiallyConsistent) { usleep(1000) }
    waiting.subtract(1, ordering: .sequentiallyConsistent)
  }

  /// Functions of which one never returns, by its name.
  static let tables: [String: @Sendable (inout opencl_api) -> Void] = [
    "clFinish": { table in
      table.clFinish = { queue in
        Hang.here()
        return Faults.real?.clFinish(queue) ?? CL_INVALID_VALUE
      }
    },
    "clWaitForEvents": { table in
      table.clWaitForEvents = { count, events in
        Hang.here()
        return Faults.real?.clWaitForEvents(count, events) ?? CL_INVALID_VALUE
      }
    },
    "clGetEventInfo": { table in
      table.clGetEventInfo = { event, parameter, byteCount, value, size in
        Hang.here()
        return Faults.real?.clGetEventInfo(event, parameter, byteCount, value, size)
          ?? CL_INVALID_VALUE
      }
    },
    "clBuildProgram": { table in
      table.clBuildProgram = { program, count, devices, options, callback, data in
        Hang.here()
        return Faults.real?.clBuildProgram(program, count, devices, options, callback, data)
          ?? CL_INVALID_VALUE
      }
    },
    "clEnqueueNDRangeKernel": { table in
      table.clEnqueueNDRangeKernel = { queue, kernel, dimensions, _, global, local, _, _, event in
        Hang.here()
        return Faults.real?.clEnqueueNDRangeKernel(
          queue, kernel, dimensions, nil, global, local, 0, nil, event) ?? CL_INVALID_VALUE
      }
    },
    "clReleaseContext": { table in
      table.clReleaseContext = { context in
        Hang.here()
        return Faults.real?.clReleaseContext(context) ?? CL_INVALID_VALUE
      }
    },
    "clReleaseMemObject": { table in
      table.clReleaseMemObject = { buffer in
        Hang.here()
        return Faults.real?.clReleaseMemObject(buffer) ?? CL_INVALID_VALUE
      }
    },
  ]
}

extension FaultTests {
  @Test("a driver that hangs in any call is left behind", arguments: Hang.tables.keys.sorted())
  func hang(function: String) async throws {
    let expected = try await SmallMerge().expected()
    var table = try #require(Faults.real)
    Hang.tables[function]?(&table)
    Hang.begin()
    defer { Hang.end() }
    var merge = SmallMerge()
    merge.slotCount = 2
    let (merged, warnings) = try await merge.run(table, timeLimit: .milliseconds(300))
    #expect(merged.isIdentical(to: expected))
    #expect(AbandonableThread.wasAnyAbandoned)
    // When all that is left is to free memory, the merge is done already.
    guard !function.hasPrefix("clRelease") else { return }
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("it has not answered for") == true, "\(warnings)")
    #expect(warnings.first?.contains("merged on the CPU") == true, "\(warnings)")
  }

  @Test("workers that wait for others' memory on a device that hangs go on elsewhere, too")
  func hangOfMany() async throws {
    var merge = SmallMerge(blockByteCount: 64)
    merge.slotCount = 3 * processorCount()
    let expected = try await merge.expected()
    var table = try #require(Faults.real)
    Hang.tables["clEnqueueNDRangeKernel"]?(&table)
    Hang.begin()
    defer { Hang.end() }
    let (merged, warnings) = try await merge.run(table, timeLimit: .milliseconds(300))
    #expect(merged.isIdentical(to: expected))
    #expect(warnings.count == 1, "\(warnings)")
  }

  @Test("a device that hangs and is required ends the merge with its name")
  func hangOfRequired() async throws {
    var table = try #require(Faults.real)
    Hang.tables["clFinish"]?(&table)
    Hang.begin()
    defer { Hang.end() }
    let error = await #expect(throws: GPUMergeError.self) {
      try await SmallMerge().run(table, isRequired: true, timeLimit: .milliseconds(300))
    }
    #expect(error?.kind == .deviceFailure)
    #expect(try error?.problem.contains(TestDevice.require().name) == true)
  }

  @Test("a device that is slow, but not too slow, is waited for")
  func slow() async throws {
    var table = try #require(Faults.real)
    table.clFinish = { queue in
      usleep(100_000)
      return Faults.real?.clFinish(queue) ?? CL_INVALID_VALUE
    }
    let (merged, warnings) = try await SmallMerge().run(table, timeLimit: .seconds(60))
    #expect(try await merged.isIdentical(to: SmallMerge().expected()))
    #expect(warnings.isEmpty)
  }
}
