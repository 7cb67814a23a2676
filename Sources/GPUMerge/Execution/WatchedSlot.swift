/// A slot of a `WatchedBackend`, with a thread that makes all of its calls.
final class WatchedSlot: Slot {
  let pinning: ObjectIdentifier?
  private let box: SlotBox
  private let backend: WatchedBackend
  private let thread: AbandonableThread
  private let byteCount: Int
  /// What is to be run before the next call: it goes to the thread with that one.
  private var waiting: [Run] = []
  /// The staging area, if the slot has given it to the host already.
  private var input: UnsafeMutableRawBufferPointer?

  init(_ box: SlotBox, backend: WatchedBackend, thread: AbandonableThread, byteCount: Int) {
    self.box = box
    self.backend = backend
    self.thread = thread
    self.byteCount = byteCount
    pinning = box.slot?.pinning
  }

  deinit {
    let box = box
    // Even a slot that is at rest frees memory by calls into the driver that hangs.
    guard !backend.isAbandoned else {
      _ = Unmanaged.passRetained(box)
      return
    }
    try? backend.call("deinit", on: thread, byteCount: byteCount) { () throws(DeviceError) in
      box.slot = nil
    }
  }

  // On the worker's thread, without a limit of time.
  func reserveInput() {
    if input == nil { box.slot?.reserveInput() }
  }

  func beginInput() throws(DeviceError) -> UnsafeMutableRawBufferPointer {
    if let input {
      self.input = nil
      return input
    }
    return try call("beginInput") { slot throws(DeviceError) in
      Lent(try slot.beginInput())
    }.value
  }

  func run(_ launches: [Launch], stagedByteCount: Int, uploads: [Upload]) {
    waiting.append(Run(launches: launches, stagedByteCount: stagedByteCount, uploads: uploads))
  }

  func finish(outputByteCount: Int) throws(DeviceError) -> SlotOutput {
    let output = try call("finish") { slot throws(DeviceError) in
      Lent(try slot.finish(outputByteCount: outputByteCount))
    }.value
    input = output.input
    return output
  }

  private func call<R: Sendable>(
    _ function: String, _ body: @escaping @Sendable (any Slot) throws(DeviceError) -> R
  ) throws(DeviceError) -> R {
    let box = box
    let device = backend.name
    let runs = waiting
    waiting.removeAll(keepingCapacity: true)
    return try backend.call(function, on: thread, byteCount: byteCount) {
      () throws(DeviceError) in
      guard let slot = box.slot else {
        throw DeviceError(device: device, function: function, status: 0)
      }
      for run in runs {
        try slot.run(run.launches, stagedByteCount: run.stagedByteCount, uploads: run.uploads)
      }
      return try body(slot)
    }
  }

  private struct Run: Sendable {
    var launches: [Launch]
    var stagedByteCount: Int
    var uploads: [Upload]
  }

  /// Memory on its way from the thread to the worker.
  private struct Lent<T>: @unchecked Sendable {
    // Sendable because the thread that lends it does not touch it until the worker's next call.

    let value: T

    init(_ value: T) { self.value = value }
  }
}
