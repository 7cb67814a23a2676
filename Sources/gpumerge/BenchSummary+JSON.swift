import GPUMerge
import SystemPackage

extension BenchSummary {
  /// Everything, for programs; rates are bytes per second.
  var json: JSONValue {
    .object([
      ("version", .string(RecipeRecord.version)),
      ("device", device),
      ("processors", .integer(report.processorCount)),
      ("folder", .string(report.folder.string)),
      ("model_bytes", .integer(report.modelByteCount)),
      (
        "host",
        .object([
          ("page_cache_read", Self.rate(report.pageCacheRead)),
          ("disk_read", Self.rate(report.diskRead)),
          ("disk_write", Self.rate(report.diskWrite)),
          ("memory_copy", Self.rate(report.memoryCopy)),
        ])
      ),
      ("transfers", report.transfers.map(Self.transfers) ?? .null),
      ("device_copy", report.deviceCopy.map(Self.rate) ?? .null),
      ("kernels", .array(report.kernels.map(kernel))),
      ("in_memory_merge", inMemory(report.inMemoryMerge)),
      ("pinned_merge", report.pinnedMerge.map(inMemory) ?? .null),
      ("merge", Self.merge(report.merge, ("share_of_bound", .number(shareOfBound)))),
      ("cpu_merge", report.cpuMerge.map { Self.merge($0) } ?? .null),
      (
        "bounds",
        .object(report.bounds.map { ($0.link.key, .number($0.seconds)) })
      ),
      ("disk_read_seconds", .number(report.diskReadSeconds)),
      ("bound", .string(bound.link.key)),
      ("conclusion", .string(conclusion)),
      ("warnings", .array(warning.map { [.string($0)] } ?? [])),
    ])
  }

  private var device: JSONValue {
    .object([
      ("name", .string(report.device)),
      ("index", report.openCLDevice.map { .integer($0.index) } ?? .null),
      ("type", .string(report.openCLDevice?.kind.rawValue ?? "cpu_path")),
      ("shares_host_memory", .bool(report.openCLDevice?.isHostUnified ?? true)),
    ])
  }

  private func inMemory(_ merge: MergeBenchmark.Timing) -> JSONValue {
    let share = shareOfUpload(merge).map(JSONValue.number) ?? .null
    return Self.merge(merge, ("share_of_upload", share))
  }

  private func kernel(_ rate: KernelBenchmark.Rate) -> JSONValue {
    .object([
      ("kernel", .string(rate.name)), ("dtype", .string(rate.dtype.displayName)),
      ("bytes_per_second", Self.rate(rate.throughput)),
      ("share_of_copy", .number(shareOfCopy(rate))),
    ])
  }

  private static func transfers(_ transfers: BenchmarkReport.Transfers) -> JSONValue {
    func directions(_ rates: BenchmarkReport.Transfers.Directions) -> JSONValue {
      .object([
        ("upload", rate(rates.upload)), ("download", rate(rates.download)),
        ("both", rate(rates.both)),
      ])
    }
    return .object([
      ("pinned", directions(transfers.pinned)), ("pageable", directions(transfers.pageable)),
    ])
  }

  private static func merge(
    _ merge: MergeBenchmark.Timing, _ more: (String, JSONValue)...
  ) -> JSONValue {
    .object(
      [
        ("seconds", .number(merge.seconds)),
        ("bytes_read", .integer(merge.readByteCount)),
        ("bytes_written", .integer(merge.writtenByteCount)),
        ("bytes_read_per_second", .number(rate(merge.readByteCount, merge.seconds))),
      ] + more)
  }

  private static func rate(_ rate: Throughput) -> JSONValue { .number(rate.bytesPerSecond) }
}

extension BenchmarkReport.Link {
  /// The name in JSON.
  fileprivate var key: String { rawValue.replacing(" ", with: "_") }
}
