import Glibc
import SystemPackage

/// The command line, byte for byte.
///
/// A path on Linux is bytes, and a `String` is not: Swift replaces what is not UTF-8. Here, each such
/// byte becomes a character that nobody uses, from which `FilePath(argument:)` makes the byte again.
enum CommandLineBytes {
  /// The last private-use characters of Unicode stand for the bytes 0x00...0xFF.
  private static let first: UInt32 = 0x10FE00

  /// The arguments without the program's name.
  static var arguments: [String] {
    let count = Int(CommandLine.argc)
    guard count > 1 else { return [] }
    return (1..<count).compactMap { index in
      CommandLine.unsafeArgv[index].map { text in
        escaped(UnsafeRawBufferPointer(start: text, count: strlen(text)))
      }
    }
  }

  /// Bytes as a string, with those that are not UTF-8 escaped.
  static func escaped(_ bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self),
      !text.unicodeScalars.contains(where: isEscape)
    {
      return text
    }
    var result = String.UnicodeScalarView()
    var rest = bytes[...]
    while let byte = rest.first {
      let length = min(rest.count, 4)
      // The shortest prefix that is a character, if there is one.
      let character = (1...length).lazy.compactMap { count in
        String(validating: rest.prefix(count), as: UTF8.self)?.unicodeScalars.first
      }.first
      if let character, !isEscape(character) {
        result.append(character)
        rest = rest.dropFirst(UTF8.width(character))
      } else if let escape = Unicode.Scalar(first + UInt32(byte)) {
        result.append(escape)
        rest = rest.dropFirst()
      }
    }
    return String(result)
  }

  /// The bytes that were escaped.
  static func bytes(of text: String) -> [UInt8] {
    text.unicodeScalars.flatMap { scalar in
      isEscape(scalar) ? [UInt8(truncatingIfNeeded: scalar.value - first)] : Array(scalar.utf8)
    }
  }

  private static func isEscape(_ scalar: Unicode.Scalar) -> Bool {
    (first...first + 0xFF).contains(scalar.value)
  }
}

extension FilePath {
  /// The path that an argument of the command line means.
  init(argument text: String) {
    let bytes = CommandLineBytes.bytes(of: text).map { CChar(bitPattern: $0) }
    self.init(platformString: bytes + [0])
  }
}
