/// The name of a tensor, compared byte by byte.
///
/// `String` compares by canonical equivalence: "é" in one and in two code points are equal, which
/// would merge two tensors of a checkpoint into one. A tensor's name is its UTF-8 bytes.
public struct TensorName: Hashable, Sendable {
  /// The name's bytes, always valid UTF-8.
  public let utf8: [UInt8]

  /// Creates a name from bytes, or nil if they are not valid UTF-8.
  public init?(validating utf8: some Sequence<UInt8>) {
    let bytes = Array(utf8)
    guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
    self.utf8 = bytes
  }

  /// Creates a name from bytes that were found to be valid UTF-8.
  init(valid utf8: [UInt8]) {
    self.utf8 = utf8
  }

  /// Creates a name from a string.
  public init(_ string: String) {
    utf8 = Array(string.utf8)
  }
}

extension TensorName {
  /// Hashes the bytes in one go, which takes a fraction of the time of one after the other.
  public func hash(into hasher: inout Hasher) {
    utf8.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}

extension TensorName: Comparable {
  /// Orders names by their bytes, as Rust and Python (for UTF-8) do.
  public static func < (left: TensorName, right: TensorName) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }
}

extension TensorName: ExpressibleByStringLiteral, CustomStringConvertible {
  /// Creates a name from a literal.
  public init(stringLiteral value: String) { self.init(value) }

  /// The name as a string.
  public var description: String { String(decoding: utf8, as: UTF8.self) }
}
