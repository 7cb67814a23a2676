import Foundation
import GPUMerge
import OpenCLLoader
import SystemPackage
import TestSupport
import Testing

@Suite("The benchmark", .needsDevice)
struct BenchmarkTests {
  @Test("the bus to a device with memory of its own is measured, both ways and with both memories")
  func bus() async throws {
    let scratch = try Scratch()
    let backend = try OpenCLBackend(TestDevice.require(), memorySharing: .copied)
    let benchmark = Benchmark(
      MergeDevice(backend), folder: FilePath(scratch.path), byteCount: 1 << 20,
      timeLimit: .seconds(60), tell: { _ in })
    let report = try await benchmark.run()
    let transfers = try #require(report.transfers)
    for rates in [transfers.pinned, transfers.pageable] {
      for rate in [rates.upload, rates.download, rates.both] {
        #expect(rate.byteCount > 0)
        #expect(rate.seconds > 0)
      }
      #expect(rates.both.byteCount % (2 * 64) == 0)
    }
    let links = report.bounds.map(\.link)
    #expect(Set(links) == [.pageCache, .diskWrite, .upload, .download, .kernels])
    #expect(report.bounds.map(\.seconds) == report.bounds.map(\.seconds).sorted(by: >))
    // As much in memory as the models' weights are repeated to, at least one model; of files, 4 models.
    #expect(report.inMemoryMerge.readByteCount == 4 * report.inMemoryMerge.writtenByteCount)
    #expect(report.pinnedMerge?.readByteCount == report.inMemoryMerge.readByteCount)
    #expect(report.merge.readByteCount == 4 * 8 * 12 * 1024 * 2)
    #expect(try scratch.names.isEmpty)
  }

  @Test("a device that fails while it is measured is an error, and leaves no file")
  func failure() async throws {
    let scratch = try Scratch()
    var table = try #require(Faults.real)
    table.clEnqueueCopyBuffer = { _, _, _, _, _, _, _, _, _ in -5 }
    let backend = try OpenCLBackend(TestDevice.require(), api: OpenCLAPI(table))
    let benchmark = Benchmark(
      MergeDevice(backend), folder: FilePath(scratch.path), byteCount: 1 << 20,
      timeLimit: .seconds(60), tell: { _ in })
    let error = await #expect(throws: GPUMergeError.self) { try await benchmark.run() }
    #expect(error?.kind == .deviceFailure)
    #expect(error?.problem.contains("clEnqueueCopyBuffer failed with status -5") == true)
    #expect(try scratch.names.isEmpty)
  }
}
