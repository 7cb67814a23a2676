import Foundation
import GPUMerge
import Glibc
import Kernels
import OpenCLLoader
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// How often programs were made, and a driver that does not like binaries.
enum Builds {
  struct Counts: Equatable {
    var sources = 0
    var binaries = 0
  }
  static let counts = Mutex(Counts())

  static func table() -> opencl_api? {
    guard var table = Faults.real else { return nil }
    counts.withLock { $0 = Counts() }
    table.clCreateProgramWithSource = {
      Builds.counts.withLock { $0.sources += 1 }
      return Faults.real?.clCreateProgramWithSource($0, $1, $2, $3, $4)
    }
    table.clCreateProgramWithBinary = {
      Builds.counts.withLock { $0.binaries += 1 }
      return Faults.real?.clCreateProgramWithBinary($0, $1, $2, $3, $4, $5, $6)
    }
    return table
  }

  /// Drivers that give no binary, or do not take it back.
  static let refusals: [(String, @Sendable (inout opencl_api) -> Void)] = [
    (
      "clGetProgramInfo fails",
      { table in table.clGetProgramInfo = { _, _, _, _, _ in -5 } }
    ),
    ("a binary of no size", { table in table.clGetProgramInfo = { size($0, $1, $2, $3, $4, 0) } }),
    (
      "a binary of a size that cannot be",
      { table in table.clGetProgramInfo = { size($0, $1, $2, $3, $4, 1 << 60) } }
    ),
    (
      "clCreateProgramWithBinary fails",
      { table in
        table.clCreateProgramWithBinary = { _, _, _, _, _, _, status in
          status?.pointee = -42
          return nil
        }
      }
    ),
    (
      "clBuildProgram fails for a binary",
      { table in
        table.clBuildProgram = { program, count, devices, options, callback, data in
          let fails = Builds.counts.withLock { $0.binaries > $0.sources }
          return fails
            ? -11
            : Faults.real?.clBuildProgram(program, count, devices, options, callback, data)
              ?? CL_INVALID_VALUE
        }
      }
    ),
  ]

  private static func size(
    _ program: cl_program?, _ parameter: cl_program_info, _ byteCount: Int,
    _ value: UnsafeMutableRawPointer?, _ size: UnsafeMutablePointer<Int>?, _ claimed: Int
  ) -> cl_int {
    value?.storeBytes(of: claimed, as: Int.self)
    return CL_SUCCESS
  }
}

/// One at a time, as they count.
@Suite("Compiled kernels are kept", .needsDevice, .serialized)
struct KernelBinariesTests {
  private let scratch: Scratch
  private static let merge = MergeCase(inputsPerLaunch: [2, 1])
  /// The kernels of the merge: one that begins, one that ends.
  private static let kernels = 2

  init() throws { scratch = try Scratch() }

  /// A device as a new process would have it.
  private func backend(
    in cache: DeviceCache? = nil, _ change: (inout opencl_api) -> Void = { _ in }
  ) throws -> OpenCLBackend {
    var table = try #require(Builds.table())
    change(&table)
    return try OpenCLBackend(
      TestDevice.require(), api: OpenCLAPI(table),
      cache: cache ?? DeviceCache(folder: FilePath(scratch.path)))
  }

  /// Merges in a new process, and counts what was built.
  private func expectMerge(
    sources: Int, binaries: Int, in cache: DeviceCache? = nil,
    _ change: (inout opencl_api) -> Void = { _ in },
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let backend = try backend(in: cache, change)
    let merged = try Self.merge.run(on: backend.makeSlot(Self.merge.layout))
    #expect(merged == Self.merge.run(on: .cpu), sourceLocation: location)
    let counts = Builds.counts.withLock(\.self)
    #expect(counts == Builds.Counts(sources: sources, binaries: binaries), sourceLocation: location)
  }

  @Test("what one process compiled the next one loads, and it computes the same")
  func everyKernel() throws {
    try backend().check()
    let first = Builds.counts.withLock(\.self)
    #expect(first.sources > 40)
    #expect(first.binaries == 0)
    try backend().check()
    #expect(Builds.counts.withLock(\.self) == Builds.Counts(sources: 0, binaries: first.sources))
  }

  @Test("a file that was harmed is compiled again, and replaced")
  func harmed() throws {
    try expectMerge(sources: Self.kernels, binaries: 0)
    for name in try scratch.names {
      let path = scratch.url(name).path
      let file = open(path, O_RDWR)
      #expect(pwrite(file, [0xFF] as [UInt8], 1, lseek(file, -100, SEEK_END)) == 1)
      close(file)
    }
    try expectMerge(sources: Self.kernels, binaries: 0)
    try expectMerge(sources: 0, binaries: Self.kernels)
  }

  @Test("what is kept for other circumstances is not taken")
  func otherDriver() throws {
    try expectMerge(sources: Self.kernels, binaries: 0)
    try expectMerge(sources: Self.kernels, binaries: 0) { table in
      table.clGetPlatformInfo = { platform, parameter, byteCount, value, size in
        guard parameter == cl_platform_info(CL_PLATFORM_VERSION) else {
          return Faults.real?.clGetPlatformInfo(platform, parameter, byteCount, value, size) ?? -30
        }
        size?.pointee = 13
        value?.copyMemory(from: "OpenCL 9.9 X", byteCount: min(13, byteCount))
        return CL_SUCCESS
      }
    }
    #expect(try scratch.names.count == 2 * Self.kernels)
  }

  @Test("a driver without binaries, or that refuses them, compiles", arguments: Builds.refusals)
  func refused(refusal: String, change: @Sendable (inout opencl_api) -> Void) throws {
    try expectMerge(sources: Self.kernels, binaries: 0)
    let gives = refusal.contains("clGetProgramInfo") || refusal.contains("size")
    let names = try scratch.names
    if gives {
      for name in names { unlink(scratch.url(name).path) }
      try expectMerge(sources: Self.kernels, binaries: 0, change)
      #expect(try scratch.names.isEmpty)
    } else {
      let tried = refusal.hasPrefix("clBuildProgram") ? Self.kernels : 0
      try expectMerge(sources: Self.kernels, binaries: tried, change)
      #expect(try scratch.names == names)
      try expectMerge(sources: 0, binaries: Self.kernels)
    }
  }

  @Test("where nothing can be kept, kernels are compiled each time")
  func unwritable() throws {
    for _ in 0..<2 {
      let cache = DeviceCache(folder: "/proc/no/folder")
      try expectMerge(sources: Self.kernels, binaries: 0, in: cache)
    }
  }

  @Test("devices of one process share what one of them has taken")
  func shared() throws {
    let cache = DeviceCache(folder: FilePath(scratch.path))
    try expectMerge(sources: Self.kernels, binaries: 0, in: cache)
    for name in try scratch.names { unlink(scratch.url(name).path) }
    try expectMerge(sources: 0, binaries: Self.kernels, in: cache)
  }
}
