import Kernels

/// A SHA-256 of bytes that come piece by piece.
package struct SHA256 {
  private var sum = gm_sha256()

  package init() { gm_sha256_begin(&sum) }

  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    gm_sha256_add(&sum, bytes.baseAddress, bytes.count)
  }

  /// The sum, in hexadecimal.
  package consuming func hexadecimal() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    gm_sha256_end(&sum, &digest)
    let digits = Array("0123456789abcdef")
    return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}

/// The SHA-256 of bytes, in hexadecimal.
package func sha256(_ bytes: [UInt8]) -> String {
  var sum = SHA256()
  bytes.withUnsafeBytes { sum.add($0) }
  return sum.hexadecimal()
}
