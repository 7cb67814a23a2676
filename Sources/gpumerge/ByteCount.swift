import ArgumentParser

/// An amount of memory as people write it: 512MiB, 2G, 1GB, 1000000000.
struct ByteCount: Sendable, Hashable {
  /// The bytes.
  var value: Int

  /// Less than this is a slip, such as a forgotten unit.
  static let minimum = 1 << 20

  init(parsing text: String, minimum: Int = Self.minimum) throws {
    let number = text.prefix { $0.isNumber || $0 == "." }
    guard let amount = Double(number),
      let unit = Self.units[text.dropFirst(number.count).lowercased()]
    else {
      throw ValidationError("Give a number and a unit, such as 512MiB, 2G or 1GB")
    }
    guard let value = Int(exactly: (amount * unit).rounded()) else {
      throw ValidationError("That is more than there can be")
    }
    guard value >= minimum else {
      throw ValidationError(
        minimum == Self.minimum
          ? "That is less than the 1MiB that a merge needs at the least" : "That is too little")
    }
    self.value = value
  }

  private static let units: [String: Double] = [
    "": 1, "b": 1,
    "k": 1024, "kib": 1024, "kb": 1e3,
    "m": 0x1p20, "mib": 0x1p20, "mb": 1e6,
    "g": 0x1p30, "gib": 0x1p30, "gb": 1e9,
    "t": 0x1p40, "tib": 0x1p40, "tb": 1e12,
  ]
}
