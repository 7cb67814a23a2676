import Foundation
import GPUMerge
import Glibc
import Synchronization
import SystemPackage
import Testing

@Suite("open input files")
struct DescriptorPoolTests {
  private let folder: TestFolder
  private let pool = DescriptorPool(capacity: 3)

  init() throws { folder = try TestFolder() }

  private func file(_ index: Int) throws -> InputFile {
    try folder.write([UInt8](repeating: UInt8(index), count: 1000 + index), to: "\(index)")
    return try InputFile(opening: folder.path.appending("\(index)"), pool: pool)
  }

  @Test("more files than may be open are read from many threads at once")
  func concurrent() throws {
    let files = try (0..<20).map(file)
    #expect(pool.openCount == 3)
    let wrong = Mutex(0)
    let pool = pool
    Threads.concurrently(count: 8) { thread in
      var generator = UInt64(thread)
      for _ in 0..<500 {
        generator = generator &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let index = Int(generator >> 33) % files.count
        let bytes = try? files[index].bytes(at: 1000 - 10, count: 10 + index)
        let isRight = bytes == [UInt8](repeating: UInt8(index), count: 10 + index)
        if !isRight || pool.openCount > 3 { wrong.withLock { $0 += 1 } }
      }
    }
    #expect(wrong.withLock { $0 } == 0)
    for file in files { try file.checkUnchanged() }
  }

  @Test("a file that is not needed any more leaves the pool")
  func closing() throws {
    var files = try (0..<2).map(file)
    #expect(pool.openCount == 2)
    files.removeLast()
    #expect(pool.openCount == 1)
    files.removeAll()
    #expect(pool.openCount == 0)
  }

  @Test(
    "a file that changed while it was closed is found out when it is needed again",
    arguments: ["replaced", "longer", "touched", "removed", "folder"])
  func changed(how: String) throws {
    let first = try file(0)
    let others = try (1...4).map(file)
    for other in others { _ = try other.bytes(at: 0, count: 1) }
    let path = first.path.string
    switch how {
    case "replaced":
      try folder.write([UInt8](repeating: 9, count: 1000), to: "new")
      #expect(rename(folder.path.appending("new").string, path) == 0)
    case "longer": try folder.write([UInt8](repeating: 0, count: 1001), to: "0")
    case "touched":
      try FileManager.default.setAttributes(
        [.modificationDate: Date.distantPast], ofItemAtPath: path)
    case "folder":
      try folder.remove("0")
      try folder.write([], to: "0/file")
    default: try folder.remove("0")
    }
    let error = #expect(throws: GPUMergeError.self) { try first.bytes(at: 0, count: 1) }
    #expect(error?.kind == .inputChanged)
    #expect(error?.file == first.path)
    withExtendedLifetime(others) {}
  }
}
