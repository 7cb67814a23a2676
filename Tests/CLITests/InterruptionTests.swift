import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct InterruptionTests {
  @Test("a signal ends a merge with 130 and leaves no file", arguments: [SIGINT, SIGTERM, SIGHUP])
  func interruption(signal: CInt) throws {
    let scratch = try Scratch()
    // 25 GB of zeros to read: long enough to be interrupted on any machine, and nearly no disk.
    try scratch.writeSparseModel("a.safetensors", byteCount: 64 << 20)
    let models = Array(repeating: "a.safetensors", count: 400)
    let tool = try Tool(
      ["--device", "cpu", "-o", "o.safetensors", "--threads", "1", "--record-interval", "9000"]
        + models, in: scratch)
    // The merge has begun once there is a work folder.
    let work = "o.safetensors.gpumerge-partial"
    let deadline = ContinuousClock.now + .seconds(60)
    while try !scratch.names.contains(work), ContinuousClock.now < deadline { usleep(2000) }
    #expect(try scratch.names.contains(work))
    tool.signal(signal)
    let result = try tool.wait()
    #expect(result.status == 130)
    // Nothing was recorded, so there is nothing to go on from.
    #expect(result.error.hasSuffix("error: the merge was interrupted. Start it again\n"))
    #expect(try scratch.names == ["a.safetensors"])
  }
}
