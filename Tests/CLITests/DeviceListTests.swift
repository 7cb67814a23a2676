import Foundation
import GPUMerge
import TestSupport
import Testing

@Suite("--device with several devices")
struct DeviceListTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.writeModel("a.safetensors", ["x": [1, 2, 3]])
    try scratch.writeModel("b.safetensors", ["x": [3, 4, 8]])
  }

  private func merge(_ arguments: String...) throws -> Tool.Result {
    let merge = ["a.safetensors", "b.safetensors", "-o", "o.safetensors"]
    return try Tool.run(merge + arguments, in: scratch)
  }

  @Test(
    "the CPU and a device share a merge, and everything names both",
    .enabled(if: !OpenCLDevices.found.all.isEmpty || TestDevices.isDeviceRequired),
    arguments: ["cpu,0", "0,cpu"])
  func both(devices: String) throws {
    let device = try #require(OpenCLDevices.found.all.first)
    let names = [MergeDevice.cpu.name, device.name]
    let name = (devices == "cpu,0" ? names : names.reversed()).joined(separator: " + ")

    let merged = try merge("--device", devices, "--json", "--require-device")
    #expect(merged.status == 0, "\(merged.error)")
    #expect(merged.json["device"] as? String == name)
    #expect(merged.error.contains(" on \(name)\n"), "\(merged.error)")
    #expect(try scratch.floats("x", of: "o.safetensors") == [2, 3, 5.5])

    let plan = try merge("--device", devices, "--dry-run", "--force")
    #expect(plan.status == 0)
    for name in names { #expect(plan.output.contains("models at a time, for \(name)\n")) }
    let json = try merge("--device", devices, "--dry-run", "--force", "--json").json
    #expect(json["device"] as? String == name)
    let shares = try #require(json["devices"] as? [[String: Any]])
    #expect(shares.count == 2)
    for key in ["staging_bytes", "slots"] {
      #expect(json[key] as? Int == shares.reduce(0) { $0 + ($1[key] as? Int ?? 0) })
    }
    #expect(json["staging_bytes"] as? Int ?? .max <= 512 << 20)
  }

  @Test(
    "all devices share a merge",
    .enabled(if: !OpenCLDevices.found.all.isEmpty || TestDevices.isDeviceRequired))
  func all() throws {
    let merged = try merge("--device", "all", "--json")
    #expect(merged.status == 0, "\(merged.error)")
    let found = OpenCLDevices.found.all
    let fast = found.filter { $0.kind != .cpu }
    #expect(
      merged.json["device"] as? String
        == (fast.isEmpty ? found : fast).map(\.name).joined(separator: " + "))
    #expect(try scratch.floats("x", of: "o.safetensors") == [2, 3, 5.5])
  }

  @Test("without OpenCL a list is the CPU, once, with a warning")
  func noDevice() throws {
    for devices in ["cpu,0", "0,1", "all"] {
      let result = try Tool.run(
        ["a.safetensors", "-o", "o.safetensors", "--force", "--json", "--device", devices],
        in: scratch, environment: ["GPUMERGE_OPENCL_LIBRARY=/no/such/library.so"])
      #expect(result.status == 0)
      #expect(result.json["device"] as? String == MergeDevice.cpu.name)
      #expect(result.error.hasPrefix("warning: there is no OpenCL device: "), "\(result.error)")
    }
  }

  @Test(
    "a list that makes no sense is a wrong request",
    arguments: [
      ("0,,1", "the list of devices has an empty place"),
      ("0,0", "the list of devices has '0' twice"),
      ("cpu,auto", "'auto' and 'all' cannot be part of a list of devices"),
    ])
  func mistakes(devices: String, problem: String) throws {
    let result = try merge("--device", devices)
    #expect(result.status == 64)
    #expect(result.error.hasPrefix("error: "))
    #expect(result.error.contains(problem), "\(result.error)")
  }

  @Test(
    "an unknown device in a list is the same error as alone",
    .enabled(if: !OpenCLDevices.found.all.isEmpty || TestDevices.isDeviceRequired))
  func unknown() throws {
    let alone = try merge("--device", "77")
    let inList = try merge("--device", "cpu,77")
    #expect(alone.status == 69)
    #expect(inList.status == 69)
    #expect(inList.error == alone.error)
  }
}
