extension JSONValue: CustomStringConvertible {
  /// The value as JSON, on one line.
  package var description: String { text }

  /// The value as JSON, on one line.
  package var text: String {
    var bytes: [UInt8] = []
    append(to: &bytes, indentation: nil)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The value as JSON with one member or element a line, indented by 2 as Hugging Face's files are,
  /// and with a line's end.
  package var indentedText: String {
    var bytes: [UInt8] = []
    append(to: &bytes, indentation: 0)
    bytes.append(UInt8(ascii: "\n"))
    return String(decoding: bytes, as: UTF8.self)
  }

  private func append(to bytes: inout [UInt8], indentation: Int?) {
    switch self {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: "\(value)".utf8)
    case .integer(let value): bytes.append(contentsOf: "\(value)".utf8)
    case .unsigned(let value): bytes.append(contentsOf: "\(value)".utf8)
    // JSON has no NaN and no infinity.
    case .number(let value): bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
    case .string(let value): bytes.appendJSONString(value.utf8)
    case .array(let values):
      bytes.appendList(values, in: "[]", indentation) { value, bytes, indentation in
        value.append(to: &bytes, indentation: indentation)
      }
    case .object(let members):
      bytes.appendList(members, in: "{}", indentation) { member, bytes, indentation in
        bytes.appendJSONString(member.key.utf8)
        bytes.append(contentsOf: (indentation == nil ? ":" : ": ").utf8)
        member.value.append(to: &bytes, indentation: indentation)
      }
    }
  }
}

extension [UInt8] {
  fileprivate mutating func appendList<T>(
    _ elements: [T], in brackets: String, _ indentation: Int?,
    _ appendElement: (T, inout [UInt8], Int?) -> Void
  ) {
    append(contentsOf: brackets.utf8.prefix(1))
    let inner = indentation.map { $0 + 2 }
    for (index, element) in elements.enumerated() {
      if index > 0 { append(UInt8(ascii: ",")) }
      appendLineEnd(inner)
      appendElement(element, &self, inner)
    }
    if !elements.isEmpty { appendLineEnd(indentation) }
    append(contentsOf: brackets.utf8.suffix(1))
  }

  private mutating func appendLineEnd(_ indentation: Int?) {
    guard let indentation else { return }
    append(UInt8(ascii: "\n"))
    append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation))
  }
}
