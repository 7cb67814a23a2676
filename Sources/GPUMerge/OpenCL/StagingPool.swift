import OpenCLLoader

/// Staging areas for the inputs of slots, which have one only as long as they read or compute: fewer than
/// there are slots, as the others wait for the disk to take their outputs.
///
/// What was given back last is taken first. So the areas are few enough to stay in the processor's cache, and what
/// was read into one is still there when the kernel comes to it. (Measured: Documentation/Performance.md.)
// Safe to send because every member that changes is used with the monitor locked.
final class StagingPool: @unchecked Sendable {
  let byteCount: Int
  private let context: Context
  /// How many areas there may be.
  private let limit: Int

  private let monitor = Monitor()
  private var free: [SharedMemory] = []
  private var count = 0
  /// Whether areas may never come back.
  private var isClosed = false

  init(_ context: Context, byteCount: Int, limit: Int) {
    self.context = context
    self.byteCount = byteCount
    self.limit = max(1, limit)
  }

  /// Makes one more area, unless there are enough.
  func grow() throws(DeviceError) {
    let isEnough = monitor.locked {
      if count >= limit { return true }
      count += 1
      return false
    }
    if isEnough { return }
    do throws(DeviceError) {
      putBack(try SharedMemory(context, byteCount: byteCount))
    } catch {
      monitor.locked { count -= 1 }
      throw error
    }
  }

  /// Takes an area, as soon as there is one; whoever has one must not wait here for another.
  func take() throws(DeviceError) -> SharedMemory {
    let area = monitor.locked {
      while free.isEmpty, !isClosed { monitor.waitForChange() }
      return free.popLast()
    }
    guard let area else {
      throw context.driver.error("clFinish", CL_SUCCESS, detail: "it does not give memory back")
    }
    return area
  }

  /// Gives back an area that no command uses any more.
  func putBack(_ area: SharedMemory) {
    monitor.locked {
      free.append(area)
      monitor.wakeOne()
    }
  }

  /// Leaves behind an area that a command may use for ever.
  func abandon(_ area: SharedMemory) {
    _ = Unmanaged.passRetained(area)
    close()
  }

  /// Lets go whoever waits.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.wakeAll()
    }
  }
}
