import Foundation
import GPUMerge
import Testing

/// However a file lies, finding it out takes little memory and time, in a process of its own.
@Suite("What hostile files cost")
struct HostileCostTests {
  @Test("a lie takes 64 MiB beyond the file, and 10 seconds, at most")
  func lies() throws {
    let safetensors = [
      HostileFile.sizes, HostileFile.json, HostileFile.duplicates, HostileFile.types,
      HostileFile.shapes, HostileFile.ranges,
    ].joined().map { HostileCost.Case($0.lie, $0.kind, $0.bytes) }
    let pytorch =
      HostilePickle.all.map { HostileCost.Case($0.name, $0.kind, $0.bytes()) }
      + HostileZip.all.map { HostileCost.Case($0.name, $0.kind, $0.bytes) }
    let legacy = HostileLegacy.all.map { HostileCost.Case($0.name, $0.kind, $0.bytes) }
    let cases = safetensors + pytorch + legacy
    let cost = try HostileCost(of: cases)
    // Of a legacy file whose first bytes lie, the sniffer says what it is instead.
    for (result, file) in zip(cost.results, cost.cases) {
      #expect(result.kind != "accepted", "\(file.name)")
      #expect(result.milliseconds < 10_000, "\(file.name)")
      let limit = cost.baseline + 64 << 10 + file.bytes.count >> 10
      #expect(result.peakMemory <= limit, "\(file.name): \(result.peakMemory - limit) KiB more")
    }
  }

  @Test("small files that unfold to more than memory has are refused within 512 MiB")
  func bombs() throws {
    let cost = try HostileCost(of: HostilePickle.bombs)
    for (result, file) in zip(cost.results, cost.cases) {
      #expect(file.bytes.count < 512 << 10, "\(file.name) is small")
      #expect(result.kind == file.kind.rawValue, "\(file.name)")
      #expect(result.milliseconds < 10_000, "\(file.name)")
      #expect(result.peakMemory < 512 << 10, "\(file.name): \(result.peakMemory) KiB")
    }
  }

  @Test("20,000 compressed members take 128 MiB at most, as none keeps its decompressor")
  func manyMembers() throws {
    let count = 20_000
    let cost = try HostileCost(of: [
      HostileCost.Case("members", .internal, HostilePickle.archive(memberCount: count))
    ])
    let result = try #require(cost.results.first)
    #expect(result.kind == "accepted")
    #expect(result.peakMemory - cost.baseline < 128 << 10, "\(result.peakMemory) KiB")
  }
}
