import GPUMerge
import SystemPackage

/// One benchmark as the user asked for it.
struct BenchJob: Job {
  let selection: DeviceSelection
  let folder: FilePath
  let byteCount: Int
  let isJSON: Bool

  func run() async throws(GPUMergeError) {
    let limit = MergeDevice.defaultTimeLimit
    let device = try await Threads.run { () throws(GPUMergeError) in
      try MergeDevice(
        selecting: selection, timeLimit: limit,
        probe: DriverProbe(executable: "/proc/self/exe", timeLimit: limit),
        cache: .standard)
    }
    if let warning = device.warning {
      StandardStreams.writeError("warning: \(escaped(warning, limit: 10_000))\n")
    }
    let showsProgress = ProgressBar.isPossible
    let benchmark = Benchmark(device, folder: folder, byteCount: byteCount, timeLimit: limit) {
      if showsProgress { StandardStreams.writeError("\rmeasuring \($0)\u{1B}[K") }
    }
    defer { if showsProgress { StandardStreams.writeError("\r\u{1B}[K") } }
    let summary = BenchSummary(report: try await benchmark.run(), warning: device.warning)
    if showsProgress { StandardStreams.writeError("\r\u{1B}[K") }
    try StandardStreams.writeOutput(isJSON ? summary.json.text + "\n" : summary.text)
  }
}
