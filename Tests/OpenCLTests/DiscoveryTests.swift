import GPUMerge
import Glibc
import OpenCLLoader
import Testing

@Suite("Finding devices")
struct DiscoveryTests {
  @Test("every device is described whole and numbered in order", .needsDevice)
  func described() throws {
    _ = try TestDevice.require()
    for (index, device) in OpenCLDevices.found.all.enumerated() {
      #expect(device.index == index)
      #expect(!device.name.isEmpty && !device.vendor.isEmpty && !device.platformName.isEmpty)
      #expect(device.openCLVersion.hasPrefix("OpenCL ") && !device.driverVersion.isEmpty)
      #expect(device.computeUnits > 0)
      #expect(0 < device.maximumAllocationByteCount)
      #expect(device.maximumAllocationByteCount <= device.globalMemoryByteCount)
      #expect(device.kind != .cpu || device.isHostUnified)
      if device.platformName == "Portable Computing Language" {
        #expect(device.memorySharing == .virtual)
      }
    }
    let ranks = OpenCLDevices.found.all.map { OpenCLDevice.Kind.allCases.firstIndex(of: $0.kind) }
    #expect(ranks.compactMap(\.self) == ranks.compactMap(\.self).sorted())
    #expect(OpenCLDevices.found.problem == nil)
  }

  @Test(
    "versions before 1.2 are told apart",
    arguments: [
      ("OpenCL 1.2 pocl 3.1", true), ("OpenCL 3.0 CUDA", true), ("OpenCL 10.0", true),
      ("OpenCL 1.1 Mesa", false), ("OpenCL 1.0", false), ("OpenCL", false), ("", false),
      ("OpenCL x.y", false), ("FULL 3.0", false),
    ])
  func versions(text: String, isRecent: Bool) {
    #expect(OpenCLDevice.isRecent(text) == isRecent)
  }

  @Test("no driver at all is no error, but has a reason", .needsDevice)
  func noPlatform() throws {
    var functions = try OpenCLAPI.system.get().functions
    functions.clGetPlatformIDs = { _, _, _ in -1001 }
    let none = OpenCLDevices(api: OpenCLAPI(functions))
    #expect(none.all.isEmpty)
    #expect(none.problem == "no OpenCL driver was found (clGetPlatformIDs returned -1001)")
    functions.clGetPlatformIDs = { _, _, count in
      count?.pointee = 0
      return 0
    }
    #expect(OpenCLDevices(api: OpenCLAPI(functions)).all.isEmpty)
  }

  @Test("a missing OpenCL library, or one that is something else, is no error, but has a reason")
  func noLibrary() async {
    await #expect(processExitsWith: .success) {
      setenv("GPUMERGE_OPENCL_LIBRARY", "/no/such/library.so", 1)
      #expect(OpenCLDevices.found.all.isEmpty)
      #expect(OpenCLDevices.found.problem?.contains("/no/such/library.so") == true)
    }
    await #expect(processExitsWith: .success) {
      setenv("GPUMERGE_OPENCL_LIBRARY", "libc.so.6", 1)
      #expect(OpenCLDevices.found.all.isEmpty)
      #expect(OpenCLDevices.found.problem == "the OpenCL library has no clGetPlatformIDs")
    }
  }

  @Test("a platform without devices is passed over", .needsDevice)
  func noDevice() throws {
    var functions = try OpenCLAPI.system.get().functions
    functions.clGetDeviceIDs = { _, _, _, _, _ in CL_DEVICE_NOT_FOUND }
    let none = OpenCLDevices(api: OpenCLAPI(functions))
    #expect(none.all.isEmpty)
    #expect(none.problem == "no OpenCL driver offers a usable device")
  }

  @Test("memory is shared as closely as device and library allow", .needsDevice)
  func memorySharing() throws {
    var functions = try OpenCLAPI.system.get().functions
    func sharing() throws -> MemorySharing {
      try #require(OpenCLDevices(api: OpenCLAPI(functions)).all.first).memorySharing
    }
    guard try sharing() == .virtual else { return }
    functions.clSVMAlloc = nil
    #expect(try sharing() == .mapped)
    functions = try OpenCLAPI.system.get().functions
    functions.clGetDeviceInfo = { device, parameter, byteCount, value, size in
      // As a device before OpenCL 2.0 answers.
      guard parameter != cl_device_info(CL_DEVICE_SVM_CAPABILITIES) else { return CL_INVALID_VALUE }
      return (try? OpenCLAPI.system.get())?.functions
        .clGetDeviceInfo(device, parameter, byteCount, value, size) ?? CL_INVALID_VALUE
    }
    #expect(try sharing() == .mapped)
  }

  @Test("a device whose queries fail is left out", .needsDevice)
  func silentDevice() throws {
    var functions = try OpenCLAPI.system.get().functions
    functions.clGetDeviceInfo = { _, _, _, _, _ in -5 }
    #expect(OpenCLDevices(api: OpenCLAPI(functions)).all.isEmpty)
  }
}
