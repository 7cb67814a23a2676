import Synchronization

/// A device that is not waited for forever.
///
/// OpenCL has no wait with a time limit, and any call into a driver may hang, even one that compiles,
/// enqueues or frees. So every slot has a thread of its own for these calls, and its worker waits for
/// that thread with a time limit. A device that exceeds it is abandoned: with its slots, memory and
/// context, which a late kernel may still write to. That costs at most the memory budget once more.
package final class WatchedBackend: Backend {
  // Freed by hand, by a thread that may be left behind: freeing a context is a call into the driver, too.
  unowned(unsafe) let backend: any Backend
  private let timeLimit: Duration
  /// Why the device is no longer asked for anything.
  private let hang = Mutex<DeviceError?>(nil)

  /// Watches a device.
  ///
  /// - Parameters:
  ///   - backend: The device.
  ///   - timeLimit: How long all that a block or a part of one asks of the device may take, with the
  ///     compilation of kernels, on top of a second for each megabyte.
  package init(_ backend: any Backend, timeLimit: Duration) {
    self.backend = backend
    self.timeLimit = timeLimit
    _ = Unmanaged.passRetained(backend as AnyObject)
  }

  deinit {
    guard !isAbandoned else { return }
    let address = UInt(bitPattern: Unmanaged.passUnretained(backend as AnyObject).toOpaque())
    _ = AbandonableThread().run(within: timeLimit) {
      UnsafeRawPointer(bitPattern: address).map { Unmanaged<AnyObject>.fromOpaque($0).release() }
    }
  }

  /// Does something that involves a driver, such as opening a device, in limited time.
  package static func attempt<R: Sendable>(
    _ function: String, device: String, within limit: Duration,
    _ body: @escaping @Sendable () throws(DeviceError) -> R
  ) throws(DeviceError) -> R {
    guard let result = try AbandonableThread().run(within: limit, body) else {
      throw timeOut(function, device: device, limit)
    }
    return result
  }

  package var name: String { backend.name }
  package var preferredBlockByteCount: Int { backend.preferredBlockByteCount }
  package var preferredSlotCount: Int { backend.preferredSlotCount }
  package var maximumBufferByteCount: Int { backend.maximumBufferByteCount }
  package var maximumTotalByteCount: Int { backend.maximumTotalByteCount }
  package var maximumStagingCount: Int { backend.maximumStagingCount }
  package var copiesPerByte: Int { backend.copiesPerByte }

  package func makeSlot(_ layout: SlotLayout) throws(DeviceError) -> any Slot {
    let thread = AbandonableThread()
    let backend = backend
    let slot = try call("makeSlot", on: thread, byteCount: layout.byteCount) {
      () throws(DeviceError) in SlotBox(try backend.makeSlot(layout))
    }
    return WatchedSlot(slot, backend: self, thread: thread, byteCount: layout.byteCount)
  }

  package func reopened() throws(DeviceError) -> any Backend {
    let backend = backend
    let fresh = try call("reopened", on: AbandonableThread(), byteCount: 0) {
      () throws(DeviceError) in try backend.reopened()
    }
    return WatchedBackend(fresh, timeLimit: timeLimit)
  }

  /// Whether the device was given up, so that nothing of it may be touched or freed.
  var isAbandoned: Bool { hang.withLock { $0 != nil } }

  /// Makes a call that must return in time.
  func call<R: Sendable>(
    _ function: String, on thread: AbandonableThread, byteCount: Int,
    _ body: @escaping @Sendable () throws(DeviceError) -> R
  ) throws(DeviceError) -> R {
    if let error = hang.withLock(\.self) { throw error }
    let limit = timeLimit + .seconds(byteCount / 1_000_000)
    if let result = try thread.run(within: limit, body) { return result }
    let error = Self.timeOut(function, device: name, limit)
    hang.withLock { hang in hang = hang ?? error }
    backend.abandon()
    throw error
  }

  private static func timeOut(
    _ function: String, device: String, _ limit: Duration
  ) -> DeviceError {
    DeviceError(
      device: device, function: function, status: 0,
      detail: "it has not answered for \(limit.components.seconds) s")
  }
}

/// A slot for its thread to use.
final class SlotBox: @unchecked Sendable {
  // Sendable because the thread that waits for the slot's thread does nothing with it meanwhile.

  var slot: (any Slot)?

  init(_ slot: any Slot) { self.slot = slot }
}
