import GPUMerge
import SystemPackage

extension BenchSummary {
  /// Everything, for a person.
  var text: String {
    ([heading, host, transfers, kernels, merges].map { $0.joined(separator: "\n") } + [
      Self.wrapped(conclusion)
    ]).joined(separator: "\n\n") + "\n"
  }

  private var heading: [String] {
    let kind =
      switch report.openCLDevice {
      case nil: "without OpenCL"
      case let device?:
        "OpenCL, \(device.kind.rawValue), "
          + (device.isHostUnified ? "works in the host's memory" : "has memory of its own")
      }
    return [
      "device: \(escaped(report.device, limit: 1000)) (\(kind))",
      "host:   \(Quantity.items(report.processorCount, "processor"))",
      "models: 4 of \(Quantity.bytes(report.modelByteCount)) each, bfloat16, in "
        + escaped(report.folder.string, limit: 4096),
    ]
  }

  private var host: [String] {
    [
      "HOST",
      Self.line("page cache read", report.pageCacheRead),
      Self.line("disk read", report.diskRead),
      Self.line("disk write", report.diskWrite, "until it is durable"),
      Self.line("memory copy", report.memoryCopy, "read + written"),
    ]
  }

  private var transfers: [String] {
    guard let device = report.openCLDevice else { return ["BUS", "  none: this is the CPU path"] }
    guard let transfers = report.transfers else {
      return [
        "BUS", "  none: the \(device.kind.rawValue) works in the host's memory",
      ] + deviceCopy
    }
    let rows = [("pinned", transfers.pinned), ("pageable", transfers.pageable)].flatMap {
      name, rates in
      [
        Self.line("upload, \(name)", rates.upload), Self.line("download, \(name)", rates.download),
        Self.line("both, \(name)", rates.both, "both ways together"),
      ]
    }
    return ["BUS"] + rows + deviceCopy
  }

  private var deviceCopy: [String] {
    report.deviceCopy.map { [Self.line("copy on the device", $0, "read + written")] } ?? []
  }

  private var kernels: [String] {
    let copy = report.deviceCopy == nil ? "the host's memory copy" : "the copy on the device"
    return ["KERNELS, read + written, 4 models, with their share of \(copy)"]
      + report.kernels.map {
        Self.line(
          "\($0.name) \($0.dtype.displayName)", $0.throughput, Self.percent(shareOfCopy($0)))
      }
  }

  private var merges: [String] {
    func inMemory(_ name: String, _ merge: MergeBenchmark.Timing) -> String {
      let share = shareOfUpload(merge).map { "\(Self.percent($0)) of pinned upload" }
      return Self.line(name, merge, share ?? "")
    }
    var lines = [
      "MERGES, simple averages of 4 models, with the share of the slowest link",
      inMemory("in memory", report.inMemoryMerge),
    ]
    if let pinned = report.pinnedMerge { lines.append(inMemory("in pinned memory", pinned)) }
    lines += [
      Self.line(
        "of files", report.merge,
        "\(Self.percent(shareOfBound)) \(bound.link.rawValue)")
    ]
    if let cpu = report.cpuMerge { lines.append(Self.line("of files, CPU path", cpu, "")) }
    return lines
  }

  private static func line(_ name: String, _ rate: Throughput, _ remark: String = "") -> String {
    columns([
      name, Quantity.rate(rate.byteCount, seconds: rate.seconds), remark,
    ])
  }

  private static func line(
    _ name: String, _ merge: MergeBenchmark.Timing, _ remark: String
  ) -> String {
    columns([
      name, Quantity.rate(merge.readByteCount, seconds: merge.seconds),
      "\(Quantity.bytes(merge.readByteCount)) in \(Quantity.time(merge.seconds))"
        + (remark.isEmpty ? "" : "; \(remark)"),
    ])
  }

  private static func columns(_ cells: [String]) -> String {
    var line = "  "
    for (cell, width) in zip(cells, [27, 12, 0]) {
      line += cell + String(repeating: " ", count: max(width - cell.count, 0))
    }
    while line.last == " " { line.removeLast() }
    return line
  }

  private static func percent(_ share: Double) -> String {
    "\(Int(exactly: (share * 100).rounded()) ?? 0) %"
  }

  /// A text in lines of at most 80 columns.
  private static func wrapped(_ text: String) -> String {
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if last.count + 1 + word.count <= 80 {
        lines[lines.count - 1] += " \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines.joined(separator: "\n")
  }
}
