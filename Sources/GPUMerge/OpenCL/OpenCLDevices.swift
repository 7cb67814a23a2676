import OpenCLLoader

/// The OpenCL devices of this machine.
public struct OpenCLDevices: Sendable {
  /// The devices that can merge: GPUs, then accelerators, then CPUs.
  public let all: [OpenCLDevice]
  /// Why there are none; nil when there are some.
  public let problem: String?

  /// The devices, looked for when first asked for, and only once.
  ///
  /// Once, because some drivers (PoCL 3.1) fail when several threads are the first to use them. A
  /// driver that hangs is as good as none; one that crashes ends the process, which ``DriverProbe``
  /// is for.
  public static let found: OpenCLDevices = {
    let limit = Duration.seconds(60)
    let found = AbandonableThread().run(within: limit) {
      switch OpenCLAPI.system {
      case .success(let api): OpenCLDevices(api: api)
      case .failure(let missing): OpenCLDevices(all: [], problem: missing.reason)
      }
    }
    return found
      ?? OpenCLDevices(
        all: [],
        problem: "the OpenCL driver has not answered for \(limit.components.seconds) s")
  }()

  package init(all: [OpenCLDevice], problem: String? = nil) {
    self.all = all
    self.problem = problem
  }

  /// Looks for devices.
  package init(api: OpenCLAPI) {
    let (platforms, status) = Self.platforms(api)
    let usable = platforms.flatMap { Self.devices(of: $0, api) }
    var ordered = OpenCLDevice.Kind.allCases.flatMap { kind in usable.filter { $0.kind == kind } }
    for index in ordered.indices { ordered[index].index = index }
    all = ordered
    problem =
      if !ordered.isEmpty {
        nil
      } else if platforms.isEmpty {
        "no OpenCL driver was found (clGetPlatformIDs returned \(status))"
      } else {
        "no OpenCL driver offers a usable device"
      }
  }

  /// All platforms; none at all is not an error.
  ///
  /// The C function is `clGetPlatformIDs`.
  private static func platforms(_ api: OpenCLAPI) -> ([cl_platform_id], cl_int) {
    var count: cl_uint = 0
    var status = api.functions.clGetPlatformIDs(0, nil, &count)
    guard status == CL_SUCCESS, count > 0 else { return ([], status) }
    var platforms = [cl_platform_id?](repeating: nil, count: Int(count))
    status = api.functions.clGetPlatformIDs(count, &platforms, nil)
    return (status == CL_SUCCESS ? platforms.compactMap(\.self) : [], status)
  }

  /// The usable devices of one platform; a platform that fails has none.
  ///
  /// The C function is `clGetDeviceIDs`.
  private static func devices(of platform: cl_platform_id, _ api: OpenCLAPI) -> [OpenCLDevice] {
    let all = cl_device_type(CL_DEVICE_TYPE_ALL)
    var count: cl_uint = 0
    guard api.functions.clGetDeviceIDs(platform, all, 0, nil, &count) == CL_SUCCESS, count > 0
    else { return [] }
    var devices = [cl_device_id?](repeating: nil, count: Int(count))
    guard api.functions.clGetDeviceIDs(platform, all, count, &devices, nil) == CL_SUCCESS
    else { return [] }
    return devices.compactMap { device in
      device.flatMap { OpenCLDevice($0, platform: platform, api: api) }
    }
  }
}

extension OpenCLDevices: CustomStringConvertible {
  /// The devices by index, separated by commas.
  public var description: String {
    all.map { "\($0.index): \(escaped($0.name))" }.joined(separator: ", ")
  }
}
