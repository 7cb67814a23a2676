import GPUMerge

/// What is told about a finished benchmark.
struct BenchSummary {
  let report: BenchmarkReport
  let warning: String?

  // MARK: Shares of what is possible

  func shareOfCopy(_ rate: KernelBenchmark.Rate) -> Double {
    rate.throughput.bytesPerSecond / report.copy.bytesPerSecond
  }

  /// What of the bus a merge in memory uses; nil where there is none.
  func shareOfUpload(_ merge: MergeBenchmark.Timing) -> Double? {
    report.transfers.map {
      Self.rate(merge.readByteCount, merge.seconds) / $0.pinned.upload.bytesPerSecond
    }
  }

  /// What of the time of a merge its slowest link takes.
  var shareOfBound: Double { bound.seconds / max(report.merge.seconds, 1e-9) }

  var bound: (link: BenchmarkReport.Link, seconds: Double) {
    report.bounds.first ?? (.diskWrite, 0)
  }

  static func rate(_ byteCount: Int, _ seconds: Double) -> Double {
    Double(byteCount) / max(seconds, 1e-9)
  }

  // MARK: In plain words

  /// What bounds a merge here, and whether the device helps.
  var conclusion: String { "\(boundSentence) \(deviceSentence)" }

  private var boundSentence: String {
    let bound = bound
    let times =
      "takes \(Quantity.time(bound.seconds)) of \(Quantity.time(report.merge.seconds))"
    // Where the slowest link is idle for half of the time, it is not what a merge waits for.
    var text =
      shareOfBound > 0.5
      ? "With models in the page cache, what bounds a merge here is the \(bound.link.rawValue), "
        + "which \(times)"
      : "With models in the page cache, no link alone bounds a merge here: the slowest, the "
        + "\(bound.link.rawValue), \(times)"
    let disk = Quantity.time(report.diskReadSeconds)
    text +=
      report.diskReadSeconds > bound.seconds
      ? "; models that are not yet in it take \(disk) to read, so then it is the disk read."
      : "; models that are not yet in it take \(disk) to read, which is less."
    return text
  }

  private var deviceSentence: String {
    guard let cpu = report.cpuMerge else {
      return "This is the CPU path; --device NUMBER compares a device with it."
    }
    let (device, path) = (report.merge.seconds, cpu.seconds)
    let times = "\(Quantity.time(device)) on it, \(Quantity.time(path)) on the CPU path"
    // What differs by less, differs from run to run.
    if device < path * 0.95 { return "This device makes a merge faster: \(times)." }
    if device > path * 1.05 { return "This device does not make a merge faster: \(times)." }
    return "With this device a merge is about as fast as without: \(times)."
  }
}
