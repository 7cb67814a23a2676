import Foundation
import Glibc
import TestSupport
import Testing

/// What is wrong decides the exit code, and is said in one message.
@Suite struct ExitStatusTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.writeModel("a.safetensors", ["x": [1, 2, 3]])
    try scratch.writeModel("b.safetensors", ["x": [1, 2]])
  }

  @Test(
    "a wrong command line is 64",
    arguments: [
      ([], "no model"),
      (["--wieghts", "1", "a.safetensors"], "Did you mean '--weights'?"),
      (["--method", "simple_avrage", "a.safetensors"], "Did you mean simple_average?"),
      (["--seed", "1", "a.safetensors"], "simple_average has no --seed"),
      (["--seed", "1", "a.safetensors"], "It is for --method dare_simple_average"),
      (["--seed", "-1", "a.safetensors"], "--seed"),
      (["--weights", "1,2", "a.safetensors"], "there are 2 weights for 1 model."),
      (["--weights", "1", "a.safetensors", "a.safetensors"], "there is 1 weight for 2 models."),
      (
        ["a.safetensors", "b.safetensors", "--weights", "0.7", "0.3"],
        "'0.3' stands where models do, and there is no such file. Separate weights by commas, without "
          + "spaces: --weights 0.7,0.3\n"
      ),
      (["--weights", "1,,2", "a.safetensors"], "not a number"),
      (["--weights", "1,nan", "a.safetensors"], "not a number"),
      (["--method", "linear", "a.safetensors"], "needs a weight for each model"),
      (["--method", "dare_simple_average", "a.safetensors"], "needs a base model"),
      (["--dtype", "bfloat61", "a.safetensors"], "Did you mean bfloat16?"),
      (["--dtype", "int8", "a.safetensors"], "cannot be of type 'int8'"),
      (["--dtype", "float8", "a.safetensors"], "Choose one of float32, "),
      (["--dtype", "float8_e5m3", "a.safetensors"], "Did you mean float8_e5m2?"),
      (["--memory", "512", "a.safetensors"], "1MiB"),
      (["--memory", "lots", "a.safetensors"], "such as 512MiB"),
      (["--memory", "99999999T", "a.safetensors"], "more than there can be"),
      (["--threads", "0", "a.safetensors"], "1...1024"),
      (["--device-timeout", "0", "a.safetensors"], "1...86400"),
      (["--nan", "maybe", "a.safetensors"], "--nan"),
      (["--device", "cpu", "--require-device", "a.safetensors"], "contradict"),
      (["--quiet", "--verbose", "a.safetensors"], "contradict"),
      (["-o", "", "a.safetensors"], "empty"),
      (["-o", "-", "a.safetensors"], "cannot be a pipe"),
      (["--config", "c.yml", "a.safetensors"], "not in both"),
    ])
  func usage(arguments: [String], message: String) throws {
    let result = try Tool.run(arguments, in: scratch)
    #expect(result.status == 64)
    #expect(result.error.hasPrefix("error: "))
    #expect(result.error.contains(message), "\(result.error)")
    #expect(result.output.isEmpty)
    #expect(try scratch.names == ["a.safetensors", "b.safetensors"])
  }

  @Test("models that do not fit together are 65")
  func mismatch() throws {
    let result = try merge("a.safetensors", "b.safetensors")
    #expect(result.status == 65)
    #expect(
      result.error.hasPrefix("error: b.safetensors: its shapes are not those of a.safetensors"))
    #expect(try scratch.names == ["a.safetensors", "b.safetensors"])
  }

  @Test("a file that is not a checkpoint is 65")
  func notACheckpoint() throws {
    try scratch.write("hello", to: "c.safetensors")
    let result = try merge("a.safetensors", "c.safetensors")
    #expect(result.status == 65)
    #expect(result.error.contains("c.safetensors: "))
  }

  @Test("NaN in the result is 65 with --nan error, and nothing is written")
  func nonFinite() throws {
    try scratch.writeModel("c.safetensors", ["x": [1, .nan, 3]])
    let result = try merge("a.safetensors", "c.safetensors", "--nan", "error")
    #expect(result.status == 65)
    #expect(
      result.error.contains(
        "'x': the result is NaN or infinite in 1 element, first in element 1"))
    #expect(try scratch.names == ["a.safetensors", "b.safetensors", "c.safetensors"])
  }

  @Test("a missing input is 66, and its name is shown on one line")
  func missing() throws {
    let result = try merge("a.safetensors", "no\nsuch.safetensors")
    #expect(result.status == 66)
    #expect(result.error.hasPrefix("error: no\\u{a}such.safetensors: there is no such file. "))
    #expect(result.error.split(separator: "\n").count == 1)
  }

  @Test("a device that is not there is 69")
  func device() throws {
    let result = try Tool.run(
      "a.safetensors", "--device", "Flux Capacitor", "--require-device", in: scratch)
    #expect(result.status == 69)
    #expect(try scratch.names == ["a.safetensors", "b.safetensors"])
  }

  @Test("an output in a folder that is not there is 73")
  func cannotCreate() throws {
    let result = try merge("a.safetensors", "-o", "nowhere/o.safetensors")
    #expect(result.status == 73)
    #expect(result.error.contains("nowhere/o.safetensors"))
  }

  @Test("an output that is the configuration is 73, and the configuration is as it was")
  func configurationAsOutput() throws {
    let text = "merge_method: simple_average\nmodels: [{model: a.safetensors}]\n"
    try scratch.write(text, to: "c.yml")
    let result = try merge("--config", "c.yml", "-o", "c.yml", "--force")
    #expect(result.status == 73)
    #expect(result.error.contains("the output is the configuration"))
    #expect(try scratch.bytes(of: "c.yml") == Data(text.utf8))
  }

  /// Takes the right of root to go where it may not.
  private static let asUser =
    geteuid() == 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : []

  @Test("an input that may not be read is 74, a folder that may not be written to 73")
  func permissions() throws {
    try scratch.writeModel("secret.safetensors", ["x": [1]])
    chmod(scratch.url("secret.safetensors").path, 0)
    let input = try Tool.run(
      ["secret.safetensors", "--device", "cpu"], in: scratch, by: Self.asUser)
    #expect(input.status == 74)
    #expect(input.error.contains("no permission"))
    for (mode, message) in [(0o555, "cannot write to the folder"), (0o333, "to see what is in")] {
      let folder = scratch.url("folder-\(mode)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      chmod(folder.path, mode_t(mode))
      let name = mode == 0o555 ? "folder-\(mode)/o.bin" : "folder-\(mode)/"
      let output = try Tool.run(
        ["a.safetensors", "-o", name, "--device", "cpu"], in: scratch, by: Self.asUser)
      #expect(output.status == 73)
      #expect(output.error.contains(message), "\(output.error)")
      chmod(folder.path, 0o755)
    }
  }

  @Test("too few open files for the program itself are 74", arguments: [4, 5, 6, 8, 15, 16])
  func descriptors(count: Int) throws {
    let result = try Tool.run(
      ["a.safetensors", "--device", "cpu"], in: scratch, by: ["prlimit", "--nofile=\(count)"])
    #expect([0, 74].contains(result.status), "\(result)")
    #expect(result.status == 0 || result.error.contains("ulimit -n"))
  }

  @Test("a configuration that cannot be read is 74")
  func io() throws {
    #expect(try merge("--config", ".").status == 74)
  }

  private func merge(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(["--device", "cpu"] + arguments, in: scratch)
  }
}
