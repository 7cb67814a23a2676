import Foundation
import GPUMerge
import Testing

/// What it costs a process to refuse files, one after the other.
struct HostileCost {
  /// A file, and how it must be refused.
  struct Case {
    var name: String
    var kind: GPUMergeError.Kind
    var bytes: [UInt8]

    init(_ name: String, _ kind: GPUMergeError.Kind, _ bytes: [UInt8]) {
      self.name = name
      self.kind = kind
      self.bytes = bytes
    }
  }

  /// What came of one file.
  ///
  /// Memory is the most that the process had so far, in KiB; time is the processor's.
  struct Result {
    var kind: String
    var milliseconds: Int
    var peakMemory: Int
  }

  /// From the smallest file to the largest.
  let cases: [Case]
  let results: [Result]
  /// The memory of a process that has read nothing but a small good file.
  let baseline: Int

  init(of cases: [Case]) throws {
    self.cases = cases.sorted { $0.bytes.count < $1.bytes.count }
    let folder = FileManager.default.temporaryDirectory.appending(path: "gpumerge-cost-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = [HostileZip.good.bytes()] + self.cases.map(\.bytes)
    let paths = try files.enumerated().map { index, bytes in
      let path = folder.appending(path: "\(index)")
      try Data(bytes).write(to: path)
      return path.path
    }
    let all = try Self.results(of: paths)
    try #require(all.count == paths.count, "the reader ended early, at \(all.count)")
    try #require(all[0].kind == "accepted")
    baseline = all[0].peakMemory
    results = Array(all.dropFirst())
  }

  private static func results(of paths: [String]) throws -> [Result] {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let reader = Process()
    reader.executableURL = tests.deletingLastPathComponent().appending(path: "HostileReader")
    reader.arguments = paths
    let pipe = Pipe()
    reader.standardOutput = pipe
    try reader.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    reader.waitUntilExit()
    #expect(reader.terminationReason == .exit && reader.terminationStatus == 0)
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map { line in
      let words = line.split(separator: " ")
      return Result(
        kind: String(words.first ?? ""),
        milliseconds: words.dropFirst().first.flatMap { Int($0) } ?? .max,
        peakMemory: words.last.flatMap { Int($0) } ?? .max)
    }
  }
}
