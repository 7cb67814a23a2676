import Kernels
import OpenCLLoader
import Synchronization

/// What kernels were compiled to for one device, in a cache.
struct KernelBinaries: Sendable {
  let cache: DeviceCache
  /// All that decides what a source is compiled to, but for the source.
  private let circumstances: [String]

  init(in cache: DeviceCache, for device: OpenCLDevice, api: OpenCLAPI) {
    self.cache = cache
    let platform = cl_platform_id(bitPattern: device.platformHandle)
    let id = cl_device_id(bitPattern: device.deviceHandle)
    circumstances =
      [
        device.platformName,
        platform.flatMap { api.text(CL_PLATFORM_VERSION, ofPlatform: $0) } ?? "",
        device.vendor, device.name, device.openCLVersion, device.driverVersion,
        id.flatMap { api.text(CL_DEVICE_EXTENSIONS, of: $0) } ?? "",
        // A home may be shared by machines whose processors have the same name and are not the same.
        CPUBackend.availableInstructionSets.map { String(cString: gm_isa_name($0)) }.joined(),
      ] + DriverEnvironment.variables
  }

  /// The program of a source: what is kept of it, else compiled, and kept.
  func program(of source: KernelSource, _ context: Context) throws(DeviceError) -> Program {
    let texts = source.texts.map { String(cString: $0) }
    let name = DeviceCache.name(.kernel, of: circumstances + [source.options] + texts)
    if let program = kept(name, source, context) { return program }
    let program = try Program(context, source)
    if let binary = program.binary() { keep(binary, as: name, isNew: true) }
    return program
  }

  private func kept(_ name: String, _ source: KernelSource, _ context: Context) -> Program? {
    // Another device of this kind may have taken it from the folder just now.
    let taken = cache.kernels.withLock { $0[name] } ?? cache.take(name)
    guard let taken else { return nil }
    cache.kernels.withLock { $0[name] = taken }
    guard let program = try? Program(context, source, binary: taken) else { return nil }
    keep(taken, as: name, isNew: false)
    return program
  }

  private func keep(_ binary: [UInt8], as name: String, isNew: Bool) {
    cache.kernels.withLock { $0[name] = binary }
    cache.keep(binary, as: name, isNew: isNew)
  }
}
