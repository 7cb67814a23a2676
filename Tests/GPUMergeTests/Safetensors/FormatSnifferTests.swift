import GPUMerge
import Glibc
import SystemPackage
import Testing

@Suite("format sniffer")
struct FormatSnifferTests {
  /// The first bytes of files that people pass by mistake, and what the message must say.
  static let foreign:
    [(name: String, bytes: [UInt8], kind: GPUMergeError.Kind, say: String, advise: String)] = [
      (
        "git-lfs pointer",
        Array("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".utf8),
        .notACheckpoint, "Git LFS pointer", "git lfs pull"
      ),
      (
        "HTML", Array("\n<!DOCTYPE html>\n<html><head><title>404</title></head></html>".utf8),
        .notACheckpoint, "a web page", "download the file again"
      ),
      (
        "XML error", Array("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".utf8),
        .notACheckpoint, "XML", "download the file again"
      ),
      (
        "JSON error", Array(#"{"error":"Repository not found"}"#.utf8), .notACheckpoint, "JSON",
        "download the file again"
      ),
      (
        "index.json",
        Array(
          "{\n  \"metadata\": {\"total_size\": 4},\n  \"weight_map\": {\"w\": \"a.safetensors\"}}"
            .utf8),
        .notACheckpoint, "index of a sharded checkpoint", "weight_map"
      ),
      ("plain text", Array("caf\u{E9} is not a checkpoint".utf8), .notACheckpoint, "a text", ""),
      (
        "gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x4B], .unsupportedFormat, "gzip", "Decompress"
      ),
      (
        "tar",
        Array("sys_info".utf8) + [UInt8](repeating: 0, count: 249) + Array("ustar\u{0}00".utf8)
          + [UInt8](repeating: 0, count: 256), .unsupportedFormat, "tar archive", "torch.save"
      ),
      (
        "tar with a member that leads out of its folder",
        Array("../../etc/cron.d/x".utf8) + [UInt8](repeating: 0, count: 239)
          + Array("ustar\u{0}00".utf8) + [UInt8](repeating: 0, count: 256), .unsupportedFormat,
        "tar archive", "torch.save"
      ),
      (
        "HDF5", Array("\u{89}HDF\r\n\u{1A}\n".unicodeScalars.map { UInt8($0.value) }) + [0, 0],
        .unsupportedFormat, "HDF5", "safetensors"
      ),
      (
        "ONNX", [8, 7, 0x12, 7] + Array("pytorch".utf8) + [0x1A, 3] + Array("2.1".utf8),
        .unsupportedFormat, "ONNX", "safetensors"
      ),
      (
        "7z", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0, 4, 0], .unsupportedFormat, "7z", "Decompress"
      ),
      ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4, 0], .unsupportedFormat, "xz", "Decompress"),
      ("zstd", [0x28, 0xB5, 0x2F, 0xFD, 4, 0x58, 0, 0], .unsupportedFormat, "zstd", "Decompress"),
      (
        "GGUF", Array("GGUF".utf8) + [3, 0, 0, 0, 1, 0, 0, 0], .unsupportedFormat, "GGUF",
        "safetensors"
      ),
      (
        "npy", [0x93] + Array("NUMPY".utf8) + [1, 0, 0x76, 0], .unsupportedFormat, "NumPy",
        "safetensors"
      ),
      (
        "plain pickle, protocol 2", [0x80, 2, 0x7D, 0x71, 0, 0x58, 1, 0, 0, 0, 0x77],
        .unsupportedFormat,
        "plain Python pickle", "Nothing in it was run"
      ),
      (
        "plain pickle, protocol 4", [0x80, 4, 0x95, 2, 0, 0, 0, 0, 0, 0, 0, 0x7D, 0x94, 0x2E],
        .unsupportedFormat,
        "plain Python pickle", "Nothing in it was run"
      ),
      (
        "plain pickle, wrong magic number",
        [0x80, 2, 0x8A, 0x0A, 0x6D, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E],
        .unsupportedFormat, "plain Python pickle", "Nothing in it was run"
      ),
      (
        "plain pickle, protocol 0", Array("(dp0\nS'w'\np1\nI1\ns.".utf8), .unsupportedFormat,
        "plain Python pickle", "Nothing in it was run"
      ),
      (
        "plain pickle, protocol 0, of a call", Array("cposix\nsystem\n(S'true'\ntR.".utf8),
        .unsupportedFormat, "plain Python pickle", "Nothing in it was run"
      ),
      (
        "a payload where PyTorch's old format has its magic number",
        TestPickle.pickle(
          TestPickle.call("posix", "system", TestPickle.string("touch \(HostilePickle.markerPath)"))
        ) + TestLegacy().bytes().dropFirst(15), .unsupportedFormat, "plain Python pickle",
        "Nothing in it was run"
      ),
      (
        "metadata of a distributed checkpoint, protocol 4",
        [0x80, 4, 0x95, 0xCF, 3, 0, 0, 0, 0, 0, 0, 0x8C, 0x25]
          + Array("torch.distributed.checkpoint.metadata".utf8) + [0x94], .unsupportedFormat,
        "metadata of a distributed checkpoint", "dcp_to_torch"
      ),
      (
        "metadata of a distributed checkpoint, protocol 2",
        [0x80, 2] + Array("ctorch.distributed.checkpoint.metadata\nMetadata\n".utf8),
        .unsupportedFormat, "metadata of a distributed checkpoint", "dcp_to_torch"
      ),
      (
        "zeros", [UInt8](repeating: 0, count: 4096), .headerJSON, "lists the tensors, is empty",
        "never finished writing"
      ),
      ("empty", [], .truncated, "empty", "again"),
    ]

  @Test("a file of another kind is refused by its name", arguments: foreign.indices)
  func refusal(index: Int) throws {
    let file = Self.foreign[index]
    try withFile(file.bytes) { path in
      let error = try #require(throws: GPUMergeError.self) { try Checkpoint.open(path) }
      #expect(error.kind == file.kind, "\(file.name): \(error)")
      #expect(error.problem.contains(file.say), "\(file.name): \(error)")
      #expect((error.advice ?? "").contains(file.advise), "\(file.name): \(error)")
      #expect(error.file == path)
      #expect(access(HostilePickle.markerPath, F_OK) != 0)
    }
  }

  @Test("a payload of PyTorch's under a safetensors name is seen for what it is, and not run")
  func renamed() throws {
    let hostile = try #require(HostilePickle.programs.first)
    try withFile(hostile.bytes()) { path in
      let renamed = FilePath(path.string + ".safetensors")
      #expect(rename(path.string, renamed.string) == 0)
      let error = try #require(throws: GPUMergeError.self) { try Checkpoint.open(renamed) }
      #expect(error.kind == .pickleGlobal)
      #expect(access(HostilePickle.markerPath, F_OK) != 0)
      #expect(rename(renamed.string, path.string) == 0)
    }
  }

  @Test("a zip archive goes to the PyTorch reader, whatever its name")
  func zip() throws {
    let bytes: [UInt8] = [0x50, 0x4B, 3, 4, 0, 0, 8, 8, 0, 0]
    #expect(try FormatSniffer.format(of: bytes) == .pytorch)
  }

  @Test("the old format of PyTorch goes to the PyTorch reader, in each protocol of pickle")
  func legacy() throws {
    let number: [UInt8] = [
      0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]
    #expect(try FormatSniffer.format(of: [0x80, 2] + number) == .pytorch)
    #expect(try FormatSniffer.format(of: [0x80, 3] + number) == .pytorch)
    let frame: [UInt8] = [0x95, 13, 0, 0, 0, 0, 0, 0, 0]
    #expect(try FormatSniffer.format(of: [0x80, 4] + frame + number) == .pytorch)
    #expect(try FormatSniffer.format(of: [0x80, 5] + frame + number) == .pytorch)
  }

  @Test("a header length with the bytes of another mark is a header length")
  func polyglot() throws {
    let zip: [UInt8] = [0x50, 0x4B, 3, 4, 0, 0, 0, 0, UInt8(ascii: "{")]
    #expect(try FormatSniffer.format(of: zip) == .safetensors)
    let pickle: [UInt8] = [0x80, 2, 0, 0, 0, 0, 0, 0, UInt8(ascii: " ")]
    #expect(try FormatSniffer.format(of: pickle) == .safetensors)
    let gzip: [UInt8] = [0x1F, 0x8B, 0, 0, 0, 0, 0, 0, UInt8(ascii: "{")]
    #expect(try FormatSniffer.format(of: gzip) == .safetensors)
  }

  @Test("the name of an unfinished download explains why it cannot be read, and only then")
  func unfinished() throws {
    let good = Array("\u{2}\0\0\0\0\0\0\0{}".utf8)
    try withFile(good.dropLast()) { path in
      for ending in ["incomplete", "part", "crdownload"] {
        let renamed = FilePath(path.string + "." + ending)
        #expect(rename(path.string, renamed.string) == 0)
        let error = try #require(throws: GPUMergeError.self) { try Checkpoint.open(renamed) }
        #expect(error.kind == .truncated)
        #expect(error.advice?.contains("never downloaded to the end") == true)
        #expect(rename(renamed.string, path.string) == 0)
      }
    }
    try withFile(good) { path in
      let renamed = FilePath(path.string + ".incomplete")
      #expect(rename(path.string, renamed.string) == 0)
      let checkpoint = try Checkpoint.open(renamed)
      #expect(checkpoint.tensors.isEmpty)
      #expect(rename(renamed.string, path.string) == 0)
    }
  }

  @Test("a missing file, a device and a pipe are refused")
  func notFiles() throws {
    func kind(_ path: String) -> GPUMergeError.Kind? {
      #expect(throws: GPUMergeError.self) { try Checkpoint.open(FilePath(path)) }?.kind
    }
    #expect(kind("/nonexistent/model.safetensors") == .inputMissing)
    #expect(kind("/dev/zero") == .unsupportedFormat)
    #expect(kind("/dev/null") == .unsupportedFormat)
    #expect(kind("/proc/self/mem") != nil)
    try withFile([]) { path in
      let pipe = path.string + ".fifo"
      #expect(mkfifo(pipe, 0o600) == 0)
      defer { unlink(pipe) }
      // Must not wait for somebody to write.
      #expect(kind(pipe) == .unsupportedFormat)
    }
  }
}
