extension JSONScanner {
  /// Reads the rest of a string whose opening quote has been read.
  mutating func scanString() throws(GPUMergeError) -> JSONString {
    let start = position
    var rest = start
    var hasEscapes = false
    while let index = text.endOfPlainText(from: rest) {
      switch text[index] {
      case UInt8(ascii: "\""):
        position = index + 1
        return JSONString(start: start, end: index, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        rest = try scanEscape(at: index)
      default: throw unreadable("a control character in a string is not escaped", at: index)
      }
    }
    throw unreadable("the text ends inside a string", at: text.count)
  }

  /// Checks the escape whose backslash is at `index`; returns the index after it.
  private func scanEscape(at index: Int) throws(GPUMergeError) -> Int {
    guard index + 1 < text.count else {
      throw unreadable("the text ends inside a string", at: index)
    }
    switch text[index + 1] {
    case UInt8(ascii: "u"): break
    case let letter where "\"\\/bfnrt".utf8.contains(letter): return index + 2
    default: throw unreadable("there is no such escape in JSON", at: index)
    }
    let first = try unicodeEscape(at: index)
    guard UTF16.isSurrogate(first) else { return index + 6 }
    guard UTF16.isLeadSurrogate(first), text[(index + 6)...].starts(with: "\\u".utf8),
      UTF16.isTrailSurrogate(try unicodeEscape(at: index + 6))
    else { throw unreadable("an escape is half of a surrogate pair", at: index) }
    return index + 12
  }

  private func unicodeEscape(at index: Int) throws(GPUMergeError) -> UTF16.CodeUnit {
    guard index + 6 <= text.count,
      let unit = UTF16.CodeUnit(hexDigits: text[index + 2..<index + 6])
    else { throw unreadable("four hexadecimal digits must follow \\u", at: index) }
    return unit
  }
}

extension [UInt8] {
  /// The index of the first byte from `start` on that a JSON string cannot have as it is: a quote, a
  /// backslash or a control character.
  func endOfPlainText(from start: Int) -> Int? {
    withUnsafeBufferPointer { bytes in
      bytes[start...].firstIndex {
        $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") || $0 < 0x20
      }
    }
  }
}
