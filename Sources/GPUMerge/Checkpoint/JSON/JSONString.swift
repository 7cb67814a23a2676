/// A string inside JSON text: where it is, not what it says, so that a million of them cost nothing.
///
/// Made by `JSONScanner`, which has checked the escapes; the text it belongs to is passed in again.
package struct JSONString: Sendable, Hashable {
  /// The index of the first byte after the opening quote.
  package var start: Int
  /// The index of the closing quote.
  package var end: Int
  /// Whether the bytes between the quotes differ from what they mean.
  package var hasEscapes: Bool

  init(start: Int, end: Int, hasEscapes: Bool) {
    self.start = start
    self.end = end
    self.hasEscapes = hasEscapes
  }

  /// Finds a string again that was checked before, by the index after its opening quote.
  package init(checkedAt start: Int, in text: [UInt8]) {
    var rest = start
    while let end = text.endOfPlainText(from: rest), text[end] == UInt8(ascii: "\\") {
      rest = end + 2
    }
    self.init(
      start: start, end: text.endOfPlainText(from: rest) ?? text.count, hasEscapes: rest > start)
  }

  /// The UTF-8 bytes that the string stands for.
  package func unescaped(in text: [UInt8]) -> [UInt8] {
    guard hasEscapes else { return Array(text[start..<end]) }
    var result: [UInt8] = []
    result.reserveCapacity(end - start)
    var index = start
    while index < end {
      if text[index] == UInt8(ascii: "\\") {
        index = appendEscape(at: index + 1, in: text, to: &result)
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }

  /// The string itself.
  package func value(in text: [UInt8]) -> String {
    hasEscapes
      ? String(decoding: unescaped(in: text), as: UTF8.self)
      : String(decoding: text[start..<end], as: UTF8.self)
  }

  /// Whether both strings stand for the same bytes, however they are spelled.
  package func isSame(as other: JSONString, in text: [UInt8]) -> Bool {
    guard !hasEscapes, !other.hasEscapes else {
      return unescaped(in: text) == other.unescaped(in: text)
    }
    return text[start..<end] == text[other.start..<other.end]
  }

  /// Whether the string stands for the bytes of a literal, however it is spelled.
  package func isSame(as literal: StaticString, in text: [UInt8]) -> Bool {
    // An escaped byte takes up to 6 bytes; this spares long keys the trouble.
    guard end - start <= 6 * literal.utf8CodeUnitCount else { return false }
    return literal.withUTF8Buffer { bytes in
      guard !hasEscapes else { return unescaped(in: text).elementsEqual(bytes) }
      return end - start == bytes.count && zip(start..<end, bytes).allSatisfy { text[$0] == $1 }
    }
  }

  /// A hash of the bytes that the string stands for.
  func hash(in text: [UInt8]) -> Int {
    var hasher = Hasher()
    if hasEscapes {
      unescaped(in: text).withUnsafeBytes { hasher.combine(bytes: $0) }
    } else {
      text[start..<end].withUnsafeBytes { hasher.combine(bytes: $0) }
    }
    return hasher.finalize()
  }

  /// Appends what the escape whose letter is at `index` means; returns the index after it.
  private func appendEscape(at index: Int, in text: [UInt8], to result: inout [UInt8]) -> Int {
    switch text[index] {
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"): return appendUnicodeEscape(at: index + 1, in: text, to: &result)
    case let literal: result.append(literal)  // A quote, a backslash or a slash.
    }
    return index + 1
  }

  private func appendUnicodeEscape(
    at index: Int, in text: [UInt8], to result: inout [UInt8]
  ) -> Int {
    guard let first = UTF16.CodeUnit(hexDigits: text[index..<index + 4]) else { return index }
    guard UTF16.isLeadSurrogate(first),
      let second = UTF16.CodeUnit(hexDigits: text[index + 6..<index + 10])
    else {
      append(UInt32(first), to: &result)
      return index + 4
    }
    append(0x10000 + UInt32(first & 0x3FF) << 10 + UInt32(second & 0x3FF), to: &result)
    return index + 10
  }

  /// Appends the UTF-8 of a code point, which is no surrogate as the scanner has checked.
  private func append(_ codePoint: UInt32, to result: inout [UInt8]) {
    guard let scalar = Unicode.Scalar(codePoint) else { return }
    result.append(contentsOf: scalar.utf8)
  }
}

extension UTF16.CodeUnit {
  /// The value of four hexadecimal digits, or nil if they are not that.
  init?(hexDigits: ArraySlice<UInt8>) {
    guard hexDigits.count == 4 else { return nil }
    self = 0
    for digit in hexDigits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): self = self << 4 | UInt16(digit & 15)
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        self = self << 4 | UInt16(digit & 15 + 9)
      default: return nil
      }
    }
  }
}
