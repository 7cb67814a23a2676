import Glibc
package import GPUMerge
import Kernels

/// The backends that every merge is tried on.
package enum TestDevices {
  /// The CPU path with each instruction set of this machine, and each OpenCL device in the ways of
  /// ``targets(of:)``.
  package static let all: [MergeDevice] = cpus + opencl

  package static let cpus = CPUBackend.availableInstructionSets.map {
    MergeDevice(CPUBackend(instructionSet: $0))
  }

  package static let opencl: [MergeDevice] = OpenCLDevices.found.all.flatMap { device in
    targets(of: device).compactMap { target -> MergeDevice? in
      (try? OpenCLBackend(device, target: target)).map { MergeDevice($0, isRequired: true) }
    }
  }

  /// What suits a device, and what suits one without binary64 that is no CPU.
  private static func targets(of device: OpenCLDevice) -> [gm_target] {
    [device.kernelTarget, gm_target(soft_fp64: true, fast_f32: false, runs: false)]
  }

  /// Whether a machine without OpenCL devices fails the tests instead of skipping some.
  package static var isDeviceRequired: Bool {
    getenv("GPUMERGE_REQUIRE_DEVICE").map { String(cString: $0) == "1" } ?? false
  }
}
