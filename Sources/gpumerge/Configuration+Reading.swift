import GPUMerge
import SystemPackage
import Yams

extension Configuration {
  /// Much more than any configuration needs.
  private static let maximumByteCount = 1 << 20
  /// Each alias may double what it stands for, and nest it deeper; no configuration needs many.
  private static let maximumAliasCount = 16

  /// Reads a configuration file, whose method is not looked at if the command line names another.
  init(contentsOf file: FilePath, ignoringMethod: Bool = false) throws(GPUMergeError) {
    let text = try Self.text(of: file)
    guard Self.possibleAliasCount(in: text) <= Self.maximumAliasCount else {
      throw GPUMergeError(
        .configuration, "there are more than \(Self.maximumAliasCount) YAML aliases", file: file,
        advice: "Write out what they stand for")
    }
    guard let root = try Self.root(of: text, file: file) else {
      throw GPUMergeError(.configuration, "the file is empty", file: file)
    }
    self = try ConfigurationReader(file: file, ignoresMethod: ignoringMethod).configuration(root)
  }

  private static func text(of file: FilePath) throws(GPUMergeError) -> String {
    var bytes: [UInt8]
    do {
      let descriptor = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
      bytes = try descriptor.closeAfter { try read(descriptor) }
    } catch {
      switch error as? Errno {
      case .noSuchFileOrDirectory:
        throw GPUMergeError(.inputMissing, "there is no such file", file: file)
      case .isDirectory:
        throw GPUMergeError(
          .io, "this is a folder, not a file", file: file, advice: "Name the configuration in it")
      default: throw GPUMergeError(.io, "cannot read the file: \(error)", file: file)
      }
    }
    guard bytes.count <= maximumByteCount else {
      throw GPUMergeError(
        .configuration, "the file is larger than \(maximumByteCount >> 10) KiB", file: file,
        advice: "Give a YAML configuration, not a model")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw GPUMergeError(.configuration, "the file is not UTF-8 text", file: file)
    }
    return text
  }

  /// Up to one byte more than the maximum; a pipe can be read, too.
  private static func read(_ descriptor: FileDescriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= maximumByteCount {
      let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
      guard count > 0 else { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    return bytes
  }

  /// How many aliases there can be at most: every `*` before a character that names can have.
  private static func possibleAliasCount(in text: String) -> Int {
    var count = 0
    var previous: UInt8 = 0
    for byte in text.utf8 {
      if previous == UInt8(ascii: "*"), Self.isNameCharacter(byte) { count += 1 }
      previous = byte
    }
    return count
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), 0x80...:
      true
    default: false
    }
  }

  private static func root(of text: String, file: FilePath) throws(GPUMergeError) -> Node? {
    do {
      return try Parser(yaml: text, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
      throw error.asMergeError(file: file)
    } catch {
      throw GPUMergeError(.configuration, "\(error)", file: file)
    }
  }
}

extension YamlError {
  /// The error without the excerpt of the file that Yams adds.
  fileprivate func asMergeError(file: FilePath) -> GPUMergeError {
    switch self {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      GPUMergeError(.configuration, "this is not YAML: \(problem)")
        .located(in: file, line: mark.line)
    case .duplicatedKeysInMapping(let duplicates, let context):
      GPUMergeError(
        .configuration, "the key '\(escaped(duplicates.first ?? ""))' is there more than once"
      ).located(in: file, line: context.mark.line)
    case .reader(let problem, _, _, _):
      GPUMergeError(.configuration, "this is not YAML: \(problem)", file: file)
    default:
      GPUMergeError(.configuration, "this is not YAML: \(self)", file: file)
    }
  }
}
