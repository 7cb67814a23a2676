import GPUMerge
import SystemPackage

/// What a merge is going to do, for `--dry-run` and `--verbose`.
struct PlanReport {
  private let merge: Merge
  private let target: OutputTarget
  private let plan: OutputPlan
  /// One for each device.
  private let memory: [MemoryPlan]

  init(_ merge: Merge, target: OutputTarget) throws(GPUMergeError) {
    self.merge = merge
    self.target = target
    plan = try merge.outputPlan(for: target)
    memory = try merge.memoryPlans()
  }

  /// The plan for a person, one fact a line.
  var text: String {
    let algorithm = merge.planner.algorithm
    let parameters = algorithm.parameters.map { ", \($0.name) \($0.value)" }.joined()
    var lines = [("method", "\(type(of: algorithm).name)\(parameters)")]
    lines += merge.planner.models.map { ("model", describe($0)) }
    if let base = merge.planner.base { lines.append(("base", describe(base))) }
    lines += [
      ("output", "\(escaped(target.path.string, limit: 4096)) (\(form))"),
      ("tensors", "\(merge.steps.count) (\(types))"),
      ("fates", fates.counts),
      ("parameters", Quantity.count(parameterCount)),
      ("to read", Quantity.bytes(plan.inputByteCount)),
      ("to write", Quantity.bytes(plan.byteCount)),
      ("device", escaped(merge.device.name, limit: 4096)),
    ]
    lines += memoryTexts.map { ("memory", $0) }
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
      ("output", .string(target.path.string)),
      ("format", .string(format.rawValue)),
      ("files", .array(plan.files.map { .string($0.name) })),
      ("tensor_count", .integer(merge.steps.count)),
      ("dtypes", .object(countsByType.map { ($0.name, .integer($0.count)) })),
      ("parameter_count", .integer(parameterCount)),
      ("bytes_to_read", .integer(plan.inputByteCount)),
      ("bytes_to_write", .integer(plan.byteCount)),
      ("device", .string(merge.device.name)),
      ("staging_bytes", .integer(memory.reduce(0) { $0 + $1.totalByteCount })),
      ("block_bytes", .integer(memory.first?.blockByteCount ?? 0)),
      ("slots", .integer(memory.reduce(0) { $0 + $1.slotCount })),
      ("devices", .array(zip(merge.device.backends, memory).map(Self.json))),
      ("warnings", .array(merge.warnings.map(JSONValue.string))),
      ("tensors", fates.json),
    ])
  }

  private var format: CheckpointFormat {
    if case .file(_, let format) = target { format } else { .safetensors }
  }

  private var form: String {
    guard case .folder = target else { return format.rawValue }
    return "a folder with \(Quantity.items(plan.files.count, "safetensors file"))"
  }
  private var fates: FateReport { FateReport(merge.fates) }

  private var parameterCount: Int {
    merge.steps.reduce(0) { $0 + $1.output.shape.reduce(1, *) }
  }

  private var types: String {
    countsByType.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
  }

  /// The output's types with the number of tensors of each, the most frequent first.
  private var countsByType: [(name: String, count: Int)] {
    var counts: [DType: Int] = [:]
    for step in merge.steps { counts[step.output.dtype, default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
      .map { ($0.key.displayName, $0.value) }
  }

  /// What the devices do with memory, one text for each.
  private var memoryTexts: [String] {
    zip(merge.device.backends, memory).map { backend, memory in
      "\(Quantity.bytes(memory.totalByteCount)) in \(Quantity.items(memory.slotCount, "slot")), "
        + "blocks of \(memory.blockByteCount >> 10) KiB, at most \(memory.maximumInputCount) models "
        + "at a time" + (self.memory.count > 1 ? ", for \(escaped(backend.name))" : "")
    }
  }

  private static func json(_ backend: any Backend, _ memory: MemoryPlan) -> JSONValue {
    .object([
      ("name", .string(backend.name)),
      ("staging_bytes", .integer(memory.totalByteCount)),
      ("slots", .integer(memory.slotCount)),
      ("models_at_a_time", .integer(memory.maximumInputCount)),
    ])
  }

  private func describe(_ model: LoadedModel) -> String {
    let format = model.checkpoint.map { " (\($0.format.rawValue))" } ?? ""
    return escaped(model.label, limit: 4096) + format
  }
}
