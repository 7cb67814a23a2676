import GPUMerge
import Glibc
import OpenCLLoader
import Synchronization
import Testing

@Suite(
  "Slots that work in the host's memory have staging areas in turns",
  .needsDevice, .enabled(if: TestDevice.sharings.contains(.virtual), "no shared virtual memory"))
struct StagingPoolTests {
  private let merge = MergeCase()

  private func backend(_ table: opencl_api? = nil) throws -> OpenCLBackend {
    try OpenCLBackend(
      TestDevice.require(), api: table.map { OpenCLAPI($0) }, memorySharing: .virtual)
  }

  /// A slot for one thread at a time.
  private final class SlotBox: @unchecked Sendable {
    // Sendable because each test uses a slot from one thread.

    let slot: any Slot

    init(_ slot: any Slot) { self.slot = slot }
  }

  /// One slot more than can have an area at once.
  private func slots(of backend: any Backend) throws -> [SlotBox] {
    try (0...backend.maximumStagingCount).map { _ in
      SlotBox(try backend.makeSlot(merge.layout))
    }
  }

  private func begin(_ box: SlotBox) throws(DeviceError) -> UInt {
    UInt(bitPattern: try box.slot.beginInput().baseAddress)
  }

  private func finish(_ box: SlotBox) throws {
    _ = try box.slot.finish(outputByteCount: 0)
  }

  @Test("the one that was used last is taken first")
  func lastFirst() throws {
    let slots = try slots(of: backend())
    let areas = try slots.dropLast().map(begin)
    #expect(Set(areas).count == areas.count)
    try finish(slots[0])
    try finish(slots[1])
    #expect(try begin(slots[0]) == areas[1])
    #expect(try begin(slots[1]) == areas[0])
  }

  @Test("a slot keeps its own through all launches of a block")
  func kept() throws {
    let slots = try slots(of: backend())
    let merge = MergeCase(inputsPerLaunch: [2, 2, 3])
    let expected = merge.run(on: .cpu)
    for box in slots { #expect(try merge.run(on: box.slot) == expected) }
  }

  @Test("a slot waits for one until another slot has finished")
  func waiting() throws {
    let slots = try slots(of: backend())
    let areas = try slots.dropLast().map(begin)
    let order = Mutex<[String]>([])
    let taken = Mutex<UInt?>(nil)
    Threads.concurrently(count: 2) { thread in
      if thread == 1 {
        let area = try? begin(slots[slots.count - 1])
        order.withLock { $0.append("taken") }
        taken.withLock { $0 = area }
      } else {
        // Time for the other to come first, if it did not wait.
        usleep(20_000)
        order.withLock { $0.append("given back") }
        try? finish(slots[0])
      }
    }
    #expect(order.withLock(\.self) == ["given back", "taken"])
    #expect(taken.withLock(\.self) == areas[0])
  }

  @Test("waiting for others is not held against the device, however long it takes")
  func patience() throws {
    let slots = try slots(of: WatchedBackend(backend(), timeLimit: .milliseconds(50)))
    _ = try slots.dropLast().map(begin)
    let last = slots[slots.count - 1]
    let hasArea = Mutex(false)
    Threads.concurrently(count: 2) { thread in
      if thread == 1 {
        last.slot.reserveInput()
        let area = try? begin(last)
        hasArea.withLock { $0 = area != nil }
      } else {
        usleep(300_000)
        try? finish(slots[0])
      }
    }
    #expect(hasArea.withLock { $0 })
  }

  @Test("a slot that goes leaves its own to the others")
  func gone() throws {
    var slots = try slots(of: backend())
    let areas = try slots.dropLast().map(begin)
    slots.removeFirst()
    #expect(try begin(slots[slots.count - 1]) == areas[0])
  }

  private static let isLost = Atomic(false)

  @Test("where a device may use one for ever, those who wait for it are told")
  func lost() throws {
    var table = try #require(Faults.real)
    table.clFinish = { queue in
      Self.isLost.load(ordering: .relaxed) ? -5 : Faults.real?.clFinish(queue) ?? CL_INVALID_VALUE
    }
    var slots = try slots(of: backend(table))
    _ = try slots.dropLast().map(begin)
    Self.isLost.store(true, ordering: .relaxed)
    try merge.start(on: slots[0].slot)
    slots.removeFirst()
    let error = #expect(throws: DeviceError.self) { try begin(slots[slots.count - 1]) }
    #expect(error?.description.contains("it does not give memory back") == true)
  }
}
