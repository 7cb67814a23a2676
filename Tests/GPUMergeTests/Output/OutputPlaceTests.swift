import Foundation
import GPUMerge
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("The place of an output")
struct OutputPlaceTests {
  @Test("is not taken if the name of its lock is another file's")
  func otherLock() async throws {
    let scratch = try await OutputScratch()
    let target = OutputTarget.file(scratch.folder.appending("out.safetensors"), .safetensors)
    let lock = try OutputName(target).lockPath.string
    for text in ["precious", "12 monkeys\n", "\n"] {
      try Data(text.utf8).write(to: URL(filePath: lock))
      #expect(await merge(scratch, to: target)?.kind == (text == "\n" ? nil : .cannotCreate))
      if text != "\n" { #expect(try Data(contentsOf: URL(filePath: lock)) == Data(text.utf8)) }
    }
    #expect(scratch.names == ["out.safetensors"])
    #expect(mkfifo(lock, 0o600) == 0)
    #expect(await merge(scratch, to: target, overwrite: true)?.kind == .cannotCreate)
  }

  @Test("is not where an input lies that would be cleared away")
  func inputInWorkFolder() async throws {
    let scratch = try await OutputScratch()
    let target = OutputTarget.file(scratch.folder.appending("out.safetensors"), .safetensors)
    let payload = try OutputName(target).workFolder.path.appending("payload")
    try FileManager.default.createDirectory(
      atPath: payload.string, withIntermediateDirectories: true)
    let input = payload.appending("out.safetensors")
    try FileManager.default.moveItem(atPath: scratch.model(0).string, toPath: input.string)
    let error = await #expect(throws: GPUMergeError.self) {
      try await SimpleAverageAlgorithm().run(
        ModelPool(checkpoints: [input]), writingTo: target, options: scratch.options)
    }
    #expect(error?.kind == .outputExists)
    #expect(error?.problem.contains("holds one of the inputs") == true)
    #expect(Folder.status(input) != nil)
  }

  private func merge(
    _ scratch: OutputScratch, to target: OutputTarget, overwrite: Bool = false
  ) async -> GPUMergeError? {
    var options = scratch.options
    options.overwritesOutput = overwrite
    do throws(GPUMergeError) {
      try await SimpleAverageAlgorithm().run(scratch.pool, writingTo: target, options: options)
      return nil
    } catch {
      return error
    }
  }

  @Test("is not an input, whatever link leads to it")
  func inputAsOutput() async throws {
    let scratch = try await OutputScratch()
    let names = ["same", "hard", "soft"]
    let paths = names.map { scratch.folder.appending("\($0).safetensors") }
    #expect(link(scratch.model(0).string, paths[1].string) == 0)
    #expect(symlink(scratch.model(0).string, paths[2].string) == 0)
    for path in [scratch.model(1), paths[1], paths[2]] {
      let error = await merge(scratch, to: .file(path, .safetensors), overwrite: true)
      #expect(error?.kind == .outputExists)
      #expect(error?.problem.contains("one of the inputs") == true)
    }
  }

  @Test("is not a folder that holds an input")
  func folderOfInputs() async throws {
    let scratch = try await OutputScratch()
    let alias = FilePath(scratch.folder.string + "-alias")
    #expect(symlink(scratch.folder.string, alias.string) == 0)
    defer { unlink(alias.string) }
    for path in [scratch.folder, alias] {
      let error = await merge(scratch, to: .folder(path), overwrite: true)
      #expect(error?.kind == .outputExists)
      #expect(error?.problem.contains("holds one of the inputs") == true)
    }
  }

  @Test("may be a link, which stays one; a link to nothing is refused")
  func links() async throws {
    let scratch = try await OutputScratch()
    let link = scratch.folder.appending("link.safetensors")
    let target = scratch.folder.appending("target.safetensors")
    #expect(symlink("target.safetensors", link.string) == 0)
    #expect(await merge(scratch, to: .file(link, .safetensors))?.kind == .cannotCreate)
    try Data("old".utf8).write(to: URL(filePath: target.string))
    #expect(await merge(scratch, to: .file(link, .safetensors))?.kind == .outputExists)
    #expect(await merge(scratch, to: .file(link, .safetensors), overwrite: true) == nil)
    var status = stat()
    #expect(lstat(link.string, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(try Data(contentsOf: URL(filePath: target.string)).count > 3)
    #expect(scratch.names == ["link.safetensors", "target.safetensors"])
  }

