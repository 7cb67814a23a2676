import GPUMerge
import Testing

@Suite("Choosing a device")
struct DeviceSelectionTests {
  static let gpu = OpenCLDevice(index: 0, name: "NVIDIA H100", kind: .gpu)
  static let second = OpenCLDevice(index: 1, name: "NVIDIA A100", kind: .gpu)
  static let pocl = OpenCLDevice(index: 2, name: "pthread-EPYC", kind: .cpu)
  static let three = OpenCLDevices(all: [gpu, second, pocl])
  static let cpuOnly = OpenCLDevices(
    all: [OpenCLDevice(index: 0, name: "pthread-EPYC", kind: .cpu)])
  static let none = OpenCLDevices(all: [], problem: "no driver")

  @Test(
    "text is understood",
    arguments: [
      ("auto", .automatic), ("AUTO", .automatic), ("cpu", .cpu), ("CPU", .cpu), ("0", .index(0)),
      ("12", .index(12)), ("h100", .name("h100")), ("-1", .name("-1")),
      ("99999999999999999999", .name("99999999999999999999")),
    ] as [(String, DeviceSelection)])
  func parsing(text: String, selection: DeviceSelection) {
    #expect(DeviceSelection(parsing: text) == selection)
  }

  @Test(
    "the device that is meant is found",
    arguments: [
      (.automatic, gpu), (.index(0), gpu), (.index(2), pocl), (.name("nvidia"), gpu),
      (.name("a100"), second), (.name("PTHREAD"), pocl),
    ] as [(DeviceSelection, OpenCLDevice)], [false, true])
  func found(_ row: (DeviceSelection, OpenCLDevice), requireDevice: Bool) throws {
    #expect(
      try row.0.resolve(among: Self.three, requireDevice: requireDevice) == .opencl(row.1))
  }

  @Test("'cpu' is the CPU path even when a device is required, whatever devices there are")
  func explicitCPU() throws {
    for devices in [Self.three, Self.none] {
      #expect(
        try DeviceSelection.cpu.resolve(among: devices, requireDevice: true) == .cpu(warning: nil))
    }
  }

  @Test("'auto' takes the CPU path silently where devices are only CPUs")
  func automaticWithoutGPU() throws {
    #expect(try DeviceSelection.automatic.resolve(among: Self.cpuOnly) == .cpu(warning: nil))
    let error = #expect(throws: GPUMergeError.self) {
      try DeviceSelection.automatic.resolve(among: Self.cpuOnly, requireDevice: true)
    }
    #expect(error?.kind == .deviceUnavailable)
  }

  @Test(
    "without any device the CPU path is taken with a warning that gives the reason",
    arguments: [.automatic, .index(0), .name("h100")] as [DeviceSelection])
  func noDevices(selection: DeviceSelection) throws {
    guard case .cpu(let warning?) = try selection.resolve(among: Self.none) else {
      Issue.record("no warning")
      return
    }
    #expect(warning.contains("no driver"))
    let error = #expect(throws: GPUMergeError.self) {
      try selection.resolve(among: Self.none, requireDevice: true)
    }
    #expect(error?.kind == .deviceUnavailable)
    #expect(error?.problem.contains("no driver") == true)
  }

  @Test(
    "a device that does not exist among others is refused with the list of them",
    arguments: [.index(3), .index(-1), .name("radeon")] as [DeviceSelection])
  func unknown(selection: DeviceSelection) {
    let error = #expect(throws: GPUMergeError.self) { try selection.resolve(among: Self.three) }
    #expect(error?.kind == .deviceUnavailable)
    #expect(error?.problem.contains("0: NVIDIA H100, 1: NVIDIA A100, 2: pthread-EPYC") == true)
  }
}
