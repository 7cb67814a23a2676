import GPUMerge

/// A JSON value whose members keep their order.
enum JSONValue {
  case null
  case bool(Bool)
  case integer(Int)
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([(String, JSONValue)])

  /// A method's parameters by name.
  static func parameters(_ parameters: [MethodParameter]) -> JSONValue {
    .object(
      parameters.map { parameter in
        let value: JSONValue =
          switch parameter.value {
          case .flag(let value): .bool(value)
          case .integer(let value): .unsigned(value)
          case .number(let value): .number(value)
          case .numbers(let values): .array(values.map(JSONValue.number))
          }
        return (parameter.name, value)
      })
  }

  /// The value as JSON, on one line.
  var text: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func append(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: "\(value)".utf8)
    case .integer(let value): bytes.append(contentsOf: "\(value)".utf8)
    case .unsigned(let value): bytes.append(contentsOf: "\(value)".utf8)
    // JSON has no NaN and no infinity.
    case .number(let value): bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
    case .string(let value): bytes.appendJSONString(value.utf8)
    case .array(let values):
      bytes.appendList(values, in: "[]") { value, bytes in value.append(to: &bytes) }
    case .object(let members):
      bytes.appendList(members, in: "{}") { member, bytes in
        bytes.appendJSONString(member.0.utf8)
        bytes.append(UInt8(ascii: ":"))
        member.1.append(to: &bytes)
      }
    }
  }
}

extension [UInt8] {
  fileprivate mutating func appendList<T>(
    _ elements: [T], in brackets: String, _ appendElement: (T, inout [UInt8]) -> Void
  ) {
    append(contentsOf: brackets.utf8.prefix(1))
    for (index, element) in elements.enumerated() {
      if index > 0 { append(UInt8(ascii: ",")) }
      appendElement(element, &self)
    }
    append(contentsOf: brackets.utf8.suffix(1))
  }
}
