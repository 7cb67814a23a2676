import GPUMerge

/// What happens to every tensor, told to people and to programs.
struct FateReport {
  private let fates: [TensorFate]

  /// More than a person reads.
  private static let maximumLineCount = 20

  init(_ fates: [TensorFate]) { self.fates = fates }

  /// How many tensors meet each fate, the most frequent first.
  var counts: String {
    var counts: [TensorFate.Kind: Int] = [:]
    for fate in fates { counts[fate.kind, default: 0] += 1 }
    return TensorFate.Kind.allCases.compactMap { kind in
      counts[kind].map { "\($0) \(kind.rawValue)" }
    }.joined(separator: ", ")
  }

  /// The tensors that are not just merged like all others, as lines.
  var lines: [String] {
    let special = fates.filter { $0.kind != .merged || $0.reason != nil }
    let lines = special.prefix(Self.maximumLineCount).map { fate in
      let reason = fate.reason.map { " (\($0))" } ?? ""
      return "\(fate.kind.rawValue) \(escaped(fate.name.description))\(reason)"
    }
    let rest = special.count - lines.count
    return rest > 0 ? lines + ["and \(rest) more (see --json)"] : lines
  }

  /// Every tensor's fate.
  var json: JSONValue {
    .array(
      fates.map { fate in
        .object([
          ("name", .string(fate.name.description)),
          ("dtype", .string(fate.dtype.displayName)),
          ("shape", .array(fate.shape.map(JSONValue.integer))),
          ("fate", .string(fate.kind.rawValue)),
          ("reason", fate.reason.map(JSONValue.string) ?? .null),
          ("models", .integer(fate.modelCount)),
          ("tied_to", fate.tiedTo.map { .string($0.description) } ?? .null),
        ])
      })
  }
}
