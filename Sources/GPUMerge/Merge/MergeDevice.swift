/// What merges: one OpenCL device, or the processor.
///
/// Safe to share between tasks; a server that merges often keeps one, so that kernels are compiled
/// only once.
public struct MergeDevice: Sendable {
  package let backend: any Backend
  /// Why it is the CPU when a device was asked for.
  public let warning: String?
  /// Whether a failure of the device ends a merge, rather than leaving the rest to the CPU.
  public let isRequired: Bool

  /// The name, such as "NVIDIA H100 80GB HBM3" or "CPU (avx512)".
  public var name: String { backend.name }

  /// The CPU path, with the best instruction set of this machine.
  public static var cpu: MergeDevice { MergeDevice(CPUBackend()) }

  /// Finds and opens a device.
  ///
  /// - Parameters:
  ///   - selection: Which device.
  ///   - isRequired: Whether to throw rather than to merge on the CPU, now or after a failure.
  ///   - timeLimit: How long the device may take for a step of a block, on top of a second for each
  ///     megabyte, before it counts as hung. What it may still use then is never freed.
  ///   - probe: A program that looks for the device first; nil for none, which is faster, but then a
  ///     driver that crashes ends the process.
  /// - Throws: ``GPUMergeError`` of kind `deviceUnavailable` when there is no such device, or, with
  ///   `isRequired`, when it would have to be the CPU instead.
  public init(
    selecting selection: DeviceSelection = .automatic, isRequired: Bool = false,
    timeLimit: Duration = MergeDevice.defaultTimeLimit, probe: DriverProbe? = nil
  ) throws(GPUMergeError) {
    switch try Self.resolve(selection, isRequired: isRequired, probe: probe) {
    case .cpu(let warning):
      self.init(CPUBackend(), warning: warning, isRequired: isRequired)
    case .opencl(let device):
      do throws(DeviceError) {
        let backend = try WatchedBackend.attempt(
          "clCreateContext", device: device.name, within: timeLimit
        ) { () throws(DeviceError) in try OpenCLBackend(device) }
        self.init(WatchedBackend(backend, timeLimit: timeLimit), isRequired: isRequired)
      } catch {
        guard !isRequired else { throw GPUMergeError(.deviceUnavailable, "\(error)") }
        self.init(CPUBackend(), warning: "\(error); the CPU merges instead")
      }
    }
  }

  /// How long a device may take if nothing else is said: far longer than it ever should.
  public static let defaultTimeLimit: Duration = .seconds(120)

  private static func resolve(
    _ selection: DeviceSelection, isRequired: Bool, probe: DriverProbe?
  ) throws(GPUMergeError) -> ResolvedDevice {
    // Not even looking for OpenCL saves the time its runtimes take to start.
    if selection == .cpu { return .cpu(warning: nil) }
    if let probe {
      // What the probe says is enough where it leads to the CPU.
      let devices = probe.devices(opening: selection)
      let resolved = try selection.resolve(among: devices, requireDevice: isRequired)
      if case .cpu = resolved { return resolved }
    }
    return try selection.resolve(requireDevice: isRequired)
  }

  package init(_ backend: any Backend, warning: String? = nil, isRequired: Bool = false) {
    self.backend = backend
    self.warning = warning
    self.isRequired = isRequired
  }
}
