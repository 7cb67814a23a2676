/// Memory that only kernels use, between canaries.
final class GuardedBuffer {
  /// How far into the buffer the memory begins: as much as accumulators must be aligned to.
  var origin: Int { canaries.guardByteCount }
  let buffer: Buffer

  private let queue: Queue
  private let byteCount: Int
  /// The canaries alone, one after the other, on their way to the device and back.
  private let canaries = CanaryFrame(byteCount: 0, guardByteCount: 64)
  private let copy: UnsafeMutableRawBufferPointer

  /// Allocates memory and plants the canaries.
  init(_ queue: Queue, byteCount: Int) throws(DeviceError) {
    let whole = byteCount + canaries.wholeByteCount
    buffer = try Buffer(queue.context, byteCount: whole, in: .device)
    self.queue = queue
    self.byteCount = byteCount
    copy = .allocate(byteCount: canaries.wholeByteCount, alignment: 64)
    // From here on, a throw runs deinit, as every property is set.
    if let start = copy.baseAddress { canaries.plant(at: start) }
    for (offset, side) in sides {
      try queue.write(UnsafeRawBufferPointer(side), to: buffer, at: offset)
    }
  }

  deinit {
    // Commands may still read or write the copy.
    if queue.drain() { copy.deallocate() }
  }

  /// Starts to copy the canaries back.
  func fetch() throws(DeviceError) {
    if let start = copy.baseAddress { canaries.disturb(at: start) }
    for (offset, side) in sides { try queue.read(buffer, at: offset, into: side) }
  }

  /// Whether the canaries came back as they were planted, once the queue has finished.
  var isIntact: Bool { copy.baseAddress.map(canaries.isIntact) ?? true }

  /// Where the canaries are, in the buffer and in the copy.
  private var sides: [(offset: Int, copy: UnsafeMutableRawBufferPointer)] {
    let count = canaries.guardByteCount
    return [
      (0, UnsafeMutableRawBufferPointer(rebasing: copy[..<count])),
      (count + byteCount, UnsafeMutableRawBufferPointer(rebasing: copy[count...])),
    ]
  }
}
