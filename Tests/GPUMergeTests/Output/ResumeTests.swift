import Foundation
import GPUMerge
import SystemPackage
import TestSupport
import Testing

@Suite("A merge that was interrupted")
struct ResumeTests {
  /// Every form that an output can have.
  enum Form: String, CaseIterable, CustomTestStringConvertible {
    case safetensors
    case bin
    case folder

    var testDescription: String { rawValue }

    func target(in scratch: OutputScratch, _ name: String = "out") -> OutputTarget {
      switch self {
      case .safetensors: .file(scratch.folder.appending("\(name).safetensors"), .safetensors)
      case .bin: .file(scratch.folder.appending("\(name).bin"), .pytorch)
      case .folder: .folder(scratch.folder.appending(name), maxShardByteCount: 50_000)
      }
    }
  }

  @Test("goes on from what was finished, and gives the same bytes", arguments: Form.allCases)
  func resume(form: Form) async throws {
    let scratch = try await OutputScratch()
    let reference = form.target(in: scratch, "reference")
    let whole = try await SimpleAverageAlgorithm().run(
      scratch.pool, writingTo: reference, options: scratch.options)
    #expect(whole.resumedByteCount == 0)
    for percent in [5, 40, 99] {
      let target = form.target(in: scratch)
      let error = await scratch.interrupt(target, after: whole.writtenByteCount * percent / 100)
      #expect(error?.kind == .cancelled)
      #expect(error?.advice?.contains("goes on from there") == true)
      #expect(Folder.status(target.path) == nil)
      var options = scratch.options
      options.blockByteCount = 16_384  // Nothing depends on how the first run cut the output.
      let report = try await SimpleAverageAlgorithm().run(
        scratch.pool, writingTo: target, options: options)
      #expect(report.resumedByteCount > 0, "\(percent)")
      #expect(report.resumedByteCount < whole.writtenByteCount || percent == 99)
      #expect(report.warnings == whole.warnings)
      #expect(report.nonFinite == whole.nonFinite)
      // A shard's name depends on the folder, which does not matter here.
      #expect(
        try OutputScratch.contents(of: target.path) == OutputScratch.contents(of: reference.path))
      try FileManager.default.removeItem(atPath: target.path.string)
      #expect(scratch.names == [reference.path.lastComponent?.string])
    }
  }

  @Test("does again what is not as the journal says", arguments: Form.allCases)
  func damage(form: Form) async throws {
    let scratch = try await OutputScratch()
    let reference = form.target(in: scratch, "reference")
    let whole = try await SimpleAverageAlgorithm().run(
      scratch.pool, writingTo: reference, options: scratch.options)
    let target = form.target(in: scratch)
    _ = await scratch.interrupt(target, after: whole.writtenByteCount * 3 / 4)
    let payload = try OutputName(target).workFolder.path.appending("payload")
    let name = try #require(Folder(payload).entries().first)
    let file = try FileDescriptor.open(payload.appending(name), .readWrite)
    _ = try file.writeAll(toAbsoluteOffset: 9000, [0x5A, 0xA5, 0x5A])
    try file.close()
    let report = try await SimpleAverageAlgorithm().run(
      scratch.pool, writingTo: target, options: scratch.options)
    #expect(report.warnings.contains { $0.contains("not as its journal says") })
    #expect(
      try OutputScratch.contents(of: target.path) == OutputScratch.contents(of: reference.path))
  }

  @Test("is not mixed with another merge, and can be thrown away")
  func otherRecipe() async throws {
    let scratch = try await OutputScratch()
    let target = Form.safetensors.target(in: scratch)
    _ = await scratch.interrupt(target, after: 40_000)
    let other = WeightedAverageAlgorithm(weights: [0.7, 0.3])
    let error = try await #require(throws: GPUMergeError.self) {
      try await other.run(scratch.pool, writingTo: target, options: scratch.options)
    }
    #expect(error.kind == .resumeMismatch)
    #expect(error.problem.contains("other options"))
    #expect(error.advice?.contains("--restart") == true)
    var options = scratch.options
    options.restarts = true
    let report = try await other.run(scratch.pool, writingTo: target, options: options)
    #expect(report.resumedByteCount == 0)
    #expect(scratch.names == ["out.safetensors"])
  }

  @Test("is not continued when an input was written to since, which is named")
  func changedInput() async throws {
    let scratch = try await OutputScratch()
    let target = Form.folder.target(in: scratch)
    _ = await scratch.interrupt(target, after: 40_000)
    let path = scratch.model(1).string
    let bytes = try Data(contentsOf: URL(filePath: path))
    try bytes.write(to: URL(filePath: path))
    let error = try await #require(throws: GPUMergeError.self) {
      try await SimpleAverageAlgorithm().run(
        scratch.pool, writingTo: target, options: scratch.options)
    }
    #expect(error.kind == .resumeMismatch)
    #expect(error.problem.contains("model-1.safetensors changed"))
  }

  @Test("begins anew after a journal that was cut off, and uses one up to its damage")
  func damagedJournal() async throws {
    let scratch = try await OutputScratch()
    let target = Form.safetensors.target(in: scratch)
    let journal = try OutputName(target).workFolder.path.appending("journal.jsonl")
    for (text, keeps) in [("{\"file\":", true), ("rubbish\n{}\n", true)] {
      _ = await scratch.interrupt(target, after: 40_000)
      let file = try FileDescriptor.open(journal, .writeOnly, options: .append)
      _ = try file.writeAll(Array(text.utf8))
      try file.close()
      let report = try await SimpleAverageAlgorithm().run(
        scratch.pool, writingTo: target, options: scratch.options)
      #expect((report.resumedByteCount > 0) == keeps)
      try FileManager.default.removeItem(atPath: target.path.string)
    }
    _ = await scratch.interrupt(target, after: 40_000)
    try "rubbish\n{}\n".write(toFile: journal.string, atomically: false, encoding: .utf8)
    let anew = try await SimpleAverageAlgorithm().run(
      scratch.pool, writingTo: target, options: scratch.options)
    #expect(anew.resumedByteCount == 0)
    #expect(anew.warnings.contains { $0.contains("cannot be read; all is done again") })
    try FileManager.default.removeItem(atPath: target.path.string)
    _ = await scratch.interrupt(target, after: 40_000)
    let lines = try String(contentsOfFile: journal.string, encoding: .utf8)
    let end = try #require(lines.firstIndex(of: "\n"))
    try ("{\"plan\":{}}" + lines[end...]).write(
      toFile: journal.string, atomically: false, encoding: .utf8)
    let error = try await #require(throws: GPUMergeError.self) {
      try await SimpleAverageAlgorithm().run(
        scratch.pool, writingTo: target, options: scratch.options)
    }
    #expect(error.kind == .resumeMismatch)
    #expect(error.problem.contains("its journal is damaged"))
  }

  @Test("loses nothing when the next run cannot write its journal")
  func unwritableJournal() async throws {
    let scratch = try await OutputScratch()
    let target = Form.safetensors.target(in: scratch)
    _ = await scratch.interrupt(target, after: 40_000)
    let work = try OutputName(target).workFolder
    let inTheWay = work.path.appending("journal.jsonl.new")
    try Folder(inTheWay).create()
    let error = try await #require(throws: GPUMergeError.self) {
      try await SimpleAverageAlgorithm().run(
        scratch.pool, writingTo: target, options: scratch.options)
    }
    #expect(error.problem.hasPrefix("cannot create the journal"))
    try FileManager.default.removeItem(atPath: inTheWay.string)
    let report = try await SimpleAverageAlgorithm().run(
      scratch.pool, writingTo: target, options: scratch.options)
    #expect(report.resumedByteCount > 0)
    #expect(Folder.status(work.path) == nil)
  }

  @Test("does again what is not there any more")
  func missingShard() async throws {
    let scratch = try await OutputScratch()
    let reference = Form.folder.target(in: scratch, "reference")
    let whole = try await SimpleAverageAlgorithm().run(
      scratch.pool, writingTo: reference, options: scratch.options)
    let target = Form.folder.target(in: scratch)
    _ = await scratch.interrupt(target, after: whole.writtenByteCount * 3 / 4)
    let payload = try OutputName(target).workFolder.path.appending("payload")
    let shards = Folder(payload).entries()
    try FileManager.default.removeItem(
      atPath: payload.appending(try #require(shards.first)).string)
    let report = try await SimpleAverageAlgorithm().run(
      scratch.pool, writingTo: target, options: scratch.options)
    #expect(report.warnings.contains { $0.contains("not as its journal says") })
    #expect(report.resumedByteCount > 0, "the other shards are there")
    #expect(
      try OutputScratch.contents(of: target.path) == OutputScratch.contents(of: reference.path))
  }

  @Test("is not continued by another version of the program")
  func otherVersion() async throws {
    let scratch = try await OutputScratch()
    let target = Form.safetensors.target(in: scratch)
    _ = await scratch.interrupt(target, after: 40_000)
    let journal = try OutputName(target).workFolder.path.appending("journal.jsonl")
    let text = try String(contentsOfFile: journal.string, encoding: .utf8)
    let key = #""version":""#
    let changed = text.replacing(key + RecipeRecord.version, with: key + "0.0")
    #expect(changed != text)
    try changed.write(toFile: journal.string, atomically: false, encoding: .utf8)
    let error = try await #require(throws: GPUMergeError.self) {
      try await SimpleAverageAlgorithm().run(
        scratch.pool, writingTo: target, options: scratch.options)
    }
    #expect(error.kind == .resumeMismatch)
    #expect(error.problem.contains("version '0.0'") || error.problem.contains("version 0.0"))
    #expect(error.advice?.contains("--restart") == true)
  }

  @Test("leaves nothing behind when the merge can never succeed")
  func hopeless() async throws {
    let scratch = try await OutputScratch()
    var options = scratch.options
    options.rejectsNonFinite = true
    let target = Form.folder.target(in: scratch)
    let error = try await #require(throws: GPUMergeError.self) {
      try await SimpleAverageAlgorithm().run(scratch.pool, writingTo: target, options: options)
    }
    #expect(error.kind == .valueMismatch)
    #expect(scratch.names.isEmpty)
  }
}
