extension JSONValue {
  /// Reads a whole text, strictly; violations have the kind `errorKind`.
  package init(
    parsing text: [UInt8], errorKind: GPUMergeError.Kind = .configuration
  ) throws(GPUMergeError) {
    var scanner = try JSONScanner(text, errorKind: errorKind)
    self = try scanner.value()
    try scanner.end()
  }
}

extension JSONScanner {
  /// Reads a value of any kind; it is as deep as the scanner's limit at most.
  package mutating func value() throws(GPUMergeError) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"):
      try beginObject("an object")
      var members: [JSONValue.Member] = []
      while let key = try nextKey() {
        members.append(JSONValue.Member(key.value(in: text), try value()))
      }
      return .object(members)
    case UInt8(ascii: "["):
      try beginArray("an array")
      var values: [JSONValue] = []
      while try nextElement() { values.append(try value()) }
      return .array(values)
    case UInt8(ascii: "\""): return .string(try string("a string").value(in: text))
    default: return try scalar()
    }
  }

  private mutating func scalar() throws(GPUMergeError) -> JSONValue {
    let start = position
    try skipValue()
    let word = String(decoding: text[start..<position], as: UTF8.self)
    switch word {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    if let value = Int(word) { return .integer(value) }
    if let value = UInt64(word) { return .unsigned(value) }
    guard let value = Double(word), value.isFinite else {
      throw unreadable("the number is too large", at: start)
    }
    return .number(value)
  }
}
