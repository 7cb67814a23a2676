import GPUMerge
import Glibc
import SystemPackage
import Testing

@Suite("hostile folders")
struct HostileFolderTests {
  @Test("shards that are not what the index says are refused", arguments: HostileFolder.shards)
  func shards(folder: HostileFolder) throws { try expectRefusal(of: folder) }

  @Test("names of shards that lead elsewhere are refused", arguments: HostileFolder.paths)
  func paths(folder: HostileFolder) throws { try expectRefusal(of: folder) }

  @Test("an index that is none is refused", arguments: HostileFolder.indexes)
  func indexes(folder: HostileFolder) throws { try expectRefusal(of: folder) }

  @Test("members that are not regular files are refused", arguments: HostileFolder.members)
  func members(folder: HostileFolder) throws { try expectRefusal(of: folder) }

  @Test(
    "a member that may not be read is refused", .enabled(if: geteuid() != 0),
    arguments: ["2.safetensors", "model.safetensors.index.json"])
  func permission(name: String) throws {
    try expectRefusal(
      of: HostileFolder("mode 000", .io, "permission") {
        chmod($0.path.appending(name).string, 0)
      })
  }

  @Test("every prefix of a good index is refused")
  func truncation() throws {
    let folder = try TestFolder()
    try folder.writeSharded()
    let text = #"{"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}}"#
    for count in 0..<text.utf8.count {
      try folder.write(String(text.prefix(count)), to: "model.safetensors.index.json")
      let error = #expect(throws: GPUMergeError.self) { try folder.open() }
      #expect(error?.kind == .indexJSON || error?.kind == .indexPath, "\(count) bytes")
    }
    try folder.write(text, to: "model.safetensors.index.json")
    #expect(try folder.open().tensors.count == 3)
  }

  @Test("limits are honoured")
  func limits() throws {
    let folder = try TestFolder()
    try folder.writeSharded()
    func kind(_ change: (inout Limits) -> Void) throws -> GPUMergeError.Kind? {
      var options = ReadingOptions()
      change(&options.limits)
      do {
        #expect(try Checkpoint.open(folder.path, options: options).tensors.count == 3)
        return nil
      } catch {
        return error.kind
      }
    }
    #expect(try kind { $0.shardCount = 1 } == .indexJSON)
    #expect(try kind { $0.shardCount = 2 } == nil)
    #expect(try kind { $0.tensorCount = 2 } == .indexJSON)
    #expect(try kind { $0.tensorCount = 3 } == nil)
    #expect(try kind { $0.indexByteCount = 50 } == .indexJSON)
    try folder.write(tensors: ["c", "d", "e"], to: "2.safetensors")
    #expect(try kind { $0.tensorCount = 3 } == .notACheckpoint)
  }

  private func expectRefusal(of hostile: HostileFolder) throws {
    let folder = try TestFolder()
    try folder.writeSharded()
    try hostile.make(folder)
    let error = try #require(throws: GPUMergeError.self) { try folder.open() }
    #expect(error.kind == hostile.kind, "\(error)")
    #expect(error.description.contains(hostile.message), "\(error)")
    #expect(error.file?.starts(with: folder.path) == true, "\(error)")
    #expect(error.isShownOnOneLine, "\(error)")
  }
}
