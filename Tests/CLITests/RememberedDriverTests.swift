import Foundation
import GPUMerge
import Glibc
import TestSupport
import Testing

/// The OpenCL loader of this machine behind a library, made here, that counts the processes that load it.
@Suite(
  "What a probe found out about drivers is remembered",
  .enabled(if: !OpenCLDevices.found.all.isEmpty || TestDevices.isDeviceRequired))
struct RememberedDriverTests {
  let scratch: Scratch
  let library: String

  private static let code = """
    #include <fcntl.h>
    #include <stdlib.h>
    #include <sys/stat.h>
    #include <unistd.h>
    __attribute__((constructor)) static void loaded(void) {
      struct stat status;
      int file = open(getenv("LOADS"), O_WRONLY | O_CREAT | O_APPEND, 0600);
      if (write(file, "x", 1) != 1 || fstat(file, &status) != 0) _exit(3);
      close(file);
      if (getenv("CRASH_FROM") && status.st_size >= atoi(getenv("CRASH_FROM"))) abort();
    }
    """

  init() throws {
    scratch = try Scratch()
    try scratch.writeModel("a.safetensors", ["x": [1, 2, 3]])
    try scratch.writeModel("b.safetensors", ["x": [3, 4, 8]])
    // What is looked for in a library is looked for in those that it needs, too.
    library = try scratch.compileLibrary(
      Self.code, options: ["-Wl,--no-as-needed", "-l:libOpenCL.so.1"])
  }

  private func start(_ arguments: [String], _ environment: [String] = []) throws -> Tool {
    let common = [
      "GPUMERGE_CACHE=cache", "GPUMERGE_OPENCL_LIBRARY=\(library)", "LOADS=loads",
      "SWIFT_BACKTRACE=enable=no",
    ]
    return try Tool(arguments, in: scratch, environment: common + environment)
  }

  private func startMerge(to output: String, _ environment: [String] = []) throws -> Tool {
    try start(
      ["--device", "0", "--force", "a.safetensors", "b.safetensors", "-o", output], environment)
  }

  private func expectResult(
    _ result: Tool.Result, in output: String, isOnDevice: Bool = true,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    #expect(result.status == 0, "\(result.error)", sourceLocation: location)
    #expect(result.error.contains("warning") == !isOnDevice, sourceLocation: location)
    #expect(try scratch.floats("x", of: output) == [2, 3, 5.5], sourceLocation: location)
  }

  private var loads: Int { (try? scratch.bytes(of: "loads").count) ?? 0 }

  /// Merges on the device, with so many processes that load the drivers.
  private func expectMerge(
    loads expected: Int, _ environment: String..., location: SourceLocation = #_sourceLocation
  ) throws {
    let before = loads
    let result = try startMerge(to: "o.safetensors", environment).wait()
    try expectResult(result, in: "o.safetensors", location)
    #expect(loads - before == expected, sourceLocation: location)
  }

  @Test("the second process does not ask again, but the list of devices does")
  func remembered() throws {
    try expectMerge(loads: 2)
    try expectMerge(loads: 1)
    try expectMerge(loads: 1)
    let before = loads
    #expect(try start(["devices"]).wait().status == 0)
    #expect(loads - before == 2)
    try expectMerge(loads: 1)
  }

  @Test("without a cache every process asks")
  func noCache() throws {
    try expectMerge(loads: 2, "GPUMERGE_CACHE=")
    try expectMerge(loads: 2, "GPUMERGE_CACHE=")
    try expectMerge(loads: 2, "GPUMERGE_CACHE=/proc/no/folder")
    #expect(try !scratch.names.contains("cache"))
  }

  @Test("what leads to the CPU is asked each time, as there may be a GPU now")
  func automatic() throws {
    guard OpenCLDevices.found.all.allSatisfy({ $0.kind != .gpu }) else { return }
    let arguments = ["a.safetensors", "b.safetensors", "--force", "-o", "o.safetensors"]
    for _ in 0..<2 {
      let before = loads
      try expectResult(start(arguments).wait(), in: "o.safetensors")
      #expect(loads - before == 1, "by the probe")
    }
  }

  @Test("another file of a driver, or another environment, is asked about")
  func changed() throws {
    try expectMerge(loads: 2)
    utimes(library, nil)
    try expectMerge(loads: 2)
    try expectMerge(loads: 1)
    try expectMerge(loads: 2, "POCL_ANYTHING=1")
    try expectMerge(loads: 1, "POCL_ANYTHING=1")
    try expectMerge(loads: 1)
  }

  @Test("another file among the registered drivers is asked about")
  func registered() throws {
    let vendors = ProcessInfo.processInfo.environment["OCL_ICD_VENDORS"] ?? "/etc/OpenCL/vendors"
    mkdir(scratch.url("vendors").path, 0o755)
    let folder = vendors.hasSuffix(".icd") ? "" : vendors
    let files =
      folder.isEmpty
      ? [vendors]
      : try FileManager.default.contentsOfDirectory(atPath: folder).map { "\(folder)/\($0)" }
    for file in files where file.hasSuffix(".icd") {
      let name = "vendors/" + URL(fileURLWithPath: file).lastPathComponent
      try scratch.write(String(contentsOfFile: file, encoding: .utf8), to: name)
    }
    let environment = "OCL_ICD_VENDORS=\(scratch.url("vendors").path)"
    try expectMerge(loads: 2, environment)
    try expectMerge(loads: 1, environment)
    try scratch.write("libnone.so\n", to: "vendors/none.icd")
    try expectMerge(loads: 2, environment)
    try expectMerge(loads: 1, environment)
    utimes(scratch.url("vendors/none.icd").path, nil)
    try expectMerge(loads: 2, environment)
  }

  @Test("an answer that others could have written is not believed")
  func untrusted() throws {
    try expectMerge(loads: 2)
    for name in try FileManager.default.contentsOfDirectory(atPath: scratch.url("cache").path) {
      chmod(scratch.url("cache/\(name)").path, 0o660)
    }
    try expectMerge(loads: 2)
    try expectMerge(loads: 1)
  }

  @Test("drivers that crash after a good answer crash one process at most", arguments: [2, 3])
  func crash(from load: Int) throws {
    let crashFrom = "CRASH_FROM=\(load)"
    if load == 3 { try expectMerge(loads: 2, crashFrom) }
    #expect(try startMerge(to: "o.safetensors", [crashFrom]).wait().status == -SIGABRT)
    for _ in 0..<2 {
      let result = try startMerge(to: "o.safetensors", [crashFrom]).wait()
      #expect(result.error.contains("an OpenCL driver crashed when it was asked for its devices"))
      try expectResult(result, in: "o.safetensors", isOnDevice: false)
    }
  }

  @Test("processes that start at the same time are all right")
  func concurrent() throws {
    try expectMerge(loads: 2)
    let before = loads
    let outputs = (0..<4).map { "\($0).safetensors" }
    let tools = try outputs.map { try startMerge(to: $0) }
    for (tool, output) in zip(tools, outputs) { try expectResult(tool.wait(), in: output) }
    #expect(4...8 ~= loads - before)
    try expectMerge(loads: 1)
  }
}
