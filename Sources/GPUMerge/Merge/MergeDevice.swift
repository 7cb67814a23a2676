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
  /// - Throws: ``GPUMergeError`` of kind `deviceUnavailable` when there is no such device, or, with
  ///   `isRequired`, when it would have to be the CPU instead.
  public init(
    selecting selection: DeviceSelection = .automatic, isRequired: Bool = false
  ) throws(GPUMergeError) {
    // Not even looking for OpenCL saves the time its runtimes take to start.
    let resolved: ResolvedDevice =
      selection == .cpu ? .cpu(warning: nil) : try selection.resolve(requireDevice: isRequired)
    switch resolved {
    case .cpu(let warning):
      self.init(CPUBackend(), warning: warning, isRequired: isRequired)
    case .opencl(let device):
      do throws(DeviceError) {
        self.init(try OpenCLBackend(device), isRequired: isRequired)
      } catch {
        guard !isRequired else { throw GPUMergeError(.deviceUnavailable, "\(error)") }
        self.init(CPUBackend(), warning: "\(error); the CPU merges instead")
      }
    }
  }

  package init(_ backend: any Backend, warning: String? = nil, isRequired: Bool = false) {
    self.backend = backend
    self.warning = warning
    self.isRequired = isRequired
  }
}
