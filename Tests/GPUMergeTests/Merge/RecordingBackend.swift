import GPUMerge
import Glibc
import Synchronization

/// A backend that counts the blocks that its slots finish, and lets tests hold its workers.
final class RecordingBackend: Backend {
  private let backend: any Backend
  private let beforeSlot: @Sendable () -> Void
  private let afterBlock: @Sendable (Int) -> Void
  private let finished = Mutex(0)

  /// Records what a backend does.
  ///
  /// `beforeSlot` is called before a slot is made, and `afterBlock` when a block is finished, with the
  /// number of those that were finished so far.
  init(
    _ backend: any Backend, beforeSlot: @escaping @Sendable () -> Void = {},
    afterBlock: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.backend = backend
    self.beforeSlot = beforeSlot
    self.afterBlock = afterBlock
  }

  /// The blocks with launches that came out so far.
  var finishedBlockCount: Int { finished.withLock(\.self) }

  fileprivate func finish() {
    let count = finished.withLock { count in
      count += 1
      return count
    }
    afterBlock(count)
  }

  var name: String { backend.name }
  var preferredBlockByteCount: Int { backend.preferredBlockByteCount }
  var preferredSlotCount: Int { backend.preferredSlotCount }
  var maximumBufferByteCount: Int { backend.maximumBufferByteCount }
  var copiesPerByte: Int { backend.copiesPerByte }

  func makeSlot(_ layout: SlotLayout) throws(DeviceError) -> any Slot {
    beforeSlot()
    return RecordingSlot(try backend.makeSlot(layout), backend: self)
  }
}

/// Waits until something is so, or for a minute.
func waitUntil(_ condition: () -> Bool) {
  let deadline = ContinuousClock.now + .seconds(60)
  while !condition(), ContinuousClock.now < deadline { usleep(200) }
}

private final class RecordingSlot: Slot {
  private let slot: any Slot
  private let backend: RecordingBackend
  private var hasLaunches = false

  init(_ slot: any Slot, backend: RecordingBackend) {
    self.slot = slot
    self.backend = backend
  }

  var readsHostMemory: Bool { slot.readsHostMemory }

  func beginInput() throws(DeviceError) -> UnsafeMutableRawBufferPointer { try slot.beginInput() }

  func run(
    _ launches: [Launch], stagedByteCount: Int, uploads: [Upload]
  ) throws(DeviceError) {
    try slot.run(launches, stagedByteCount: stagedByteCount, uploads: uploads)
    hasLaunches = true
  }

  func finish(outputByteCount: Int) throws(DeviceError) -> SlotOutput {
    let output = try slot.finish(outputByteCount: outputByteCount)
    if hasLaunches { backend.finish() }
    hasLaunches = false
    return output
  }
}
