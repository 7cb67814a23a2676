import ArgumentParser
import GPUMerge

/// The options that say where and how to compute, which does not change the result.
struct ExecutionOptions: ParsableArguments {
  /// What the options say.
  struct Values: Sendable {
    var device: DeviceSelection
    var requiresDevice: Bool
    var deviceTimeLimit: Duration
    var verifiesSample: Bool
    var memoryByteCount: Int?
    var threadCount: Int?
    var cachesInputs: Bool
    var rejectsNonFinite: Bool
    var isDryRun: Bool
    var recordInterval: Duration?
  }

  /// What to do about NaN and infinity in the result.
  enum NonFinitePolicy: String, ExpressibleByArgument, CaseIterable {
    case warn
    case error
  }

  @Option(
    help: ArgumentHelp(
      "Where to merge: auto (the first GPU, else the CPU), cpu, an OpenCL device by its number or a "
        + "part of its name (see gpumerge devices), several of these that share the work (0,1 or "
        + "cpu,0), or all (every GPU and accelerator, else every OpenCL device) (default: auto).",
      valueName: "devices"),
    completion: .list(["auto", "cpu", "all"]), transform: DeviceSelection.init(argument:))
  var device: DeviceSelection?

  @Flag(
    help: ArgumentHelp(
      "Fail rather than merge on the CPU when there is no such device or one breaks down."))
  var requireDevice = false

  @Option(
    help: ArgumentHelp(
      "How long the device or its driver may take to answer before it counts as hung.",
      valueName: "seconds"))
  var deviceTimeout = Int(MergeDevice.defaultTimeLimit.components.seconds)

  @Flag(help: "Merge a sample of the output again on the CPU, and fail if the bits differ.")
  var verify = false

  @Option(
    help: ArgumentHelp(
      "The most memory for staging, such as 512MiB, 2G or 1000000000 (default: 512MiB).",
      valueName: "size"),
    transform: { try ByteCount(parsing: $0) })
  var memory: ByteCount?

  @Option(
    help: ArgumentHelp(
      "The number of blocks in work at a time, at least one for each device.", valueName: "number"))
  var threads: Int?

  @Flag(
    help: ArgumentHelp(
      "Read models through the page cache, and leave them there, which makes the next merge of them "
        + "faster, but not this one."))
  var cacheInputs = false

  @Option(
    help: ArgumentHelp(
      "The key of the state dict in PyTorch files that hold several, such as model.ema.",
      valueName: "key"))
  var root: String?

  @Option(
    help: ArgumentHelp(
      "The variant of the weights in folders, such as fp16 for model.fp16.safetensors.",
      valueName: "name"))
  var variant: String?

  @Flag(
    help: ArgumentHelp(
      "Read PyTorch files with objects of unknown classes beside the tensors, such as training "
        + "arguments; the objects are left out, and none of their code is run."))
  var allowOpaque = false

  @Option(
    help: ArgumentHelp("What to do about NaN and infinity in the result.", valueName: "action"))
  var nan = NonFinitePolicy.warn

  @Flag(help: "Check everything and print the plan, but read no weights and write nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "How often to record what is finished, for an interrupted merge to go on from (default: 2).",
      valueName: "seconds"))
  var recordInterval: Double?

  func validate() throws {
    if let recordInterval, !(0...86_400).contains(recordInterval) {
      throw ValidationError("--record-interval is \(recordInterval), but must be in 0...86400")
    }
    if requireDevice, device == .cpu {
      throw ValidationError("--require-device and --device cpu contradict each other")
    }
    if !(1...86_400).contains(deviceTimeout) {
      throw ValidationError("--device-timeout is \(deviceTimeout), but must be in 1...86400")
    }
    if let threads, !(1...MemoryPlan.maximumSlotCount).contains(threads) {
      throw ValidationError(
        "--threads is \(threads), but must be in 1...\(MemoryPlan.maximumSlotCount)")
    }
  }

  var values: Values {
    Values(
      device: device ?? .automatic, requiresDevice: requireDevice,
      deviceTimeLimit: .seconds(deviceTimeout), verifiesSample: verify,
      memoryByteCount: memory?.value, threadCount: threads, cachesInputs: cacheInputs,
      rejectsNonFinite: nan == .error, isDryRun: dryRun,
      recordInterval: recordInterval.map { .seconds($0) })
  }
}
