import Glibc
package import GPUMerge
import Kernels

/// The backends that every merge is tried on.
package enum TestDevices {
  /// The CPU path with each instruction set of this machine, and each OpenCL device, with binary64 in
  /// hardware and in integer arithmetic.
  package static let all: [MergeDevice] = cpus + opencl

  package static let cpus = CPUBackend.availableInstructionSets.map {
    MergeDevice(CPUBackend(instructionSet: $0))
  }

  package static let opencl: [MergeDevice] = OpenCLDevices.found.all.flatMap { device in
    [nil, true].compactMap { soft -> MergeDevice? in
      (try? OpenCLBackend(device, softFloat64: soft)).map { MergeDevice($0, isRequired: true) }
    }
  }

  /// Whether a machine without OpenCL devices fails the tests instead of skipping some.
  package static var isDeviceRequired: Bool {
    getenv("GPUMERGE_REQUIRE_DEVICE").map { String(cString: $0) == "1" } ?? false
  }
}
