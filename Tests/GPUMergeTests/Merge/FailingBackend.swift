import GPUMerge
import Synchronization

/// The CPU, but for some calls that fail, or for a byte that comes out wrong.
final class FailingBackend: Backend {
  enum Call: CaseIterable { case makeSlot, beginInput, run, finish }

  private let cpu = CPUBackend()
  private let call: Call?
  private let failing: Range<Int>
  private let status: Int32
  fileprivate let flippedByte: Int?
  private let callCount = Mutex(0)
  private let layouts = Mutex<[SlotLayout]>([])
  /// The output bytes so far; blocks come in order where there is one thread.
  fileprivate let outputByteCount = Mutex(0)

  /// Fails some of the calls, counted from 0.
  init(failing call: Call, calls: Range<Int>, status: Int32) {
    self.call = call
    self.failing = calls
    self.status = status
    flippedByte = nil
  }

  /// Changes a bit of one byte of the output, in a merge by one thread.
  init(flippingByte byte: Int) {
    call = nil
    failing = 0..<0
    status = 0
    flippedByte = byte
  }

  var hasFailed: Bool { callCount.withLock { $0 > failing.lowerBound } }

  /// The sizes of the blocks that slots were made for.
  var outputByteCounts: [Int] { layouts.withLock { $0.map(\.outputByteCount) } }

  fileprivate func count(_ call: Call) throws(DeviceError) {
    guard call == self.call else { return }
    let index = callCount.withLock { count in
      defer { count += 1 }
      return count
    }
    guard failing.contains(index) else { return }
    throw DeviceError(device: name, function: "\(call)", status: status)
  }

  var name: String { "failing device" }
  var preferredBlockByteCount: Int { cpu.preferredBlockByteCount }
  var preferredSlotCount: Int { 8 }
  var maximumBufferByteCount: Int { .max }
  var copiesPerByte: Int { 1 }

  func makeSlot(_ layout: SlotLayout) throws(DeviceError) -> any Slot {
    layouts.withLock { $0.append(layout) }
    try count(.makeSlot)
    return FailingSlot(try cpu.makeSlot(layout), backend: self)
  }
}

private final class FailingSlot: Slot {
  private let slot: any Slot
  private let backend: FailingBackend

  init(_ slot: any Slot, backend: FailingBackend) {
    self.slot = slot
    self.backend = backend
  }

  func beginInput() throws(DeviceError) -> UnsafeMutableRawBufferPointer {
    try backend.count(.beginInput)
    return try slot.beginInput()
  }

  func run(
    _ launches: [Launch], stagedByteCount: Int, uploads: [Upload]
  ) throws(DeviceError) {
    try backend.count(.run)
    try slot.run(launches, stagedByteCount: stagedByteCount, uploads: uploads)
  }

  func finish(outputByteCount: Int) throws(DeviceError) -> SlotOutput {
    try backend.count(.finish)
    let output = try slot.finish(outputByteCount: outputByteCount)
    guard let flippedByte = backend.flippedByte else { return output }
    let start = backend.outputByteCount.withLock { count in
      defer { count += outputByteCount }
      return count
    }
    if (start..<start + outputByteCount).contains(flippedByte) {
      output.bytes[flippedByte - start] ^= 1
    }
    return output
  }
}
