/// What merges: OpenCL devices, the processor, or several of them that share the blocks of each merge.
///
/// Safe to share between tasks; a server that merges often keeps one, so that kernels are compiled and
/// memory is pinned only once: what a merge had is kept for the next one, within the memory budget. The
/// result is the same, bit for bit, whatever the devices are and however many.
public struct MergeDevice: Sendable {
  /// What computes, at least one.
  package let backends: [any Backend]
  /// Why it is the CPU when a device was asked for, or why one of several is missing.
  public let warning: String?
  /// Whether the failure of a device ends a merge, rather than leaving its share to the CPU.
  public let isRequired: Bool

  /// The names, such as "NVIDIA H100 80GB HBM3" or "CPU (avx512)", with " + " between several.
  public var name: String { backends.map(\.name).joined(separator: " + ") }

  /// The CPU path, with the best instruction set of this machine.
  public static var cpu: MergeDevice { MergeDevice(CPUBackend()) }

  /// Finds and opens a device, or several.
  ///
  /// - Parameters:
  ///   - selection: Which device, or which devices.
  ///   - isRequired: Whether to throw rather than to merge on the CPU, or without one of several
  ///     devices, now or after a failure.
  ///   - timeLimit: How long the device may take for a block, on top of a second for each megabyte, before
  ///     it counts as hung. What it may still use then is never freed.
  ///   - probe: A program that looks for the device first; nil for none, which is faster, but then a
  ///     driver that crashes ends the process.
  ///   - cache: Where to keep compiled kernels, and what the probe found out, for the next process; nil
  ///     for nowhere.
  /// - Throws: ``GPUMergeError`` of kind `deviceUnavailable` when there is no such device, or, with
  ///   `isRequired`, when it would have to be the CPU instead; of kind `usage` when the selection
  ///   has a device twice.
  public init(
    selecting selection: DeviceSelection = .automatic, isRequired: Bool = false,
    timeLimit: Duration = MergeDevice.defaultTimeLimit, probe: DriverProbe? = nil,
    cache: DeviceCache? = nil
  ) throws(GPUMergeError) {
    let look = selection == .cpu ? nil : probe.map { DriverLook($0, opening: selection, cache) }
    var backends: [any Backend] = []
    var warnings: [String] = []
    var failures: [DeviceError] = []
    for device in try Self.resolve(selection, isRequired: isRequired, look) {
      switch device {
      case .cpu(let warning):
        backends.append(CPUBackend())
        warnings += [warning].compactMap(\.self)
      case .opencl(let device):
        do throws(DeviceError) {
          backends.append(try Self.open(device, timeLimit: timeLimit, cache))
        } catch {
          guard !isRequired else { throw GPUMergeError(.deviceUnavailable, "\(error)") }
          failures.append(error)
        }
      }
    }
    if failures.isEmpty, backends.contains(where: { $0 is WatchedBackend }) { look?.remember() }
    let consequence = backends.isEmpty ? "the CPU merges instead" : "the merge does without it"
    warnings += failures.map { "\($0); \(consequence)" }
    self.init(
      backends.isEmpty ? [CPUBackend()] : backends,
      warning: warnings.isEmpty ? nil : warnings.joined(separator: "; "), isRequired: isRequired)
  }

  /// How long a device may take if nothing else is said: far longer than it ever should.
  public static let defaultTimeLimit: Duration = .seconds(120)

  private static func open(
    _ device: OpenCLDevice, timeLimit: Duration, _ cache: DeviceCache?
  ) throws(DeviceError) -> any Backend {
    let backend = try WatchedBackend.attempt(
      "clCreateContext", device: device.name, within: timeLimit
    ) { () throws(DeviceError) in try OpenCLBackend(device, cache: cache) }
    return WatchedBackend(backend, timeLimit: timeLimit)
  }

  private static func resolve(
    _ selection: DeviceSelection, isRequired: Bool, _ look: DriverLook?
  ) throws(GPUMergeError) -> [ResolvedDevice] {
    // Not even looking for OpenCL saves the time its runtimes take to start.
    if selection == .cpu { return [.cpu(warning: nil)] }
    if let look {
      // What the look says is enough where it leads to the CPU.
      let resolved = try selection.resolve(among: look.devices, requireDevice: isRequired)
      if resolved.allSatisfy(\.isCPU) { return resolved }
    }
    return try selection.resolve(requireDevice: isRequired)
  }

  package init(_ backend: any Backend, warning: String? = nil, isRequired: Bool = false) {
    self.init([backend], warning: warning, isRequired: isRequired)
  }

  package init(_ backends: [any Backend], warning: String? = nil, isRequired: Bool = false) {
    self.backends = backends
    self.warning = warning
    self.isRequired = isRequired
  }
}

extension ResolvedDevice {
  fileprivate var isCPU: Bool {
    if case .cpu = self { true } else { false }
  }
}
