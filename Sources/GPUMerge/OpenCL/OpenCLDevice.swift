package import Kernels
import OpenCLLoader

/// An OpenCL device that can merge.
public struct OpenCLDevice: Sendable, Hashable {
  /// The position in `OpenCLDevices.all`, which is what a user selects it by.
  public package(set) var index: Int
  /// What the driver calls the device, such as "NVIDIA H100 80GB HBM3".
  public package(set) var name: String
  /// Who made the device or its driver.
  public package(set) var vendor: String
  /// The OpenCL implementation that offers the device.
  public package(set) var platformName: String
  /// What sort of device it is.
  public package(set) var kind: Kind
  /// The OpenCL version that the device supports, such as "OpenCL 3.0 CUDA".
  public package(set) var openCLVersion: String
  /// The version of the driver.
  public package(set) var driverVersion: String
  /// The device's memory, in bytes.
  public package(set) var globalMemoryByteCount: Int
  /// The largest single buffer, in bytes.
  public package(set) var maximumAllocationByteCount: Int
  /// Whether the device computes in binary64 with subnormals, infinities and NaN, rounding to
  /// nearest even; where not, the same results come from integer arithmetic, more slowly.
  public package(set) var hasFloat64: Bool
  /// Whether the device keeps subnormal numbers of binary32.
  package var keepsFloat32Subnormals: Bool
  /// How the device can share memory with the host.
  package var memorySharing: MemorySharing
  /// How many compute units the device has.
  public package(set) var computeUnits: Int
  /// The OpenCL objects behind it, as bit patterns, which unlike pointers may go anywhere.
  package var platformHandle: UInt
  package var deviceHandle: UInt

  /// Whether the device works in the host's memory.
  public var isHostUnified: Bool { memorySharing != .copied }

  /// The sorts of device, in the order in which they are listed.
  public enum Kind: String, Sendable, CaseIterable {
    /// A graphics processor.
    case gpu
    /// A device for computing only.
    case accelerator
    /// The host's own processor, by way of OpenCL.
    case cpu
  }

  package init(index: Int, name: String, kind: Kind) {
    self.index = index
    self.name = name
    self.kind = kind
    vendor = ""
    platformName = ""
    openCLVersion = ""
    driverVersion = ""
    globalMemoryByteCount = 0
    maximumAllocationByteCount = 0
    hasFloat64 = false
    keepsFloat32Subnormals = false
    memorySharing = .copied
    computeUnits = 1
    platformHandle = 0
    deviceHandle = 0
  }
}

extension OpenCLDevice {
  /// Describes a device; nil if it cannot merge: not available, no compiler, big-endian, or older
  /// than OpenCL 1.2.
  init?(_ device: cl_device_id, platform: cl_platform_id, api: OpenCLAPI) {
    func isTrue(_ parameter: Int32) -> Bool {
      api.number(parameter, of: device, as: cl_bool.self) == cl_bool(CL_TRUE)
    }
    guard
      isTrue(CL_DEVICE_AVAILABLE), isTrue(CL_DEVICE_COMPILER_AVAILABLE),
      isTrue(CL_DEVICE_ENDIAN_LITTLE),
      let type = api.number(CL_DEVICE_TYPE, of: device, as: cl_device_type.self),
      let kind = Kind(type),
      let name = api.text(CL_DEVICE_NAME, of: device),
      let version = api.text(CL_DEVICE_VERSION, of: device),
      Self.isRecent(version),
      let memory = api.number(CL_DEVICE_GLOBAL_MEM_SIZE, of: device, as: cl_ulong.self),
      let allocation = api.number(CL_DEVICE_MAX_MEM_ALLOC_SIZE, of: device, as: cl_ulong.self)
    else { return nil }
    self.init(index: 0, name: name, kind: kind)
    vendor = api.text(CL_DEVICE_VENDOR, of: device) ?? ""
    platformName = api.text(CL_PLATFORM_NAME, ofPlatform: platform) ?? ""
    openCLVersion = version
    driverVersion = api.text(CL_DRIVER_VERSION, of: device) ?? ""
    globalMemoryByteCount = Int(clamping: memory)
    maximumAllocationByteCount = Int(clamping: allocation)
    hasFloat64 = Self.computesFloat64(device, api)
    keepsFloat32Subnormals = Self.isFull(CL_DEVICE_SINGLE_FP_CONFIG, of: device, api)
    if kind == .cpu || isTrue(CL_DEVICE_HOST_UNIFIED_MEMORY) {
      memorySharing = Self.hasSharedVirtualMemory(device, api) ? .virtual : .mapped
    }
    computeUnits = Int(
      api.number(CL_DEVICE_MAX_COMPUTE_UNITS, of: device, as: cl_uint.self) ?? 1)
    platformHandle = UInt(bitPattern: platform)
    deviceHandle = UInt(bitPattern: device)
  }

  private static func computesFloat64(_ device: cl_device_id, _ api: OpenCLAPI) -> Bool {
    let extensions = api.text(CL_DEVICE_EXTENSIONS, of: device)?.split(separator: " ") ?? []
    return extensions.contains("cl_khr_fp64")
      && isFull(CL_DEVICE_DOUBLE_FP_CONFIG, of: device, api)
  }

  /// Whether host and device may use the same addresses at the same time.
  private static func hasSharedVirtualMemory(_ device: cl_device_id, _ api: OpenCLAPI) -> Bool {
    api.functions.clSVMAlloc != nil && api.functions.clSVMFree != nil
      && api.functions.clSetKernelArgSVMPointer != nil
      && has(
        cl_device_svm_capabilities(CL_DEVICE_SVM_FINE_GRAIN_BUFFER), in: CL_DEVICE_SVM_CAPABILITIES,
        of: device, api)
  }

  /// Whether numbers are with subnormals, infinities and NaN, and rounded to nearest even.
  private static func isFull(
    _ configuration: Int32, of device: cl_device_id, _ api: OpenCLAPI
  ) -> Bool {
    has(
      cl_device_fp_config(CL_FP_DENORM | CL_FP_INF_NAN | CL_FP_ROUND_TO_NEAREST),
      in: configuration, of: device, api)
  }

  /// Whether a bit set that describes a device has all of some bits.
  private static func has<T: FixedWidthInteger>(
    _ needed: T, in parameter: Int32, of device: cl_device_id, _ api: OpenCLAPI
  ) -> Bool {
    api.number(parameter, of: device, as: T.self).map { $0 & needed == needed } ?? false
  }

  /// What kernels are compiled for.
  package var kernelTarget: gm_target {
    gm_target(
      soft_fp64: !hasFloat64, fast_f32: hasFloat64 && keepsFloat32Subnormals, runs: kind == .cpu)
  }

  /// Whether a version text, "OpenCL major.minor vendor's own", is at least 1.2.
  package static func isRecent(_ version: String) -> Bool {
    let words = version.split(separator: " ")
    guard words.count >= 2, words[0] == "OpenCL" else { return false }
    let parts = words[1].split(separator: ".").map { Int($0) }
    guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return false }
    return (major, minor) >= (1, 2)
  }
}

extension OpenCLDevice.Kind {
  fileprivate init?(_ type: cl_device_type) {
    if type & cl_device_type(CL_DEVICE_TYPE_GPU) != 0 {
      self = .gpu
    } else if type & cl_device_type(CL_DEVICE_TYPE_ACCELERATOR) != 0 {
      self = .accelerator
    } else if type & cl_device_type(CL_DEVICE_TYPE_CPU) != 0 {
      self = .cpu
    } else {
      return nil
    }
  }
}
