extension JSONValue {
  /// Whether two settings mean the same: numbers are compared by value, and the members of objects
  /// have no order, nor have the elements of lists if these stand for sets.
  func isSame(as other: JSONValue, listsAreSets: Bool = false) -> Bool {
    normalText(listsAreSets) == other.normalText(listsAreSets)
  }

  /// Text that is the same for all spellings of one value.
  private func normalText(_ listsAreSets: Bool) -> String {
    switch self {
    case .array(let values):
      let texts = values.map { $0.normalText(listsAreSets) }
      return "[\((listsAreSets ? Set(texts).sorted() : texts).joined(separator: ","))]"
    case .object(let members):
      let texts = members.map {
        JSONValue.string($0.key).text + ":" + $0.value.normalText(listsAreSets)
      }
      return "{\(texts.sorted().joined(separator: ","))}"
    case .integer(let value): return "\(Double(value))"
    case .unsigned(let value): return "\(Double(value))"
    case .number(let value): return "\(value)"
    default: return text
    }
  }
}
