extension JSONScanner {
  /// Reads `null` if it is next.
  package mutating func null() -> Bool { literal("null") }

  /// Reads a value of any kind, however it is nested.
  package mutating func skipValue() throws(GPUMergeError) {
    let depth = containers.count
    try skipScalarOrBegin()
    while let container = containers.last, containers.count > depth {
      let isMore = container.isObject ? try nextKey() != nil : try nextElement()
      if isMore { try skipScalarOrBegin() }
    }
  }

  private mutating func skipScalarOrBegin() throws(GPUMergeError) {
    switch peek() {
    case UInt8(ascii: "{"): try beginObject("an object")
    case UInt8(ascii: "["): try beginArray("an array")
    case UInt8(ascii: "\""): _ = try string("a string")
    case let byte? where byte == UInt8(ascii: "-") || byte.isDigit: try skipNumber()
    default:
      guard literal("null") || literal("true") || literal("false") else {
        throw unexpected("a value")
      }
    }
  }

  private mutating func literal(_ word: StaticString) -> Bool {
    _ = peek()
    let end = position + word.utf8CodeUnitCount
    guard end <= text.count,
      word.withUTF8Buffer({ $0.elementsEqual(text[position..<end]) })
    else { return false }
    position = end
    return true
  }
}

extension JSONScanner {
  /// Reads an integer without sign, fraction, exponent or leading zero, of at most 64 bits.
  package mutating func unsignedInteger(_ expected: String) throws(GPUMergeError) -> UInt64 {
    guard let first = peek(), first.isDigit else { throw unexpected(expected) }
    let start = position
    var value: UInt64 = 0
    while position < text.count, text[position].isDigit {
      let (product, isLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isTooLarge) = product.addingReportingOverflow(UInt64(text[position] & 15))
      guard !isLarge, !isTooLarge else {
        throw unreadable("the number does not fit in 64 bits", .overflow, at: start)
      }
      value = sum
      position += 1
    }
    if first == UInt8(ascii: "0"), position > start + 1 {
      throw unreadable("expected \(expected), found a number with a leading zero", at: start)
    }
    if position < text.count, text[position] == UInt8(ascii: ".") || text[position].isExponentMark {
      throw unreadable("expected \(expected), found a fraction or an exponent", at: start)
    }
    return value
  }

  private mutating func skipNumber() throws(GPUMergeError) {
    if text[position] == UInt8(ascii: "-") { position += 1 }
    let start = position
    try skipDigits()
    if text[start] == UInt8(ascii: "0"), position > start + 1 {
      throw unreadable("a number has a leading zero", at: start)
    }
    if position < text.count, text[position] == UInt8(ascii: ".") {
      position += 1
      try skipDigits()
    }
    if position < text.count, text[position].isExponentMark {
      position += 1
      if position < text.count, "+-".utf8.contains(text[position]) { position += 1 }
      try skipDigits()
    }
  }

  private mutating func skipDigits() throws(GPUMergeError) {
    guard position < text.count, text[position].isDigit else { throw unexpected("a digit") }
    while position < text.count, text[position].isDigit { position += 1 }
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  fileprivate var isExponentMark: Bool { self == UInt8(ascii: "e") || self == UInt8(ascii: "E") }
}
