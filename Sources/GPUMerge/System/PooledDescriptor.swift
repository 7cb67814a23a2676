import Glibc
import Synchronization
import SystemPackage

/// The descriptor of an input file, which is closed at times while nobody reads from it.
///
/// Readers pin it. That takes one atomic operation and no lock as long as the file is open, because a
/// merge does it hundreds of thousands of times.
final class PooledDescriptor: Sendable {
  /// The path as the user gave it.
  let path: FilePath
  let status: FileStatus
  /// The path that still leads there when the process has another working folder.
  let absolutePath: FilePath
  private let options: CInt
  /// The number of readers (the low 32 bits), the descriptor plus 1 or 0 if it is closed (the next
  /// 31), and whether it was used since the pool last looked (the highest).
  private let word: Atomic<UInt64>

  private static let usedMark: UInt64 = 1 << 63

  /// Takes over a descriptor that was just opened, with options as of `open`.
  init(
    _ descriptor: consuming OwnedDescriptor, path: FilePath, options: CInt = 0
  ) throws(Errno) {
    self.options = options
    status = try FileStatus(of: descriptor.number)
    self.path = path
    absolutePath = path.isAbsolute ? path : Self.workingFolder.pushing(path)
    word = Atomic(Self.word(descriptor.take(), readers: 0))
  }

  /// The descriptor, kept open until `unpin`; nil if it is closed.
  func pinIfOpen() -> CInt? {
    var old = word.load(ordering: .relaxed)
    while let number = Self.descriptor(old) {
      let (isDone, current) = word.weakCompareExchange(
        expected: old, desired: (old + 1) | Self.usedMark, ordering: .acquiring)
      if isDone { return number }
      old = current
    }
    return nil
  }

  func unpin() { word.subtract(1, ordering: .releasing) }

  /// Closes the descriptor unless it is in use or was used since the last call.
  ///
  /// Only the pool calls this, one call at a time.
  func closeIfIdle() -> Bool {
    let old = word.load(ordering: .relaxed)
    guard old & Self.usedMark == 0 else {
      word.bitwiseAnd(~Self.usedMark, ordering: .relaxed)
      return false
    }
    guard let number = Self.descriptor(old), UInt32(truncatingIfNeeded: old) == 0,
      word.compareExchange(expected: old, desired: 0, ordering: .acquiring).exchanged
    else { return false }
    close(number)
    return true
  }

  /// Closes the descriptor for good; there are no readers any more.
  func closeFinally() {
    if let number = Self.descriptor(word.exchange(0, ordering: .acquiring)) { close(number) }
  }

  /// Takes over a descriptor for the same file, for one reader.
  func resume(_ descriptor: consuming OwnedDescriptor) -> CInt {
    let number = descriptor.take()
    word.store(Self.word(number, readers: 1) | Self.usedMark, ordering: .releasing)
    return number
  }

  /// Checks that the file at the path is still the one that was opened first.
  func check(_ number: CInt) throws(GPUMergeError) {
    let now: FileStatus
    do throws(Errno) {
      now = try FileStatus(of: number)
    } catch {
      throw GPUMergeError(.io, "cannot read the file's status: \(error)", file: path)
    }
    guard now == status else { throw changed() }
  }

  func changed(_ problem: String = "the file changed while it was read") -> GPUMergeError {
    GPUMergeError(
      .inputChanged, problem, file: path,
      advice: "Wait until whatever writes it has finished, then merge again")
  }

  /// Opens the file again. (`open`)
  func openAgain() throws(Errno) -> OwnedDescriptor {
    try OwnedDescriptor(opening: absolutePath, options: options)
  }

  private static func word(_ descriptor: CInt, readers: UInt64) -> UInt64 {
    UInt64(descriptor + 1) << 32 | readers
  }

  private static func descriptor(_ word: UInt64) -> CInt? {
    let number = CInt(truncatingIfNeeded: word >> 32 & 0x7FFF_FFFF)
    return number == 0 ? nil : number - 1
  }

  /// So that a file is found again after somebody changed the working folder of the process.
  private static var workingFolder: FilePath {
    guard let path = getcwd(nil, 0) else { return "." }
    defer { free(path) }
    return FilePath(platformString: path)
  }
}
