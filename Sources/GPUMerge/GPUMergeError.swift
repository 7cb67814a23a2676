public import SystemPackage

/// The one error type of GPUMerge: what is wrong, where, and what to do about it.
///
/// `description` is a complete message for a person; the other members are for programs.
public struct GPUMergeError: Error, Sendable, Hashable {
  /// What went wrong, stable across versions and fit for a log or a `switch`.
  public var kind: Kind
  /// The file that the error is about.
  public var file: FilePath?
  /// The tensor, zip member or JSON key that the error is about.
  public var subject: String?
  /// The byte offset in `file` where the problem was found.
  public var offset: Int?
  /// What is wrong, as a sentence fragment without a full stop.
  public var problem: String
  /// What the user can do about it, as a sentence without a full stop.
  public var advice: String? {
    get { ownAdvice ?? kind.advice }
    set { ownAdvice = newValue }
  }
  /// What to do about this very error, if more is known than from its kind.
  private var ownAdvice: String?

  /// Creates an error.
  public init(
    _ kind: Kind, _ problem: String, file: FilePath? = nil, subject: String? = nil,
    offset: Int? = nil, advice: String? = nil
  ) {
    self.kind = kind
    self.problem = problem
    self.file = file
    self.subject = subject
    self.offset = offset
    ownAdvice = advice
  }

  /// The kinds of error, one for each thing that a caller may want to tell apart.
  public enum Kind: String, Sendable, CaseIterable {
    // A checkpoint that cannot be trusted.
    case truncated
    case headerSize = "header_size"
    case headerUTF8 = "header_utf8"
    case headerJSON = "header_json"
    case duplicateKey = "duplicate_key"
    case badDType = "bad_dtype"
    case badShape = "bad_shape"
    case overflow
    case offset
    case hole
    case sizeMismatch = "size_mismatch"
    case trailingData = "trailing_data"
    case zipStructure = "zip_structure"
    case zipCRC = "zip_crc"
    case zipDuplicate = "zip_duplicate"
    case zipPath = "zip_path"
    case pickleTruncated = "pickle_truncated"
    case pickleOpcode = "pickle_opcode"
    case pickleStack = "pickle_stack"
    case pickleMemo = "pickle_memo"
    case pickleDepth = "pickle_depth"
    case pickleGlobal = "pickle_global"
    case persistentID = "persistent_id"
    case storageMissing = "storage_missing"
    case storageSize = "storage_size"
    case tensorBounds = "tensor_bounds"
    case tensorStride = "tensor_stride"
    case layoutUnsupported = "layout_unsupported"
    case notACheckpoint = "not_a_checkpoint"
    case unsupportedFormat = "unsupported_format"
    case inputChanged = "input_changed"
    case indexJSON = "index_json"
    case indexPath = "index_path"
    case indexMissingShard = "index_missing_shard"
    case indexMissingTensor = "index_missing_tensor"
    // Checkpoints that do not fit together, or values that cannot be averaged.
    case keyMismatch = "key_mismatch"
    case shapeMismatch = "shape_mismatch"
    case dtypeMismatch = "dtype_mismatch"
    case valueMismatch = "value_mismatch"
    // The request.
    case usage
    case configuration
    // The world.
    case inputMissing = "input_missing"
    case deviceUnavailable = "device_unavailable"
    case deviceFailure = "device_failure"
    case outputExists = "output_exists"
    case outputBusy = "output_busy"
    case resumeMismatch = "resume_mismatch"
    case cannotCreate = "cannot_create"
    case io
    case cancelled
    case `internal`
  }
}

extension GPUMergeError: CustomStringConvertible {
  /// The whole message, as in `file: 'tensor': problem (at byte N). Advice`.
  public var description: String {
    var text = ""
    if let file { text += "\(escaped(file.description, limit: 4096)): " }
    if let subject { text += "'\(escaped(subject))': " }
    text += problem
    if let offset { text += " (at byte \(offset))" }
    if let advice { text += (problem.contains("\n") ? "\n" : ". ") + advice }
    return text
  }
}

/// Makes text from a file fit to show: control characters escaped, cut to `limit` characters.
package func escaped(_ text: String, limit: Int = 80) -> String {
  var result = ""
  var count = 0
  for scalar in text.unicodeScalars {
    if count == limit { return result + "…" }
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
    count += 1
  }
  return result
}
