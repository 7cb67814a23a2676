import Foundation
import TestSupport
import Testing

/// Drivers that do harm when they are asked for their platforms, made here from a few lines of C.
@Suite struct DriverTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.writeModel("a.safetensors", ["x": [1, 2, 3]])
    try scratch.writeModel("b.safetensors", ["x": [3, 4, 8]])
  }

  /// What a driver does, and what is said of it.
  static let drivers = [
    ("abort();", "an OpenCL driver crashed when it was asked for its devices (signal 6)"),
    (
      "*(volatile int *)8 = 1;",
      "an OpenCL driver crashed when it was asked for its devices (signal 11)"
    ),
    ("exit(3);", "an OpenCL driver ended the process that asked it (code 3)"),
    ("for (;;) pause();", "an OpenCL driver has not answered for 2 s"),
  ]

  @Test("a driver that crashes or hangs is no driver", arguments: drivers)
  func harmful(body: String, problem: String) throws {
    let environment = try driver("int \(Self.entry) { \(body) }")
    let merged = try merge(["-o", "o.safetensors"], environment)
    #expect(merged.status == 0)
    #expect(
      merged.error.hasPrefix(
        "warning: there is no OpenCL device: \(problem); the CPU merges instead\nmerged 2 models"),
      "\(merged.error)")
    #expect(try scratch.floats("x", of: "o.safetensors") == [2, 3, 5.5])

    let refused = try merge(["--require-device", "-o", "p.safetensors"], environment)
    #expect(refused.status == 69)
    #expect(refused.error.hasPrefix("error: there is no OpenCL device: \(problem). "))
    #expect(try !scratch.names.contains("p.safetensors"))
  }

  @Test("a driver that is not used does no harm")
  func unused() throws {
    let environment = try driver("int \(Self.entry) { abort(); }")
    let result = try Tool.run(
      ["--device", "cpu", "a.safetensors", "-o", "o.safetensors"], in: scratch,
      environment: environment)
    #expect(result.status == 0)
    #expect(!result.error.contains("warning"))
  }

  @Test("devices are listed, none, when a driver crashes")
  func devices() throws {
    let environment = try driver("int \(Self.entry) { abort(); }")
    let result = try Tool.run(["devices"], in: scratch, environment: environment)
    #expect(result.status == 0)
    #expect(result.output.contains("There is no OpenCL device: an OpenCL driver crashed"))
  }

  @Test(
    "without OpenCL, or without a driver for it, the CPU merges",
    arguments: ["GPUMERGE_OPENCL_LIBRARY=/no/such/library.so", "OCL_ICD_VENDORS=/no/such/folder"])
  func missing(environment: String) throws {
    let merged = try merge(["-o", "o.safetensors"], [environment])
    #expect(merged.status == 0)
    #expect(merged.error.split(separator: "\n").count == 2)
    #expect(merged.error.hasPrefix("warning: there is no OpenCL device: "), "\(merged.error)")
    #expect(merged.error.contains("; the CPU merges instead\n"))
    let refused = try merge(["--require-device", "--force"], [environment])
    #expect(refused.status == 69)
  }

  @Test("memory that cannot be had is an error that says so, or takes fewer slots")
  func outOfMemory() throws {
    try scratch.writeSparseModel("big.safetensors", byteCount: 64 << 20)
    var statuses: Set<CInt> = []
    for mebibytes in [130, 160, 320, 2000] {
      let result = try Tool.run(
        ["--device", "cpu", "--memory", "8G", "--threads", "64", "--force", "-o", "o.safetensors"]
          + Array(repeating: "big.safetensors", count: 16), in: scratch,
        by: ["prlimit", "--as=\(mebibytes << 20)"])
      statuses.insert(result.status)
      if result.status != 0 {
        #expect(result.status == 74)
        let isSaid =
          result.error.contains("there is no memory for staging: ")
          && result.error.contains("Lower --memory or --threads")
        #expect(
          isSaid || result.error.contains("Raise the limit with 'ulimit -v'"), "\(result.error)")
      }
    }
    #expect(statuses.contains(0))
  }

  @Test("a sample is verified with --verify")
  func verify() throws {
    for device in ["cpu", "auto"] {
      let result = try Tool.run(
        [
          "--device", device, "a.safetensors", "b.safetensors", "-o", "o.safetensors", "--force",
          "--verify",
        ], in: scratch)
      #expect(result.status == 0)
      #expect(try scratch.floats("x", of: "o.safetensors") == [2, 3, 5.5])
    }
  }

  private func merge(_ arguments: [String], _ environment: [String]) throws -> Tool.Result {
    try Tool.run(
      ["--device", "0", "--device-timeout", "2", "a.safetensors", "b.safetensors"] + arguments,
      in: scratch, environment: environment)
  }

  private static let entry =
    "clGetPlatformIDs(unsigned capacity, void *platforms, unsigned *count)"

  /// Compiles a library with all functions of OpenCL that are looked for, one of them as given.
  private func driver(_ function: String) throws -> [String] {
    let names = try Self.functionNames()
    let rest = names.filter { $0 != "clGetPlatformIDs" }.map { "void \($0)(void) {}" }
    let includes = ["#include <stdlib.h>", "#include <unistd.h>"]
    let code = (includes + rest + [function, ""]).joined(separator: "\n")
    return ["GPUMERGE_OPENCL_LIBRARY=\(try scratch.compileLibrary(code))"]
  }

  /// The functions that the loader looks for, as its header lists them.
  private static func functionNames() throws -> [String] {
    let header = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/OpenCLLoader/include/OpenCLLoader.h")
    let text = try String(contentsOf: header, encoding: .utf8)
    return text.matches(of: /X\((cl\w+)\)/).map { String($0.output.1) }
  }
}
