import Foundation
import Glibc
import GPUMerge
import TestSupport
import Testing

@Suite("gpumerge bench")
struct BenchTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func bench(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(["bench", "--size", "1MiB"] + arguments, in: scratch)
  }

  private static let kernels = [
    "simple_average", "weighted_average", "drop_and_rescale", "accumulate_first",
    "accumulate_last",
  ]
  private static let mergeKeys = [
    "seconds", "bytes_read", "bytes_written", "bytes_read_per_second",
  ]

  @Test("the CPU path is measured, and no file is left")
  func cpu() throws {
    let result = try bench("--device", "cpu", "--json")
    #expect(result.status == 0, "\(result.error)")
    #expect(result.error.isEmpty)
    let json = result.json
    try check(json)
    for key in ["transfers", "device_copy", "cpu_merge"] { #expect(json[key] is NSNull, "\(key)") }
    #expect((json["conclusion"] as? String)?.hasSuffix("compares a device with it.") == true)
    #expect(try scratch.names.isEmpty)
  }

  @Test(
    "a device is measured and compared with the CPU path, and no file is left",
    .enabled(if: !OpenCLDevices.found.all.isEmpty || TestDevices.isDeviceRequired))
  func device() throws {
    let result = try bench("--device", "0", "--json")
    #expect(result.status == 0, "\(result.error)")
    let json = result.json
    try check(json)
    let device = try #require(OpenCLDevices.found.all.first)
    #expect((json["device"] as? [String: Any])?["name"] as? String == device.name)
    #expect((json["device_copy"] as? Double ?? 0) > 0)
    #expect(json["transfers"] is NSNull == device.isHostUnified)
    let cpu = try #require(json["cpu_merge"] as? [String: Any])
    for key in Self.mergeKeys { #expect((cpu[key] as? Double ?? 0) > 0, "\(key)") }
    #expect((json["conclusion"] as? String)?.contains(" on the CPU path.") == true)
    #expect(try scratch.names.isEmpty)
  }

  @Test("without --json it is a page for a person, within 80 columns where no name is longer")
  func text() throws {
    let result = try bench("--device", "cpu", "--folder", scratch.path)
    #expect(result.status == 0, "\(result.error)")
    for part in [
      "page cache read", "disk read", "disk write", "memory copy", "\nBUS\n", "\nKERNELS",
      "drop_and_rescale bfloat16", "accumulate_last float32", "\nMERGES", "in memory", "of files",
    ] {
      #expect(result.output.contains(part), "\(part)")
    }
    let lines = result.output.split(separator: "\n").filter { !$0.contains(scratch.path) }
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(result.output)")
  }

  @Test("Ctrl-C ends it with 130 and leaves no file", arguments: [SIGINT, SIGTERM])
  func interruption(signal: CInt) throws {
    let tool = try Tool(["bench", "--device", "cpu", "--size", "200MB"], in: scratch)
    let deadline = ContinuousClock.now + .seconds(60)
    while try scratch.names.isEmpty, ContinuousClock.now < deadline { usleep(2000) }
    #expect(try scratch.names.first?.hasPrefix("gpumerge-bench-") == true)
    tool.signal(signal)
    let result = try tool.wait()
    #expect(result.status == 130)
    #expect(result.error == "error: the benchmark was interrupted. Start it again\n")
    #expect(try scratch.names.isEmpty)
  }

  @Test(
    "what cannot be measured is one clear error",
    arguments: [
      (["--folder", "missing"], 73, "missing: cannot create a folder for the benchmark: "),
      (["--folder", "/proc"], 73, "/proc: cannot create a folder for the benchmark: "),
      (
        ["--size", "900TB"], 73, ".: there is no room for the benchmark: it takes 900000000000000 "
      ),
      (["--size", "10"], 64, "The value '10' is invalid for '--size <bytes>': "),
      (["--folder", ""], 64, "A folder's name is empty"),
      (["--device", "0,0"], 64, "the list of devices has '0' twice"),
      (["a.safetensors"], 64, "Unexpected argument 'a.safetensors'"),
    ])
  func mistakes(arguments: [String], status: CInt, message: String) throws {
    let result = try Tool.run(["bench", "--device", "cpu"] + arguments, in: scratch)
    #expect(result.status == status)
    #expect(result.error.hasPrefix("error: "))
    #expect(result.error.contains(message), "\(result.error)")
    #expect(!result.output.contains("MERGES"))
    #expect(try scratch.names.isEmpty)
  }

  @Test(
    "one device is measured at a time",
    .enabled(if: !OpenCLDevices.found.all.isEmpty || TestDevices.isDeviceRequired))
  func oneDevice() throws {
    let result = try bench("--device", "cpu,0")
    #expect(result.status == 64)
    #expect(result.error.contains("the benchmark measures one device, not 2"))
  }

  /// Checks what both kinds of device have: every key, and positive numbers.
  private func check(_ json: [String: Any]) throws {
    #expect(
      Set(json.keys) == [
        "version", "device", "processors", "folder", "model_bytes", "host", "transfers",
        "device_copy", "kernels", "in_memory_merge", "pinned_merge", "merge", "cpu_merge", "bounds",
        "disk_read_seconds", "bound", "conclusion", "warnings",
      ])
    let host = try #require(json["host"] as? [String: Double])
    #expect(Set(host.keys) == ["page_cache_read", "disk_read", "disk_write", "memory_copy"])
    #expect(host.values.allSatisfy { $0 > 0 && $0.isFinite })
    let kernels = try #require(json["kernels"] as? [[String: Any]])
    #expect(kernels.compactMap { $0["kernel"] as? String } == Self.kernels + Self.kernels)
    #expect(Set(kernels.compactMap { $0["dtype"] as? String }) == ["bfloat16", "float32"])
    for kernel in kernels {
      #expect((kernel["bytes_per_second"] as? Double ?? 0) > 0)
      #expect((kernel["share_of_copy"] as? Double ?? 0) > 0)
    }
    for (name, more) in [("in_memory_merge", "share_of_upload"), ("merge", "share_of_bound")] {
      let merge = try #require(json[name] as? [String: Any])
      for key in Self.mergeKeys { #expect((merge[key] as? Double ?? 0) > 0, "\(name) \(key)") }
      #expect(merge.keys.contains(more))
    }
    let bounds = try #require(json["bounds"] as? [String: Double])
    #expect(bounds.values.allSatisfy { $0 > 0 && $0.isFinite })
    #expect(bounds.max { $0.value < $1.value }?.key == json["bound"] as? String)
  }
}
