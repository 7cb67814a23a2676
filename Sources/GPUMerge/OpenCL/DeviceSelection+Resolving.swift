extension DeviceSelection {
  /// Finds the devices that are meant.
  ///
  /// - Parameters:
  ///   - devices: The devices to choose from.
  ///   - requireDevice: Whether to throw where otherwise the CPU would take a device's place.
  /// - Returns: The devices, at least one and none twice, or the CPU in their place.
  /// - Throws: `deviceUnavailable` if there are devices but not one that is asked for; `usage` for a
  ///   list with a device twice.
  public func resolve(
    among devices: OpenCLDevices = .found, requireDevice: Bool = false
  ) throws(GPUMergeError) -> [ResolvedDevice] {
    if case .list(let items) = self { try Self.check(items) }
    // Without a look at the devices.
    if self == .cpu || self == .list([.cpu]) { return [.cpu(warning: nil)] }
    if devices.all.isEmpty {
      let problem = "there is no OpenCL device: \(devices.problem ?? "none was found")"
      if requireDevice { throw GPUMergeError(.deviceUnavailable, problem) }
      return [.cpu(warning: "\(problem); the CPU merges instead")]
    }
    switch self {
    case .cpu, .index, .name: return [try find(among: devices)]
    case .automatic:
      if let gpu = devices.all.first(where: { $0.kind == .gpu }) { return [.opencl(gpu)] }
      if requireDevice { throw unavailable(among: devices) }
      return [.cpu(warning: nil)]
    case .all:
      let fast = devices.all.filter { $0.kind != .cpu }
      return (fast.isEmpty ? devices.all : fast).map(ResolvedDevice.opencl)
    case .list(let items):
      var found: [ResolvedDevice] = []
      for item in items {
        let device = try item.find(among: devices)
        // Different names may mean the same device.
        if found.contains(device), case .opencl(let device) = device {
          throw Self.repeated("device \(device.index), \(escaped(device.name)),")
        }
        found.append(device)
      }
      return found
    }
  }

  /// Finds the device that a number or name means.
  private func find(among devices: OpenCLDevices) throws(GPUMergeError) -> ResolvedDevice {
    let match: OpenCLDevice? =
      switch self {
      case .index(let index): devices.all.indices.contains(index) ? devices.all[index] : nil
      case .name(let part):
        devices.all.first { $0.name.lowercased().contains(part.lowercased()) }
      case .automatic, .cpu, .all, .list: nil
      }
    if self == .cpu { return .cpu(warning: nil) }
    guard let match else { throw unavailable(among: devices) }
    return .opencl(match)
  }

  /// What is asked for, for a person.
  private var wanted: String {
    switch self {
    case .automatic, .cpu, .all, .list: "GPU"
    case .index(let index): "device \(index)"
    case .name(let part): "device whose name contains '\(escaped(part))'"
    }
  }

  private func unavailable(among devices: OpenCLDevices) -> GPUMergeError {
    GPUMergeError(
      .deviceUnavailable, "there is no \(wanted); the OpenCL devices are \(devices)",
      advice: "Choose one of them by its number, or 'cpu'")
  }
}
