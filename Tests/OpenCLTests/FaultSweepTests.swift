import GPUMerge
import OpenCLLoader
import Synchronization
import Testing

/// Whole merges in which one call after the other fails.
extension FaultTests {
  @Test(
    "whichever call fails, the result is right or the error clear",
    arguments: InjectedFault.names)
  func everyCall(function: String) async throws {
    let expected = try await SmallMerge().expected()
    for call in 0..<200 {
      let fault = InjectedFault(
        function: function, calls: call..<call + 1, status: Self.status(of: function))
      let hasFailed = try await merge(
        fault, expected, Self.memorySharing(for: function), isRequired: call % 2 == 1)
      expectNothingLivesSoon()
      guard hasFailed else { return }
    }
    Issue.record("\(function) was called 200 times for a small merge")
  }

  @Test(
    "a device that is lost at any moment, or short of memory, does not change the result",
    arguments: [-36, -4] as [cl_int])
  func lostDevice(status: cl_int) async throws {
    let expected = try await SmallMerge().expected()
    for call in stride(from: 0, to: 1000, by: 5) {
      // What waits fails, too, and is called by whatever ends.
      let fault = InjectedFault(function: nil, calls: call..<Int.max, status: status)
      guard try await merge(fault, expected, .copied, isRequired: false) else {
        #expect(call > 50)
        return
      }
    }
  }

  /// Merges with a fault; false if the fault's turn did not come.
  private func merge(
    _ fault: InjectedFault, _ expected: StateDict, _ sharing: MemorySharing, isRequired: Bool
  ) async throws -> Bool {
    let table = try #require(InjectedFault.table(fault))
    var warnings: [String] = []
    do {
      let (merged, heard) = try await SmallMerge().run(
        table, memorySharing: sharing, isRequired: isRequired)
      #expect(merged.isIdentical(to: expected), "\(fault)")
      warnings = heard
    } catch let error as DeviceError {
      #expect(error.function == "clCreateContext")
      return true
    } catch let error as GPUMergeError {
      #expect(isRequired)
      #expect(error.kind == .deviceFailure)
      #expect(fault.function.map { error.problem.contains($0) } ?? true, "\(error)")
      return true
    }
    let failureCount = InjectedFault.course.withLock { $0.failureCount }
    // How large work-groups may be need not be known, nor how cleaning up goes.
    let isHarmless = ["clGetKernelWorkGroupInfo", "clFinish", "clEnqueueUnmapMemObject", nil]
      .contains(fault.function)
    #expect(warnings.isEmpty == (failureCount == 0) || isHarmless, "\(fault)")
    return failureCount > 0
  }

  /// The thread of a merge may let go of its backend only after the result is there.
  private func expectNothingLivesSoon() {
    Faults.awaitRelease(milliseconds: 5000)
    expectNothingLives()
  }

  /// How memory is shared where a function is called.
  private static func memorySharing(for function: String) -> MemorySharing {
    switch function {
    case "clEnqueueMapBuffer", "clSetMemObjectDestructorCallback": .mapped
    case "clSVMAlloc", "clSetKernelArgSVMPointer": .virtual
    default: .copied
    }
  }

  private static func status(of function: String) -> cl_int {
    switch function {
    case "clBuildProgram": -11
    case "clCreateKernel", "clEnqueueUnmapMemObject", "clGetEventInfo": -5
    case "clWaitForEvents": -14
    case "clFinish", "clFlush": -36
    default: -4
    }
  }
}
