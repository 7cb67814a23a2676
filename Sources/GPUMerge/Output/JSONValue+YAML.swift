extension JSONValue {
  /// The value as a YAML document in block style, with a line's end.
  ///
  /// A text is quoted unless it cannot be anything but a text, whatever reads it.
  package var yamlText: String {
    var lines: [String] = []
    appendYAML(to: &lines, indentation: "", first: "")
    return lines.map { "\($0)\n" }.joined()
  }

  /// Appends lines; `first` stands at the start of the first of them instead of the indentation.
  private func appendYAML(to lines: inout [String], indentation: String, first: String) {
    var prefix = first
    switch self {
    case .object(let members) where !members.isEmpty:
      for member in members {
        let word = Self.yamlScalar(member.key)
        var key = "\(prefix)\(word):"
        if word.unicodeScalars.count > Self.yamlKeyLimit {
          lines.append("\(prefix)? \(word)")
          key = "\(indentation):"
        }
        member.value.appendYAML(
          to: &lines, after: key, indentation: "\(indentation)  ", listIndentation: indentation)
        prefix = indentation
      }
    case .array(let values) where !values.isEmpty:
      for value in values {
        value.appendYAML(to: &lines, indentation: "\(indentation)  ", first: "\(prefix)- ")
        prefix = indentation
      }
    default: lines.append(prefix + yamlWord)
    }
  }

  /// YAML ends a key that its value follows on the line at 1024 characters.
  private static let yamlKeyLimit = 1000

  /// Appends the value of a key: on its line, or below it.
  private func appendYAML(
    to lines: inout [String], after key: String, indentation: String, listIndentation: String
  ) {
    switch self {
    case .object(let members) where !members.isEmpty:
      lines.append(key)
      appendYAML(to: &lines, indentation: indentation, first: indentation)
    case .array(let values) where values.contains { !$0.isNumber }:
      lines.append(key)
      appendYAML(to: &lines, indentation: listIndentation, first: listIndentation)
    default: lines.append("\(key) \(yamlWord)")
    }
  }

  /// The value on one line, in flow style.
  private var yamlWord: String {
    switch self {
    case .string(let value): Self.yamlScalar(value)
    case .array(let values): "[\(values.map(\.yamlWord).joined(separator: ", "))]"
    default: text
    }
  }

  private var isNumber: Bool {
    switch self {
    case .integer, .unsigned, .number: true
    default: false
    }
  }

  /// A text as a YAML scalar: as it is if it is plainly a word or a path, else in double quotes.
  package static func yamlScalar(_ value: String) -> String {
    isPlain(value) ? value : "\"\(value.unicodeScalars.map(escaped).joined())\""
  }

  private static func isPlain(_ value: String) -> Bool {
    let bytes = Array(value.utf8)
    guard let first = bytes.first, bytes.allSatisfy(isPlain) else { return false }
    // Words that some version of YAML takes for something else than text.
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
    let isWord = isLetter(first) && !words.contains(value.lowercased())
    let isPath = value.contains("/") && (isLetter(first) || "./".utf8.contains(first))
    return isWord || isPath
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || "_-./@".utf8.contains(byte)
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar.value {
    case UInt32(UInt8(ascii: "\"")), UInt32(UInt8(ascii: "\\")): "\\\(scalar)"
    // Control characters, line ends, and what changes the direction of writing.
    case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
      0xFFF9...0xFFFF:
      "\\u" + hexadecimal(scalar.value, digits: 4)
    case 0x10000...: "\\U" + hexadecimal(scalar.value, digits: 8)
    default: String(scalar)
    }
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
