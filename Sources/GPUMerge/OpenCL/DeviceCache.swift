import Synchronization
public import SystemPackage

/// A folder in which compiled kernels, and what is known of drivers, are kept from one process to the
/// next.
///
/// It saves time and does nothing else: without it, or with anything wrong in it, kernels are compiled
/// and drivers looked at again, and there is no error. Only files that this user alone can have written
/// are read. Processes may share the folder; it does not grow beyond 64 MiB.
public final class DeviceCache: Sendable {
  private let files: CacheFolder
  /// The kernels that this process has already, by the names of their files.
  let kernels = Mutex<[String: [UInt8]]>([:])

  private static let byteCountLimit = 64 << 20
  private static let entryByteCountLimit = 16 << 20

  /// Uses a folder, which is created when there is something to keep.
  public init(folder: FilePath) {
    files = CacheFolder(path: folder)
  }

  /// The cache of the program gpumerge for this user: `$GPUMERGE_CACHE`, where an empty one means none, else
  /// `$XDG_CACHE_HOME/gpumerge`, else `~/.cache/gpumerge`; nil if none is known.
  public static var standard: DeviceCache? { DeviceCache(environment: Environment.value(of:)) }

  /// The cache in an environment.
  package convenience init?(environment: (String) -> String?) {
    if let folder = environment("GPUMERGE_CACHE") {
      guard !folder.isEmpty else { return nil }
      self.init(folder: FilePath(folder))
      return
    }
    func absolute(_ name: String) -> FilePath? {
      environment(name).map { FilePath($0) }.flatMap { $0.isAbsolute ? $0 : nil }
    }
    let caches = absolute("XDG_CACHE_HOME") ?? absolute("HOME")?.appending(".cache")
    guard let caches else { return nil }
    self.init(folder: caches.appending("gpumerge"))
  }

  package var folder: FilePath { files.path }

  // MARK: Entries

  /// What an entry is about.
  package enum Kind: String {
    case kernel
    case drivers
  }

  /// The name of an entry that stands for all of these texts.
  package static func name(_ kind: Kind, of texts: [String]) -> String {
    var sum = SHA256()
    for text in texts {
      var text = text
      // With its length, so that no two lists are taken for the same.
      withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { sum.add($0) }
      text.withUTF8 { sum.add(UnsafeRawBufferPointer($0)) }
    }
    return "\(sum.hexadecimal()).\(kind.rawValue)"
  }

  /// Takes an entry away, to be kept again after it has done no harm; nil if there is none.
  ///
  /// A driver may crash on what it gave itself, or on what it was at another time. A process that ends
  /// in between leaves no entry, so that this does not happen again and again. Of several processes, one
  /// takes it.
  package func take(_ name: String) -> [UInt8]? {
    let bytes = files.read(name, limit: Self.entryByteCountLimit)
    guard let bytes, files.remove(name) else { return nil }
    let headerByteCount = Self.header(name, []).count
    guard bytes.count >= headerByteCount else { return nil }
    let content = Array(bytes[headerByteCount...])
    return bytes.starts(with: Self.header(name, content)) ? content : nil
  }

  /// Keeps an entry, in the place of another of this name; one that is new may be one too many.
  package func keep(_ content: [UInt8], as name: String, isNew: Bool) {
    let entry = Self.header(name, content) + content
    guard entry.count <= Self.entryByteCountLimit else { return }
    files.write(entry, as: name)
    if isNew { files.shrink(to: Self.byteCountLimit, Self.isEntry) }
  }

  /// What comes before an entry's content: what this is, the version of the format, the name, and the
  /// content's length and SHA-256.
  private static func header(_ name: String, _ content: [UInt8]) -> [UInt8] {
    var header = Array("gpumerge cache 1 \(name) ".utf8)
    header.append(littleEndian: UInt64(content.count))
    return header + Array(sha256(content).utf8)
  }

  /// Whether a name is that of an entry, whole or half written: others in the folder are not ours.
  private static func isEntry(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return (2...3).contains(parts.count) && parts[0].count == 64
      && parts[0].allSatisfy(\.isHexDigit) && Kind(rawValue: String(parts[1])) != nil
  }
}
