import Foundation
import GPUMerge
import SystemPackage
import TestSupport
import Testing

/// What a process leaves that ends just before or after an output takes its name.
@Suite("A publication that was cut off")
struct PublicationTests {
  private let options: MergeOptions = {
    var options = MergeOptions.testing(on: .cpu)
    options.overwritesOutput = true
    return options
  }()

  private func merge(_ scratch: OutputScratch, to target: OutputTarget) async throws {
    try await SimpleAverageAlgorithm().run(scratch.pool, writingTo: target, options: options)
  }

  /// An output folder, and a work folder as it is when two folders have changed places.
  private func exchanged(_ scratch: OutputScratch) async throws -> OutputTarget {
    let target = OutputTarget.folder(scratch.folder.appending("out"))
    try await merge(scratch, to: target)
    let name = try OutputName(target)
    let payload = name.workFolder.path.appending("payload")
    try FileManager.default.createDirectory(
      atPath: payload.string, withIntermediateDirectories: true)
    try Data("old".utf8).write(to: URL(filePath: payload.appending("model.safetensors").string))
    let inode = try #require(Folder(name.path).identity).inode
    try "{\"publishing\":\"\(inode)\"}\n".write(
      toFile: name.workFolder.path.appending("journal.jsonl").string, atomically: true,
      encoding: .utf8)
    return target
  }

  @Test("after the folders changed places only has to be tidied up")
  func afterExchange() async throws {
    let scratch = try await OutputScratch()
    let target = try await exchanged(scratch)
    let contents = try OutputScratch.contents(of: target.path)
    try await merge(scratch, to: target)
    #expect(try OutputScratch.contents(of: target.path) == contents)
    #expect(scratch.names == ["out"])
  }

  @Test("between the two renames of a file system that cannot exchange is finished")
  func betweenRenames() async throws {
    let scratch = try await OutputScratch()
    let target = try await exchanged(scratch)
    let name = try OutputName(target)
    let payload = name.workFolder.path.appending("payload")
    // The new folder is still the payload, the old one is put aside, and the name is free.
    try FileManager.default.moveItem(
      atPath: payload.string, toPath: name.workFolder.path.appending("replaced").string)
    try FileManager.default.moveItem(atPath: name.path.string, toPath: payload.string)
    let contents = try OutputScratch.contents(of: payload)
    var options = options
    options.overwritesOutput = false
    let error = try await #require(throws: GPUMergeError.self) {
      try await SimpleAverageAlgorithm().run(scratch.pool, writingTo: target, options: options)
    }
    #expect(error.kind == .outputExists, "it is there now")
    #expect(try OutputScratch.contents(of: target.path) == contents)
    #expect(scratch.names == ["out"])
  }

  @Test("of a file leaves nothing to tidy up but the work folder")
  func file() async throws {
    let scratch = try await OutputScratch()
    let target = OutputTarget.file(scratch.folder.appending("out.bin"), .pytorch)
    try await merge(scratch, to: target)
    let work = try OutputName(target).workFolder.path
    try FileManager.default.createDirectory(
      atPath: work.appending("payload").string, withIntermediateDirectories: true)
    try Data().write(to: URL(filePath: work.appending("journal.jsonl").string))
    try await merge(scratch, to: target)
    #expect(scratch.names == ["out.bin"])
  }

  @Test("never removes what it does not know")
  func unknown() async throws {
    let scratch = try await OutputScratch()
    let target = try await exchanged(scratch)
    let work = try OutputName(target).workFolder.path
    try Data("mine".utf8).write(
      to: URL(filePath: work.appending("payload").appending("thesis.tex").string))
    let error = try await #require(throws: GPUMergeError.self) {
      try await merge(scratch, to: target)
    }
    #expect(error.kind == .cannotCreate)
    #expect(error.problem.contains("what is not of one"))
    #expect(
      try Data(
        contentsOf: URL(filePath: work.appending("payload").appending("thesis.tex").string)
      ).count == 4)
  }
}
