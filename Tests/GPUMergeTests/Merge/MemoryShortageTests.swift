import GPUMerge
import Glibc
import SystemPackage
import Testing

@Suite("Memory that is short")
struct MemoryShortageTests {
  @Test("when a later shard begins is an error, not a shard of zeros")
  func laterShard() async {
    await #expect(processExitsWith: .success) {
      let scratch = try await OutputScratch()
      let target = OutputTarget.folder(scratch.folder.appending("out"), maxShardByteCount: 50_000)
      var options = scratch.options
      // The slot of the first shard is there by then, and less is left than the next one needs.
      options.progress = { _ in Self.limitAddressSpace(toSpareByteCount: 16 << 20) }
      let error = await #expect(throws: GPUMergeError.self) {
        try await SimpleAverageAlgorithm().run(
          scratch.pool, writingTo: target, options: options)
      }
      #expect(error?.kind == .io)
      #expect(error?.problem == "there is no memory for staging")
      #expect(Folder.status(target.path) == nil)
    }
  }

  private static func limitAddressSpace(toSpareByteCount spare: Int) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    guard limit.rlim_cur == .max, let pages = try? pageCount() else { return }
    limit.rlim_cur = rlim_t(pages * Int(getpagesize()) + spare)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }

  /// The pages of this process's address space.
  private static func pageCount() throws -> Int? {
    let file = try FileDescriptor.open("/proc/self/statm", .readOnly)
    defer { try? file.close() }
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
    return Int(String(decoding: bytes.prefix(count).prefix { $0 != 0x20 }, as: UTF8.self))
  }

  @Test("is not taken for more threads than anything can use")
  func manyThreads() throws {
    let plan = try MemoryPlan(
      steps: [], backend: CPUBackend(), budget: 64 << 20, slotCount: .max, blockByteCount: nil)
    #expect(plan.slotCount <= MemoryPlan.maximumSlotCount)
    #expect(plan.totalByteCount <= 64 << 20)
  }
}
