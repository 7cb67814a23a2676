import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct InterruptionTests {
  @Test(
    "a signal ends a merge with 130 and leaves nothing but what is finished",
    arguments: [SIGINT, SIGTERM, SIGHUP])
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
    // Where the signal was so slow that a block was finished before it came, that is kept.
    let isKept = try scratch.names.contains(work)
    let advice =
      isKept
      ? "What is finished is kept: the same command goes on from there" : "Start it again"
    #expect(result.error.hasSuffix("error: the merge was interrupted. \(advice)\n"))
    #expect(try Set(scratch.names) == (isKept ? ["a.safetensors", work] : ["a.safetensors"]))
  }
}
