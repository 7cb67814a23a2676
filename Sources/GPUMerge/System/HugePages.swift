import Synchronization

/// Memory in huge pages, of which several users get a part each.
///
/// A direct write from ordinary pages, which lie all over the place, hands them to the disk one by one; from
/// huge pages it is one run. (Measured: Documentation/Performance.md, on cold inputs.)
final class HugePages: Sendable {
  private struct State {
    /// What was taken last, as long as somebody has a part of it.
    weak var memory: AlignedMemory?
    var usedByteCount = 0
  }

  private let state = Mutex(State())

  /// Takes memory that begins at a page; nil if the system has too little.
  func take(byteCount: Int) -> AlignedMemory? {
    state.withLock { state in
      if let memory = state.memory,
        let part = Self.part(of: memory, byteCount, &state.usedByteCount)
      {
        return part
      }
      guard let memory = AlignedMemory(ifAvailableInHugePages: byteCount) else { return nil }
      state.memory = memory
      state.usedByteCount = 0
      return Self.part(of: memory, byteCount, &state.usedByteCount)
    }
  }

  private static func part(
    of memory: AlignedMemory, _ byteCount: Int, _ used: inout Int
  ) -> AlignedMemory? {
    let rounded = AlignedMemory.rounded(byteCount)
    guard used + rounded <= memory.bytes.count else { return nil }
    defer { used += rounded }
    return AlignedMemory(memory, offset: used, byteCount: byteCount)
  }
}
