import Glibc
import Synchronization
import SystemPackage

/// Keeps the number of open input files within what the process may have.
///
/// A hundred models with many shards each are more files than most systems let a process open at a
/// time. A file that nobody reads from, and that was not used lately, is closed to make room, and
/// opened again when it is needed.
package final class DescriptorPool: Sendable {
  /// The pool of all input files, unless a test has its own.
  package static let shared = DescriptorPool()

  private struct State {
    var open: [PooledDescriptor] = []
    /// The place in `open` of the next file to consider for closing.
    var hand = 0
    var capacity: Int
    /// Whether the limit of the process may still be raised.
    var canRaise: Bool
  }

  private let state: Mutex<State>

  /// Creates a pool for `capacity` files, or for as many as the process may have.
  package init(capacity: Int? = nil) {
    state = Mutex(
      State(
        capacity: capacity ?? Self.capacity(forLimit: DescriptorLimit.current),
        canRaise: capacity == nil))
  }

  /// The number of files that are open.
  package var openCount: Int { state.withLock { $0.open.count } }

  /// Opens a file or folder that the caller closes, or hands in with `add`.
  func open(
    _ path: FilePath, in folder: CInt = AT_FDCWD, options: CInt = 0
  ) throws(Errno) -> OwnedDescriptor {
    try whenThereIsRoom { (state) throws(Errno) in
      try Self.open(&state) { () throws(Errno) in
        try OwnedDescriptor(opening: path, in: folder, options: options)
      }
    }
  }

  /// Takes up a file that was just opened.
  func add(_ file: PooledDescriptor) { state.withLock { $0.open.append(file) } }

  /// Closes a file that has no readers any more.
  func remove(_ file: PooledDescriptor) {
    state.withLock { state in
      if let index = state.open.firstIndex(where: { $0 === file }) {
        state.open.remove(at: index)
      }
      file.closeFinally()
    }
  }

  /// The descriptor of a file, which is opened again if necessary and stays open until `unpin`.
  func pin(_ file: PooledDescriptor) throws(GPUMergeError) -> CInt {
    if let number = file.pinIfOpen() { return number }
    return try whenThereIsRoom { (state) throws(GPUMergeError) -> CInt? in
      // Another thread may have been faster.
      if let number = file.pinIfOpen() { return number }
      return try Self.reopen(file, &state)
    }
  }

  /// Waits as long as `body` returns nil because all open files are in use, which is until one of
  /// their reads is done.
  private func whenThereIsRoom<R: ~Copyable, E: Error>(
    _ body: (inout State) throws(E) -> R?
  ) throws(E) -> R {
    while true {
      let result = try state.withLock { (state) throws(E) in try body(&state) }
      if let result { return result }
      usleep(50)
    }
  }
}

extension DescriptorPool {
  private static func reopen(
    _ file: PooledDescriptor, _ state: inout State
  ) throws(GPUMergeError) -> CInt? {
    let descriptor: OwnedDescriptor?
    do throws(Errno) {
      descriptor = try open(&state) { () throws(Errno) in try file.openAgain() }
    } catch {
      if error == .noSuchFileOrDirectory || error == .notDirectory {
        throw file.changed("the file was removed while it was read")
      }
      throw openingFailure(error, file.path)
    }
    guard let descriptor else { return nil }
    try file.check(descriptor.number)
    state.open.append(file)
    return file.resume(descriptor)
  }

  /// Makes room, then opens; nil if all open files are in use.
  private static func open(
    _ state: inout State, _ body: () throws(Errno) -> OwnedDescriptor
  ) throws(Errno) -> OwnedDescriptor? {
    while state.open.count >= state.capacity {
      guard raise(&state) || closeOne(&state) else { return nil }
    }
    while true {
      do throws(Errno) {
        return try body()
      } catch {
        guard error == .tooManyOpenFiles || error == .tooManyOpenFilesInSystem else { throw error }
        if error == .tooManyOpenFiles, raise(&state) { continue }
        guard !state.open.isEmpty else { throw error }
        guard surrender(&state) else { return nil }
      }
    }
  }

  /// Leaves some descriptors to whoever else in the process has taken them all.
  private static func surrender(_ state: inout State) -> Bool {
    var closed = 0
    while closed < 8, closeOne(&state) { closed += 1 }
    state.capacity = max(1, min(state.capacity, state.open.count))
    return closed > 0
  }

  /// Closes a file that nobody uses, of those the one that was not used for long.
  ///
  /// The second chance algorithm: the hand goes round and clears the mark that each use sets; a file
  /// whose mark is still clear when the hand comes back is closed.
  private static func closeOne(_ state: inout State) -> Bool {
    for _ in 0..<2 * state.open.count {
      if state.hand >= state.open.count { state.hand = 0 }
      if state.open[state.hand].closeIfIdle() {
        state.open.remove(at: state.hand)
        return true
      }
      state.hand += 1
    }
    return false
  }

  private static func raise(_ state: inout State) -> Bool {
    guard state.canRaise else { return false }
    state.canRaise = false
    let capacity = capacity(forLimit: DescriptorLimit.raised())
    guard capacity > state.capacity else { return false }
    state.capacity = capacity
    return true
  }

  /// Leaves a quarter, but 16 at least, to the outputs, the drivers and the rest of the process.
  private static func capacity(forLimit limit: Int) -> Int {
    max(1, min(4096, limit - max(16, min(256, limit / 4))))
  }
}
