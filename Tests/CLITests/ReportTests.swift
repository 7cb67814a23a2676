import Foundation
import TestSupport
import Testing

@Suite struct ReportTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.writeModel("a.safetensors", ["x": [1, 2, 3], "y": [0]])
    try scratch.writeModel("b.safetensors", ["x": [3, .infinity, .nan], "y": [10]])
  }

  private func merge(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(["--device", "cpu", "a.safetensors", "b.safetensors"] + arguments, in: scratch)
  }

  @Test("--json tells what was done, and nothing else is on standard output")
  func json() throws {
    let result = try merge("--json", "--weights", "1,3")
    #expect(result.status == 0)
    let json = result.json
    #expect(json["method"] as? String == "weighted_average")
    let parameters = json["parameters"] as? [String: Any]
    #expect(parameters?["weights"] as? [Double] == [1, 3])
    #expect(parameters?["normalize"] as? Bool == true)
    #expect(json["inputs"] as? [String] == ["a.safetensors", "b.safetensors"])
    #expect(json["base"] is NSNull)
    #expect(json["output"] as? String == "merged.safetensors")
    #expect(json["tensor_count"] as? Int == 2)
    #expect(json["parameter_count"] as? Int == 4)
    #expect(json["bytes_read"] as? Int == 32)
    #expect(json["bytes_written"] as? Int == (try scratch.bytes(of: "merged.safetensors").count))
    #expect((json["device"] as? String)?.hasPrefix("CPU (") == true)
    #expect((json["peak_memory_bytes"] as? Int ?? 0) > 1 << 20)
    #expect((json["staging_bytes"] as? Int ?? 0) > 0)
    #expect((json["seconds"] as? Double ?? 0) > 0)
    let nonFinite = (json["non_finite"] as? [[String: Any]])?.first
    #expect(nonFinite?["tensor"] as? String == "x")
    #expect(nonFinite?["count"] as? Int == 2)
    #expect(nonFinite?["first_element"] as? Int == 1)
  }

  @Test("--sha256 tells what sha256sum finds in each file of the output")
  func checksums() throws {
    let name = "o\\\n.safetensors"
    let file = try merge("--sha256", "-o", name)
    try scratch.write(file.output, to: "sums")
    #expect(try check("sums") == "\\o\\\\\\n.safetensors: OK\n")
    let folder = try merge("--sha256", "-o", "o/", "--max-shard-size", "8")
    try scratch.write(folder.output, to: "sums")
    #expect(try check("sums").split(separator: "\n").count == 2)
    let json = try merge("--sha256", "--json", "-o", name, "--force").json
    let found = try #require((json["files"] as? [[String: Any]])?.first)
    #expect(found["path"] as? String == name)
    #expect(found["bytes"] as? Int == (try scratch.bytes(of: name).count))
    #expect(file.output.hasPrefix("\\\(found["sha256"] as? String ?? "none")"))
    #expect(try merge("-o", "p", "--json").json["files"] as? [[String: Any]] != nil)
  }

  private func check(_ sums: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
    process.arguments = ["--check", sums]
    process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: output, as: UTF8.self)
  }

  @Test(
    "models stay in the page cache with --cache-inputs only, and the result is the same",
    .enabled(if: PageCache.forgets, "The file system keeps what it has cached"))
  func cacheInputs() throws {
    let numbers = (0..<500_000).map { Float($0) }
    for name in ["c", "d"] { try scratch.writeModel(name, ["x": numbers]) }
    let paths = ["c", "d"].map { scratch.url($0).path }
    for (option, isCached) in [([], false), (["--cache-inputs"], true)] {
      for path in paths { try PageCache.evict(path) }
      let result = try Tool.run(
        ["--device", "cpu", "--force", "c", "d", "-o", "o.safetensors"] + option, in: scratch)
      #expect(result.status == 0)
      #expect(try scratch.floats("x", of: "o.safetensors") == numbers)
      for path in paths {
        let cached = try PageCache.byteCount(of: path)
        #expect(isCached ? cached > 1_500_000 : cached < 1_000_000, "\(cached)")
      }
    }
  }

  @Test("a report that cannot be written is an error, but the output is there")
  func fullStream() throws {
    let command = ["sh", "-c", #""$0" "$@" > /dev/full"#]
    let result = try Tool.run(
      ["a.safetensors", "b.safetensors", "--device", "cpu", "--json"], in: scratch, by: command)
    #expect(result.status == 74)
    #expect(result.error.contains("cannot write to standard output"))
    #expect(try scratch.names.contains("merged.safetensors"))
  }

  @Test("names in JSON are escaped")
  func escapes() throws {
    try scratch.writeModel("\"\\\n\u{1}é.safetensors", ["x": [1]])
    let result = try Tool.run(
      "--device", "cpu", "--json", "\"\\\n\u{1}é.safetensors", "-o", "o", in: scratch)
    #expect(result.json["inputs"] as? [String] == ["\"\\\n\u{1}é.safetensors"])
    #expect(result.output.split(separator: "\n").count == 1)
  }

  @Test("NaN and infinity are a warning")
  func nonFinite() throws {
    let result = try merge()
    #expect(result.status == 0)
    #expect(
      result.error.hasPrefix(
        "warning: 1 tensor with NaN or infinity, first 'x' with 2 such elements from element 1 on\n"
      ))
  }

  @Test("counters that differ are a warning")
  func counters() throws {
    try scratch.writeModel("c.safetensors", counter: 1)
    try scratch.writeModel("d.safetensors", counter: 2)
    let result = try Tool.run(
      "--device", "cpu", "c.safetensors", "d.safetensors", "-o", "o", in: scratch)
    #expect(result.status == 0)
    #expect(result.error.hasPrefix("warning: 1 integer tensor of one element, first 'count', "))
    #expect(result.error.contains("has the value of the first model"))
  }

  @Test("--quiet prints errors only")
  func quiet() throws {
    let result = try merge("--quiet")
    #expect(result.status == 0)
    #expect(result.error.isEmpty)
    #expect(try merge("--quiet").error.hasPrefix("error: "))
  }

  @Test("--verbose prints the plan first")
  func verbose() throws {
    let error = try merge("--verbose").error
    #expect(error.hasPrefix("method:      simple_average\n"))
    #expect(error.contains("tensors:     2 (2 float32)\n"))
    #expect(error.contains("\nmerged 2 models"))
  }

  @Test("there is no progress bar when standard error is not a terminal")
  func noBar() throws {
    try scratch.writeSparseModel("big.safetensors", byteCount: 64 << 20)
    let big = Array(repeating: "big.safetensors", count: 4)
    let result = try Tool.run(["--device", "cpu", "-o", "o.safetensors"] + big, in: scratch)
    #expect(result.status == 0)
    #expect(!result.error.contains("\u{1B}"))
    #expect(!result.error.contains("\r"))
  }

  @Test("--dry-run tells the plan and writes nothing")
  func dryRun() throws {
    let before = try scratch.names
    let text = try merge("--dry-run", "-o", "o.bin.safetensors", "--dtype", "bf16")
    #expect(text.status == 0)
    #expect(text.error.isEmpty)
    #expect(text.output.contains("tensors:     2 (2 bfloat16)\n"))
    #expect(text.output.contains("output:      o.bin.safetensors (safetensors)\n"))
    let json = try merge("--dry-run", "--json", "-o", "o.safetensors").json
    #expect(json["dry_run"] as? Bool == true)
    #expect(json["dtypes"] as? [String: Int] == ["float32": 2])
    #expect(json["bytes_to_read"] as? Int == 32)
    #expect(try scratch.names == before)
    #expect(try merge().status == 0)
    #expect(try merge("--dry-run").status == 73)
    #expect(json["bytes_to_write"] as? Int == (try scratch.bytes(of: "merged.safetensors").count))
  }

  @Test("closed streams neither stop a merge nor get into its output")
  func closedStreams() throws {
    #expect(try merge("-o", "open.safetensors").status == 0)
    let arguments = ["--device", "cpu", "a.safetensors", "b.safetensors", "--json", "--verbose"]
    let tool = try Tool(
      arguments + ["-o", "closed.safetensors"], in: scratch, closesStreams: true)
    #expect(try tool.wait().status == 0)
    #expect(
      try scratch.bytes(of: "closed.safetensors") == scratch.bytes(of: "open.safetensors"))
  }
}
