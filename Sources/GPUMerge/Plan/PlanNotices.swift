/// What was decided without being asked for, gathered so that many tensors make one warning.
struct PlanNotices {
  /// The kinds of notice, in the order in which they are told.
  enum Kind: Int {
    case untied
    case standIn
    case leftOut
    case copied
    case ownType
  }

  private var names: [Key: [TensorName]] = [:]
  private var order: [Key] = []

  private struct Key: Hashable {
    var kind: Kind
    var text: String
  }

  /// Notes that something holds for a tensor.
  mutating func add(_ kind: Kind, _ name: TensorName, _ text: String) {
    let key = Key(kind: kind, text: text)
    if names[key] == nil { order.append(key) }
    names[key, default: []].append(name)
  }

  /// One warning for each thing that holds, with the names it holds for.
  var warnings: [String] {
    order.sorted { $0.kind.rawValue < $1.kind.rawValue }.map { key in
      let names = names[key] ?? []
      let shown = names.prefix(5).map { "'\(escaped($0.description))'" }.joined(separator: ", ")
      let rest = names.count > 5 ? " and \(names.count - 5) more" : ""
      return "\(shown)\(rest): \(key.text)"
    }
  }
}
