extension [UInt8] {
  /// Appends a string in double quotes, escaped exactly as Rust's serde_json does.
  package mutating func appendJSONString(_ utf8: some Sequence<UInt8>) {
    append(UInt8(ascii: "\""))
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0..<0x20: append(contentsOf: controlEscape(byte).utf8)
      default: append(byte)
      }
    }
    append(UInt8(ascii: "\""))
  }

  /// Appends an array of numbers from 0 on, without spaces.
  mutating func appendJSONArray(_ numbers: [Int]) {
    append(UInt8(ascii: "["))
    for (index, number) in numbers.enumerated() {
      if index > 0 { append(UInt8(ascii: ",")) }
      appendDigits(of: number)
    }
    append(UInt8(ascii: "]"))
  }

  /// Appends a number from 0 on; a text of its own for each of a million would take longer.
  private mutating func appendDigits(of number: Int) {
    var unit = 1
    while number / unit >= 10 { unit *= 10 }
    while unit > 0 {
      append(UInt8(ascii: "0") + UInt8(number / unit % 10))
      unit /= 10
    }
  }
}

private func controlEscape(_ byte: UInt8) -> String {
  switch byte {
  case 0x08: "\\b"
  case 0x09: "\\t"
  case 0x0A: "\\n"
  case 0x0C: "\\f"
  case 0x0D: "\\r"
  default: "\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
  }
}
