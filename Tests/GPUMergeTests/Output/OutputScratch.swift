import Foundation
import GPUMerge
import Synchronization
import SystemPackage
import TestSupport

/// A folder with models to merge, and merges of them that can be interrupted anywhere.
final class OutputScratch {
  let folder: FilePath
  /// The bytes of a block; small, for there to be many.
  static let blockByteCount = 4096

  init(modelCount: Int = 2) async throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "gpumerge-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    folder = FilePath(url.path)
    let models = RandomModels(
      count: modelCount, formats: [.float32, .bfloat16], lengths: [9000, 20_011, 7], seed: 31)
    for (index, model) in models.pool.models.enumerated() {
      try await SimpleAverageAlgorithm().run(
        ModelPool([model]), writingTo: self.model(index), options: .testing(on: .cpu))
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder.string) }

  func model(_ index: Int) -> FilePath { folder.appending("model-\(index).safetensors") }

  var pool: ModelPool { ModelPool(checkpoints: [model(0), model(1)]) }

  /// The names in the folder but those of the models.
  var names: [String] { Folder(folder).entries().filter { !$0.hasPrefix("model-") } }

  var options: MergeOptions {
    var options = MergeOptions.testing(on: .cpu, blockByteCount: Self.blockByteCount)
    options.threadCount = 1
    options.recordInterval = .zero
    return options
  }

  /// Merges, and stops when so many bytes of the output are done.
  func interrupt(
    _ target: OutputTarget, after byteCount: Int,
    algorithm: any MergeAlgorithm = SimpleAverageAlgorithm()
  ) async -> GPUMergeError? {
    let gate = Gate()
    var options = options
    options.progress = { progress in
      if progress.completedByteCount >= byteCount { gate.stop() }
    }
    let pool = pool
    let task = Task { [options] () -> GPUMergeError? in
      // What ends before, with an error or without, is not waited for.
      defer { gate.reach() }
      do throws(GPUMergeError) {
        _ = try await algorithm.run(pool, writingTo: target, options: options)
        return nil
      } catch {
        return error
      }
    }
    while !gate.isReached { await Task.yield() }
    task.cancel()
    gate.open()
    return await task.value
  }

  /// The bytes of all files of an output, by name.
  static func contents(of path: FilePath) throws -> [String: Data] {
    var contents: [String: Data] = [:]
    guard Folder.isFolder(path) else {
      return ["": try Data(contentsOf: URL(filePath: path.string))]
    }
    for name in Folder(path).entries() {
      contents[name] = try Data(contentsOf: URL(filePath: path.appending(name).string))
    }
    return contents
  }
}

/// Holds a thread up until it is opened.
private final class Gate: Sendable {
  private let reached = Atomic<Bool>(false)
  private let opened = Atomic<Bool>(false)

  var isReached: Bool { reached.load(ordering: .acquiring) }

  func reach() { reached.store(true, ordering: .releasing) }

  func stop() {
    reach()
    while !opened.load(ordering: .acquiring) {}
  }

  func open() { opened.store(true, ordering: .releasing) }
}
