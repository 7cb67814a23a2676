/// Where a user wants to merge.
public enum DeviceSelection: Sendable, Hashable {
  /// The first GPU if there is one, else the CPU.
  case automatic
  /// The CPU, without OpenCL.
  case cpu
  /// The OpenCL device with this index.
  case index(Int)
  /// The first OpenCL device whose name contains this, in upper or lower case.
  case name(String)

  /// Understands `auto`, `cpu`, an index or a part of a name.
  public init(parsing text: String) {
    switch text.lowercased() {
    case "auto", "": self = .automatic
    case "cpu": self = .cpu
    default: self = Self.number(text).map(DeviceSelection.index) ?? .name(text)
    }
  }

  private static func number(_ text: String) -> Int? {
    text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(text) : nil
  }

  /// Finds the device that is meant.
  ///
  /// - Parameters:
  ///   - devices: The devices to choose from.
  ///   - requireDevice: Whether to throw where otherwise the CPU would take the device's place.
  /// - Returns: The device, or the CPU in its place.
  /// - Throws: `deviceUnavailable` if there are devices but not the one that is asked for.
  public func resolve(
    among devices: OpenCLDevices = .found, requireDevice: Bool = false
  ) throws(GPUMergeError) -> ResolvedDevice {
    if self == .cpu { return .cpu(warning: nil) }
    if devices.all.isEmpty {
      let problem = "there is no OpenCL device: \(devices.problem ?? "none was found")"
      if requireDevice { throw GPUMergeError(.deviceUnavailable, problem) }
      return .cpu(warning: "\(problem); the CPU merges instead")
    }
    if let device = match(among: devices.all) { return .opencl(device) }
    if self == .automatic, !requireDevice { return .cpu(warning: nil) }
    throw GPUMergeError(
      .deviceUnavailable, "there is no \(wanted); the OpenCL devices are \(devices)",
      advice: "Choose one of them by its number, or 'cpu'")
  }

  private func match(among devices: [OpenCLDevice]) -> OpenCLDevice? {
    switch self {
    case .automatic: devices.first { $0.kind == .gpu }
    case .cpu: nil
    case .index(let index): devices.indices.contains(index) ? devices[index] : nil
    case .name(let part):
      devices.first { $0.name.lowercased().contains(part.lowercased()) }
    }
  }

  private var wanted: String {
    switch self {
    case .automatic, .cpu: "GPU"
    case .index(let index): "device \(index)"
    case .name(let part): "device whose name contains '\(escaped(part))'"
    }
  }
}
