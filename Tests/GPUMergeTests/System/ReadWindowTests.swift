import Foundation
import GPUMerge
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "Inputs that the page cache does not hold",
  .enabled(if: PageCache.forgets, "The file system keeps what it has cached"))
struct ReadWindowTests {
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  @Test("are read past it, wherever they begin and end, and leave it as it is")
  func past() throws {
    let file = try ColdFile(byteCount: 3_000_123, in: folder)
    let window = ReadWindow(byteCount: 2 << 20)
    let ranges = [0..<100_000, 300_001..<1_500_007, 2_900_000..<3_000_123]
    for range in ranges { #expect(window.note([nil, FileExtent(file.file, range)])) }
    window.load()
    for range in ranges {
      #expect(try file.isRight(range, through: window))
      #expect(try file.isRight(range.upperBound - 5000..<range.upperBound, through: window))
    }
    #expect(file.cachedByteCount == 0)
  }

  @Test("are one run where one begins in the other or not far behind")
  func joined() throws {
    let file = try ColdFile(byteCount: 1 << 20, in: folder)
    let window = ReadWindow(byteCount: 1 << 20)
    for start in stride(from: 1000, to: 90_000, by: 10_000) {
      #expect(window.note([FileExtent(file.file, start..<start + 9000)]))
    }
    #expect(window.note([FileExtent(file.file, 50_000..<60_000)]))
    window.load()
    #expect(try file.isRight(1000..<90_000, through: window))
    #expect(file.cachedByteCount == 0)
  }

  @Test("are left to plain reads where runs are short")
  func short() throws {
    let file = try ColdFile(byteCount: 1 << 20, in: folder)
    let window = ReadWindow(byteCount: 1 << 20)
    #expect(window.note([FileExtent(file.file, 70_000..<80_000)]))
    window.load()
    #expect(try file.isRight(70_000..<80_000, through: window))
    #expect(file.cachedByteCount > 0)
  }

  @Test("are noted as long as there is room, and forgotten to make some")
  func room() throws {
    let file = try ColdFile(byteCount: 1 << 20, in: folder)
    let window = ReadWindow(byteCount: 300_000)
    #expect(window.note([FileExtent(file.file, 0..<200_000)]))
    #expect(!window.note([FileExtent(file.file, 400_000..<600_000)]))
    window.load()
    #expect(try file.isRight(0..<200_000, through: window))
    window.clear()
    #expect(window.note([FileExtent(file.file, 400_000..<600_000)]))
    window.load()
    #expect(try file.isRight(400_000..<600_000, through: window))
    // What is larger than the window is noted, too, but read as ever.
    window.clear()
    #expect(window.note([FileExtent(file.file, 0..<900_000)]))
    window.load()
    #expect(try file.isRight(0..<900_000, through: window))
  }

  @Test("that are cached already are not read once more")
  func cached() throws {
    let file = try ColdFile(byteCount: 1 << 20, in: folder)
    _ = try file.file.bytes(at: 0, count: 1 << 20)
    let window = ReadWindow(byteCount: 1 << 20)
    #expect(window.note([FileExtent(file.file, 0..<500_000)]))
    window.load()
    #expect(window.bytes(of: file.file, in: 0..<500_000) == nil)
  }

  @Test("that are cached already and small are read at once")
  func small() throws {
    let file = try ColdFile(byteCount: 1 << 20, in: folder)
    _ = try file.file.bytes(at: 0, count: 1 << 20)
    let window = ReadWindow(byteCount: 1 << 20)
    for start in stride(from: 1001, to: 300_000, by: 1000) {
      #expect(window.note([FileExtent(file.file, start..<start + 1000)]))
    }
    window.load()
    #expect(window.bytes(of: file.file, in: 1001..<300_001) != nil)
    #expect(try file.isRight(123_001..<124_001, through: window))
    window.clear()
    #expect(window.bytes(of: file.file, in: 1001..<2001) == nil)
  }

  @Test(
    "that are small and of a file that became shorter are the error that they are in a plain read")
  func truncatedSmall() throws {
    let file = try ColdFile(byteCount: 1 << 20, in: folder)
    _ = try file.file.bytes(at: 0, count: 1 << 20)
    let window = ReadWindow(byteCount: 1 << 20)
    #expect(truncate(file.file.path.string, 30_500) == 0)
    for start in stride(from: 0, to: 60_000, by: 1000) {
      #expect(window.note([FileExtent(file.file, start..<start + 1000)]))
    }
    window.load()
    #expect(try file.isRight(29_000..<30_000, through: window))
    let error = #expect(throws: GPUMergeError.self) {
      try file.isRight(30_000..<31_000, through: window)
    }
    #expect(error?.kind == .inputChanged)
    #expect(error?.offset == 30_500)
  }

