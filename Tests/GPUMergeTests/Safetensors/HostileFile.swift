import GPUMerge
import Testing

/// A file that lies, named after the lie, and how it must be refused.
struct HostileFile: Sendable, CustomTestStringConvertible {
  let lie: String
  let bytes: [UInt8]
  let kind: GPUMergeError.Kind
  /// The byte that the error must name, or nil if that does not matter.
  let offset: Int?
  /// The subject that the error must have, or nil if that does not matter.
  let subject: String?

  var testDescription: String { lie }

  init(
    _ lie: String, _ bytes: [UInt8], _ kind: GPUMergeError.Kind, offset: Int? = nil,
    subject: String? = nil
  ) {
    self.lie = lie
    self.bytes = bytes
    self.kind = kind
    self.offset = offset
    self.subject = subject
  }

  /// A header in which `†` marks the byte that the error must name; it is not part of the header.
  init(
    _ lie: String, _ header: String, data: Int = 0, _ kind: GPUMergeError.Kind,
    subject: String? = nil
  ) {
    let parts = header.split(separator: "†", maxSplits: 1, omittingEmptySubsequences: false)
    self.init(
      lie,
      safetensors(
        parts.map { Array($0.utf8) }.joined(), data: [UInt8](repeating: 0x55, count: data)),
      kind, offset: parts.count == 2 ? 8 + parts[0].utf8.count : nil, subject: subject)
  }

  /// A header with one tensor, `w`.
  init(
    _ lie: String, dtype: String = #""F32""#, shape: String = "[4]", offsets: String = "[0,16]",
    extra: String = "", data: Int = 16, _ kind: GPUMergeError.Kind
  ) {
    let fields = #""dtype":\#(dtype),"shape":\#(shape),"data_offsets":\#(offsets)\#(extra)"#
    self.init(lie, #"{"w":{\#(fields)}}"#, data: data, kind, subject: "w")
  }
}