  @Test("is never a blob of the Hugging Face cache")
  func cacheBlob() async throws {
    let scratch = try await OutputScratch()
    let blobs = scratch.folder.appending("models--a--b/blobs")
    try FileManager.default.createDirectory(
      atPath: blobs.string, withIntermediateDirectories: true)
    try Data("old".utf8).write(to: URL(filePath: blobs.appending("0123").string))
    let link = scratch.folder.appending("snapshot.safetensors")
    #expect(symlink(blobs.appending("0123").string, link.string) == 0)
    let error = await merge(scratch, to: .file(link, .safetensors), overwrite: true)
    #expect(error?.kind == .cannotCreate)
    #expect(error?.problem.contains("Hugging Face cache") == true)
  }

  @Test("keeps what is there, unless it may be replaced and is of a model")
  func existing() async throws {
    let scratch = try await OutputScratch()
    let folder = scratch.folder.appending("out")
    try FileManager.default.createDirectory(
      atPath: folder.string, withIntermediateDirectories: true)
    #expect(await merge(scratch, to: .folder(folder)) == nil, "an empty folder is as good as none")
    #expect(await merge(scratch, to: .folder(folder))?.kind == .outputExists)
    try Data("old".utf8).write(
      to: URL(filePath: folder.appending("model-00001-of-00009.safetensors").string))
    #expect(await merge(scratch, to: .folder(folder), overwrite: true) == nil)
    #expect(Folder(folder).entries().contains("model.safetensors"))
    #expect(!Folder(folder).entries().contains("model-00001-of-00009.safetensors"))
    try Data("mine".utf8).write(to: URL(filePath: folder.appending("thesis.tex").string))
    let error = await merge(scratch, to: .folder(folder), overwrite: true)
    #expect(error?.kind == .outputExists)
    #expect(error?.problem.contains("'thesis.tex'") == true)
    #expect(try Data(contentsOf: URL(filePath: folder.appending("thesis.tex").string)).count == 4)
    #expect(
      await merge(scratch, to: .file(folder, .safetensors), overwrite: true)?.kind
        == .cannotCreate)
    let file = scratch.folder.appending("file")
    try Data("old".utf8).write(to: URL(filePath: file.string))
    #expect(await merge(scratch, to: .folder(file), overwrite: true)?.kind == .cannotCreate)
    let pipe = scratch.folder.appending("pipe")
    #expect(mkfifo(pipe.string, 0o600) == 0)
    #expect(
      await merge(scratch, to: .file(pipe, .safetensors), overwrite: true)?.kind
        == .cannotCreate)
  }

  @Test("is refused before any work where nothing can be written")
  func unwritable() async throws {
    let scratch = try await OutputScratch()
    let missing = scratch.folder.appending("no/such/folder/out.safetensors")
    let error = await merge(scratch, to: .file(missing, .safetensors))
    #expect(error?.kind == .cannotCreate)
    #expect(error?.problem.contains("there is no folder") == true)
    for path in ["/proc/out.safetensors", "/", "."] {
      #expect(await merge(scratch, to: .file(FilePath(path), .safetensors))?.kind == .cannotCreate)
    }
  }

  @Test("has the permissions that the umask leaves")
  func permissions() async throws {
    let scratch = try await OutputScratch()
    let path = scratch.folder.appending("out.safetensors")
    #expect(await merge(scratch, to: .file(path, .safetensors)) == nil)
    let mask = umask(0)
    umask(mask)
    #expect(try #require(Folder.status(path)).st_mode & 0o777 == 0o666 & ~mask)
  }

  @Test("belongs to one merge at a time")
  func lock() async throws {
    let scratch = try await OutputScratch()
    let target = OutputTarget.file(scratch.folder.appending("out.safetensors"), .safetensors)
    let lock = try FileLock(at: OutputName(target).lockPath)
    let error = await merge(scratch, to: target)
    #expect(error?.kind == .outputBusy)
    #expect(error?.problem.contains("process \(getpid())") == true)
    lock.release()
    #expect(await merge(scratch, to: target) == nil)
    #expect(scratch.names == ["out.safetensors"])
  }
}