  @Test("of a file that became shorter are the error that they are in a plain read")
  func truncated() throws {
    let file = try ColdFile(byteCount: 1 << 20, in: folder)
    let window = ReadWindow(byteCount: 1 << 20)
    #expect(truncate(file.file.path.string, 300_000) == 0)
    #expect(window.note([FileExtent(file.file, 200_000..<400_000)]))
    window.load()
    let error = #expect(throws: GPUMergeError.self) {
      try file.isRight(200_000..<400_000, through: window)
    }
    #expect(error?.kind == .inputChanged)
    #expect(error?.offset == 300_000)
  }

  @Test("are read with no more descriptors than the process may have")
  func descriptors() throws {
    let pool = DescriptorPool(capacity: 2)
    let files = try (0..<5).map { _ in try ColdFile(byteCount: 200_000, in: folder, pool: pool) }
    let window = ReadWindow(byteCount: 2 << 20)
    #expect(window.note(files.map { FileExtent($0.file, 5000..<200_000) }))
    window.load()
    #expect(pool.openCount <= 2)
    for file in files {
      #expect(try file.isRight(5000..<200_000, through: window))
      #expect(file.cachedByteCount == 0)
    }
  }

  @Test(
    "of any format merge to what cached ones merge to, and stay out of it",
    arguments: [CheckpointFormat.safetensors, .pytorch])
  func merged(format: CheckpointFormat) async throws {
    var paths: [FilePath] = []
    for seed in 1...3 as ClosedRange<UInt64> {
      let pair = RandomModels(
        count: 2, formats: [.bfloat16, .float32], lengths: [150_001, 5, 60_000, 0, 100_000],
        seed: seed)
      paths.append(folder.path.appending("model-\(seed)"))
      _ = try await SimpleAverageAlgorithm().run(
        pair.pool, writingTo: .file(paths[paths.count - 1], format), options: MergeOptions())
    }
    let expected = try await merge(paths)
    for path in paths { try PageCache.evict(path.string) }
    #expect(try await merge(paths).isIdentical(to: expected))
    let cached = try paths.map { try PageCache.byteCount(of: $0.string) }
    // Headers and small tensors, and what the system reads ahead of them.
    #expect(cached.allSatisfy { $0 < 500_000 }, "\(cached)")
  }

  private func merge(_ paths: [FilePath]) async throws -> StateDict {
    var options = MergeOptions()
    options.device = .cpu
    let merge = try Merge(
      ModelPool(checkpoints: paths), algorithm: SimpleAverageAlgorithm(), options: options)
    return try await merge.stateDict().0
  }
}

/// A file of which the page cache holds nothing.
private struct ColdFile {
  let file: InputFile
  private let bytes: [UInt8]

  init(byteCount: Int, in folder: TestFolder, pool: DescriptorPool = .shared) throws {
    bytes = (0..<byteCount).map { PatternSource.byte(at: $0) }
    let name = UUID().uuidString
    try folder.write(bytes, to: name)
    let path = folder.path.appending(name)
    try PageCache.evict(path.string)
    file = try InputFile(opening: path, pool: pool)
  }

  var cachedByteCount: Int { file.cachedByteCount(of: 0..<file.byteCount) ?? .max }

  /// Whether a range reads as it was written.
  func isRight(_ range: Range<Int>, through window: ReadWindow) throws -> Bool {
    var read = [UInt8](repeating: 0, count: range.count)
    try read.withUnsafeMutableBytes {
      try file.read(into: $0, at: range.lowerBound, through: window)
    }
    return read.elementsEqual(bytes[range])
  }
}
