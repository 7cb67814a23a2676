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
      ("99999999999999999999", .name("99999999999999999999")), ("all", .all), ("ALL", .all),
      ("0,1", .list([.index(0), .index(1)])), ("cpu, h100 ", .list([.cpu, .name("h100")])),
      ("navi 21,0", .list([.name("navi 21"), .index(0)])),
    ] as [(String, DeviceSelection)])
  func parsing(text: String, selection: DeviceSelection) throws {
    #expect(try DeviceSelection(parsing: text) == selection)
  }

  @Test(
    "a list with an empty place, with a device twice or with what stands alone is refused",
    arguments: [
      ("0,", "an empty place"), (",0", "an empty place"), ("0, ,1", "an empty place"),
      (",", "an empty place"), ("0,0", "has '0' twice"), ("cpu,CPU", "has 'cpu' twice"),
      ("h100,1,h100", "has 'h100' twice"), ("auto,0", "'auto' and 'all' cannot"),
      ("0,all", "'auto' and 'all' cannot"),
    ])
  func badList(text: String, problem: String) {
    let error = #expect(throws: GPUMergeError.self) { try DeviceSelection(parsing: text) }
    #expect(error?.kind == .usage)
    #expect(error?.problem.contains(problem) == true, "\(text)")
  }

  @Test("lists that programs make are checked, too")
  func badListOfProgram() {
    let lists: [[DeviceSelection]] = [
      [], [.automatic], [.list([.index(0)])], [.index(1), .name("a100")],
    ]
    for list in lists {
      let error = #expect(throws: GPUMergeError.self) {
        try DeviceSelection.list(list).resolve(among: Self.three)
      }
      #expect(error?.kind == .usage, "\(list)")
    }
  }

  @Test("several devices are found in the order in which they are named")
  func severalFound() throws {
    #expect(
      try DeviceSelection(parsing: "pthread,cpu,0").resolve(among: Self.three)
        == [.opencl(Self.pocl), .cpu(warning: nil), .opencl(Self.gpu)])
    #expect(
      try DeviceSelection.all.resolve(among: Self.three)
        == [.opencl(Self.gpu), .opencl(Self.second)])
    #expect(
      try DeviceSelection.all.resolve(among: Self.cpuOnly) == [.opencl(Self.cpuOnly.all[0])])
  }

  @Test(
    "the device that is meant is found",
    arguments: [
      (.automatic, gpu), (.index(0), gpu), (.index(2), pocl), (.name("nvidia"), gpu),
      (.name("a100"), second), (.name("PTHREAD"), pocl),
    ] as [(DeviceSelection, OpenCLDevice)], [false, true])
  func found(_ row: (DeviceSelection, OpenCLDevice), requireDevice: Bool) throws {
    #expect(
      try row.0.resolve(among: Self.three, requireDevice: requireDevice) == [.opencl(row.1)])
  }

  @Test("'cpu' is the CPU path even when a device is required, whatever devices there are")
  func explicitCPU() throws {
    for devices in [Self.three, Self.none] {
      for selection in [.cpu, .list([.cpu])] as [DeviceSelection] {
        #expect(
          try selection.resolve(among: devices, requireDevice: true) == [.cpu(warning: nil)])
      }
    }
  }

  @Test("'auto' takes the CPU path silently where devices are only CPUs")
  func automaticWithoutGPU() throws {
    #expect(try DeviceSelection.automatic.resolve(among: Self.cpuOnly) == [.cpu(warning: nil)])
    let error = #expect(throws: GPUMergeError.self) {
      try DeviceSelection.automatic.resolve(among: Self.cpuOnly, requireDevice: true)
    }
    #expect(error?.kind == .deviceUnavailable)
  }

  @Test(
    "without any device the CPU path is taken with a warning that gives the reason",
    arguments: [
      .automatic, .index(0), .name("h100"), .all, .list([.index(0), .index(1)]),
      .list([.cpu, .index(0)]),
    ] as [DeviceSelection])
  func noDevices(selection: DeviceSelection) throws {
    let resolved = try selection.resolve(among: Self.none)
    guard resolved.count == 1, case .cpu(let warning?) = resolved[0] else {
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
    arguments: [
      .index(3), .index(-1), .name("radeon"), .list([.index(0), .index(3)]),
    ] as [DeviceSelection])
  func unknown(selection: DeviceSelection) {
    let error = #expect(throws: GPUMergeError.self) { try selection.resolve(among: Self.three) }
    #expect(error?.kind == .deviceUnavailable)
    #expect(error?.problem.contains("0: NVIDIA H100, 1: NVIDIA A100, 2: pthread-EPYC") == true)
  }
}
