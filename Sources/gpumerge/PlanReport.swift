import GPUMerge
import SystemPackage

/// What a merge is going to do, for `--dry-run` and `--verbose`.
struct PlanReport {
  private let merge: Merge
  private let output: FilePath
  private let format: CheckpointFormat
  private let plan: MergePlan
  private let memory: MemoryPlan

  init(_ merge: Merge, output: FilePath, format: CheckpointFormat) throws(GPUMergeError) {
    self.merge = merge
    self.output = output
    self.format = format
    plan = try merge.filePlan(format: format)
    memory = try merge.memoryPlan(for: plan)
  }

  /// The plan for a person, one fact a line.
  var text: String {
    let algorithm = merge.planner.algorithm
    let parameters = algorithm.parameters.map { ", \($0.name) \($0.value)" }.joined()
    var lines = [("method", "\(type(of: algorithm).name)\(parameters)")]
    lines += merge.planner.models.map { ("model", describe($0)) }
    if let base = merge.planner.base { lines.append(("base", describe(base))) }
    lines += [
      ("output", "\(escaped(output.string, limit: 4096)) (\(format.rawValue))"),
      ("tensors", "\(plan.steps.count) (\(types))"),
      ("fates", fates.counts),
      ("parameters", Quantity.count(parameterCount)),
      ("to read", Quantity.bytes(plan.inputByteCount)),
      ("to write", Quantity.bytes(plan.layout.byteCount)),
      ("device", escaped(merge.device.name)),
      ("memory", memoryText),
    ]
    lines += fates.lines.map { ("tensor", $0) }
    return lines.map { label, value in
      label + ":" + String(repeating: " ", count: 12 - label.utf8.count) + value + "\n"
    }.joined()
  }

  /// The plan for programs.
  var json: JSONValue {
    let algorithm = merge.planner.algorithm
    return .object([
      ("dry_run", .bool(true)),
      ("method", .string(type(of: algorithm).name)),
      ("parameters", .parameters(algorithm.parameters)),
      ("inputs", .array(merge.planner.models.map { .string($0.label) })),
      ("base", merge.planner.base.map { .string($0.label) } ?? .null),
      ("output", .string(output.string)),
      ("format", .string(format.rawValue)),
      ("tensor_count", .integer(plan.steps.count)),
      ("dtypes", .object(countsByType.map { ($0.name, .integer($0.count)) })),
      ("parameter_count", .integer(parameterCount)),
      ("bytes_to_read", .integer(plan.inputByteCount)),
      ("bytes_to_write", .integer(plan.layout.byteCount)),
      ("device", .string(merge.device.name)),
      ("staging_bytes", .integer(memory.totalByteCount)),
      ("block_bytes", .integer(memory.blockByteCount)),
      ("slots", .integer(memory.slotCount)),
      ("warnings", .array(merge.warnings.map(JSONValue.string))),
      ("tensors", fates.json),
    ])
  }

  private var fates: FateReport { FateReport(merge.fates) }

  private var parameterCount: Int {
    plan.steps.reduce(0) { $0 + $1.output.shape.reduce(1, *) }
  }

  private var types: String {
    countsByType.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
  }

  /// The output's types with the number of tensors of each, the most frequent first.
  private var countsByType: [(name: String, count: Int)] {
    var counts: [DType: Int] = [:]
    for step in plan.steps { counts[step.output.dtype, default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
      .map { ($0.key.displayName, $0.value) }
  }

  private var memoryText: String {
    "\(Quantity.bytes(memory.totalByteCount)) in \(Quantity.items(memory.slotCount, "slot")), "
      + "blocks of \(memory.blockByteCount >> 10) KiB, at most \(memory.maximumInputCount) models "
      + "at a time"
  }

  private func describe(_ model: LoadedModel) -> String {
    let format = model.checkpoint.map { " (\($0.format.rawValue))" } ?? ""
    return escaped(model.label, limit: 4096) + format
  }
}
