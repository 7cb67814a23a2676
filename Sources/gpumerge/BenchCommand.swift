import ArgumentParser
import GPUMerge
import SystemPackage

/// Measures this machine and a device: `gpumerge bench`.
struct BenchCommand: ParsableCommand, InterruptibleCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure this machine and a device, and say whether the device makes merges faster.",
    discussion: """
      Takes some 20 seconds. To merge a model file that is called bench, name it ./bench.
      """)

  @Option(
    help: ArgumentHelp(
      "The device: auto (the first GPU, else the CPU), cpu, or an OpenCL device by its number or a "
        + "part of its name (default: auto).", valueName: "device"),
    completion: .list(["auto", "cpu"]), transform: DeviceSelection.init(argument:))
  var device: DeviceSelection?

  @Option(
    help: ArgumentHelp(
      "The folder for the models that are made and merged: choose one on the disk of your models "
        + "(default: the current one).", valueName: "folder"),
    completion: .directory, transform: { FilePath(argument: $0) })
  var folder: FilePath?

  @Option(
    help: ArgumentHelp(
      "The most room to take on the disk, such as 500MB (default: 2.5GB).", valueName: "bytes"),
    transform: { try ByteCount(parsing: $0) })
  var size: ByteCount?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if folder?.isEmpty == true { throw ValidationError("A folder's name is empty") }
  }

  func job() -> any Job {
    BenchJob(
      selection: device ?? .automatic, folder: folder ?? ".",
      byteCount: size?.value ?? Benchmark.defaultByteCount, isJSON: json)
  }
}
