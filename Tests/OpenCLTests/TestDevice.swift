import GPUMerge
import Glibc
import Testing

/// The OpenCL device that tests use: the first one.
enum TestDevice {
  /// Whether to run tests that need a device.
  ///
  /// Where GPUMERGE_REQUIRE_DEVICE is 1 they always run, and fail if there is none.
  static let isExpected: Bool = !OpenCLDevices.found.all.isEmpty || isRequired

  private static let isRequired: Bool =
    getenv("GPUMERGE_REQUIRE_DEVICE").map { String(cString: $0) == "1" } ?? false

  /// The ways of sharing memory that it can be asked for.
  static let sharings = MemorySharing.allCases.filter {
    $0 != .virtual || OpenCLDevices.found.all.first?.memorySharing == .virtual
  }

  static func require() throws -> OpenCLDevice {
    try #require(OpenCLDevices.found.all.first, "no device: \(OpenCLDevices.found.problem ?? "")")
  }
}

extension Trait where Self == ConditionTrait {
  /// Runs only where there is an OpenCL device.
  static var needsDevice: Self { .enabled(if: TestDevice.isExpected, "no OpenCL device") }
}
