/// Where a merge will be computed.
public enum ResolvedDevice: Sendable, Hashable {
  /// On the CPU; the warning says why, if that is not what was asked for.
  case cpu(warning: String?)
  /// On an OpenCL device.
  case opencl(OpenCLDevice)
}
