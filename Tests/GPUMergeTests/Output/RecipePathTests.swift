import Foundation
import GPUMerge
import Glibc
import SystemPackage
import Testing

@Suite("The path of a model in a recipe")
struct RecipePathTests {
  @Test("leads from the output folder to the model, also through links")
  func relative() throws {
    let root = FilePath(NSTemporaryDirectory()).appending("gpumerge-\(UUID())")
    defer { try? FileManager.default.removeItem(atPath: root.string) }
    for name in ["work/models/a", "real/deep/b", "outputs"] {
      try FileManager.default.createDirectory(
        atPath: root.appending(name).string, withIntermediateDirectories: true)
    }
    #expect(symlink("../real/deep", root.appending("work/link").string) == 0)
    #expect(symlink("outputs", root.appending("out").string) == 0)
    let work = root.appending("work")
    for output in ["merged", "../outputs/merged", "../out/merged", "models/merged"] {
      let folder = work.appending(output)
      let path = try RecipePath(relativeTo: folder, workingFolder: work)
      try FileManager.default.createDirectory(
        atPath: folder.string, withIntermediateDirectories: true)
      for model in ["models/a", "link/b", "link/../deep/b", "./models/../models/a", "."] {
        let result = try path(FilePath(model))
        #expect(result.isRelative)
        #expect(
          Folder(folder.pushing(result)).identity == Folder(work.appending(model)).identity,
          "\(output) \(model) \(result)")
        #expect(Folder(folder.pushing(result)).identity != nil)
      }
      try FileManager.default.removeItem(atPath: folder.string)
    }
  }

  @Test("is the shortest one, and an absolute path stays")
  func spelling() throws {
    let path = try RecipePath(relativeTo: "/tmp/merged", workingFolder: "/tmp")
    #expect(try path("a/b") == "../a/b")
    #expect(try path("a//b/./c") == "../a/b/c")
    #expect(try path("merged") == "")
    #expect(try path("/data/models/a") == "/data/models/a")
    // As a configuration that is given by an absolute path leads to it.
    #expect(try path("/tmp/../tmp/a") == "../a")
  }
}
