import Foundation
import GPUMerge
import SystemPackage
import Testing

@Suite("Files beside the weights")
struct CompanionWritingTests {
  @Test("are written in pieces, whatever their size, and what an earlier run left goes")
  func writing() async throws {
    let scratch = try await OutputScratch()
    let target = OutputTarget.folder(scratch.folder.appending("merged"))
    let merge = try Merge(
      scratch.pool, algorithm: SimpleAverageAlgorithm(), options: scratch.options)
    let plan = try merge.outputPlan(for: target)
    let workspace = try Workspace(
      for: target, plan: nil, inputs: merge.inputFiles, overwrite: false, restart: false,
      recordInterval: .zero)
    let payload = workspace.payload.path
    let stale = ["modeling_x.py", "1_Pooling/config.json", "model-00001-of-00002.safetensors"]
    try Folder(payload.appending("1_Pooling")).create()
    for name in stale + ["model.safetensors"] {
      try Data("stale".utf8).write(to: URL(filePath: payload.appending(name).string))
    }
    var files: [CompanionFile] = [CompanionFile("README.md", text: "card")]
    var expected = ["README.md": Data("card".utf8), "model.safetensors": Data("stale".utf8)]
    for (name, count) in [("a/empty", 0), ("a/small", 5), ("large", 3 << 20 + 17)] {
      let path = scratch.folder.appending("source-\(count)")
      let bytes = Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
      try bytes.write(to: URL(filePath: path.string))
      files.append(CompanionFile(name, .copy(try InputFile(opening: path))))
      expected[name] = bytes
    }
    try workspace.write(files, besides: plan)
    var found: [String: Data] = [:]
    for name in ["README.md", "model.safetensors", "a/empty", "a/small", "large"] + stale {
      found[name] = try? Data(contentsOf: URL(filePath: payload.appending(name).string))
    }
    #expect(found == expected)
    workspace.close(keeping: false)
  }
}
