/// One field of a zip entry's extra data.
struct ZipExtraField {
  var id: UInt16
  var content: [UInt8]

  /// Sizes and offsets of 64 bits.
  var isZip64: Bool { id == 1 }

  /// Info-ZIP's second copy of the name.
  var isUnicodePath: Bool { id == 0x7075 }

  /// Splits extra data into its fields, or returns nil if they do not fill it exactly.
  static func fields(of extra: [UInt8]) -> [ZipExtraField]? {
    var fields: [ZipExtraField] = []
    var position = 0
    while position < extra.count {
      guard extra.count - position >= 4 else { return nil }
      let start = position + 4
      let end = start + Int(extra.integer(UInt16.self, at: position + 2))
      guard end <= extra.count else { return nil }
      fields.append(
        ZipExtraField(
          id: extra.integer(UInt16.self, at: position), content: Array(extra[start..<end])))
      position = end
    }
    return fields
  }
}
