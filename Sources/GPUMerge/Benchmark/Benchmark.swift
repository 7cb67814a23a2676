package import SystemPackage

/// Measures this machine and one device: disk, memory, bus, kernels and whole merges.
///
/// With the classes that merge, and in the way in which they are used there.
package struct Benchmark: Sendable {
  private let device: MergeDevice
  private let folder: FilePath
  private let byteCount: Int
  private let timeLimit: Duration
  private let tell: @Sendable (String) -> Void
  private let interruptible = Interruptible()

  /// Describes a benchmark.
  ///
  /// - Parameters:
  ///   - device: What is measured; one device.
  ///   - folder: Where the files go, into a folder of their own that is gone at the end.
  ///   - byteCount: The most room on the disk.
  ///   - timeLimit: How long the device may take for an answer.
  ///   - tell: Called with what is measured next.
  package init(
    _ device: MergeDevice, folder: FilePath, byteCount: Int, timeLimit: Duration,
    tell: @escaping @Sendable (String) -> Void
  ) {
    // What is measured must be the device, so it is required.
    self.device = MergeDevice(device.backends, isRequired: true)
    self.folder = folder
    self.byteCount = byteCount
    self.timeLimit = timeLimit
    self.tell = tell
  }

  /// The room that the default takes.
  package static let defaultByteCount = 2_500_000_000

  /// Measures everything, and stops soon with an error of kind `cancelled` if its task is cancelled.
  package func run() async throws(GPUMergeError) -> BenchmarkReport {
    guard let backend = device.backends.first, device.backends.count == 1 else {
      throw GPUMergeError(
        .usage, "the benchmark measures one device, not \(device.backends.count)",
        advice: "Name one with --device")
    }
    let place = try BenchmarkFolder(in: folder, byteCount: byteCount)
    defer { place.remove() }
    let result: Result<BenchmarkReport, GPUMergeError> = await withTaskCancellationHandler {
      do throws(GPUMergeError) {
        return .success(try await measure(backend, in: place.path))
      } catch {
        return .failure(error)
      }
    } onCancel: {
      interruptible.cancel()
    }
    return try result.get()
  }

  private func measure(
    _ backend: any Backend, in place: FilePath
  ) async throws(GPUMergeError) -> BenchmarkReport {
    let models: BenchmarkModels = try await inThread { () throws(GPUMergeError) in
      // Four models and what is made of them, with some room for headers.
      try BenchmarkModels(
        in: place, byteCount: (byteCount - (64 << 10)) / (BenchmarkModels.count + 1), interruptible)
    }
    let diskRates = try await inThread { () throws(GPUMergeError) in try disk(models) }
    tell("the memory")
    let memoryCopy = try await inThread { () throws(GPUMergeError) in
      try HostCopy.measure(upTo: models.byteCount)
    }
    let linkRates = try await inThread { () throws(GPUMergeError) in try links(models.byteCount) }
    tell("the kernels")
    let kernels = try await inThread { () throws(GPUMergeError) in
      let benchmark: KernelBenchmark
      do throws(DeviceError) {
        benchmark = try KernelBenchmark(backend, upTo: models.byteCount)
      } catch {
        throw .deviceFailure(error)
      }
      return try benchmark.rates { () throws(GPUMergeError) in try interruptible.check() }
    }
    tell("merges")
    let merges = MergeBenchmark(models: models, folder: place)
    let inMemory = try await merges.inMemory(on: device, isPinned: false)
    let pinned =
      linkRates?.transfers == nil ? nil : try await merges.inMemory(on: device, isPinned: true)
    let isCPU = backend is CPUBackend
    let timings = try await merges.files(on: isCPU ? [device] : [device, .cpu])
    return BenchmarkReport(
      device: device.name, openCLDevice: device.openCL?.device, processorCount: processorCount(),
      folder: folder, modelByteCount: models.byteCount, pageCacheRead: diskRates.cached,
      diskRead: diskRates.read, diskWrite: diskRates.written, memoryCopy: memoryCopy,
      transfers: linkRates?.transfers, deviceCopy: linkRates?.copy, kernels: kernels,
      inMemoryMerge: inMemory, pinnedMerge: pinned, merge: timings[0],
      cpuMerge: isCPU ? nil : timings[1])
  }

  private func disk(
    _ models: BenchmarkModels
  ) throws(GPUMergeError) -> (cached: Throughput, read: Throughput, written: Throughput) {
    func median(_ body: (Int) throws(GPUMergeError) -> Double) throws(GPUMergeError) -> Throughput {
      var seconds: [Double] = []
      for model in 0..<BenchmarkModels.count { seconds.append(try body(model)) }
      return Throughput(byteCount: models.byteCount, seconds: seconds.median)
    }
    tell("writes to the disk")
    let written = try median { model throws(GPUMergeError) in
      try Throughput.seconds { () throws(GPUMergeError) in try models.write(model) }
    }
    tell("reads from the disk")
    let read = try median { model throws(GPUMergeError) in
      try models.read(model, forgetting: true)
    }
    tell("reads from the page cache")
    let cached = try median { model throws(GPUMergeError) in
      // Once more, so that it is all there.
      _ = try models.read(model, forgetting: false)
      return try models.read(model, forgetting: false)
    }
    return (cached, read, written)
  }

  /// Measures ways to the device and on it; nil on the CPU path.
  private func links(_ byteCount: Int) throws(GPUMergeError) -> LinkBenchmark.Result? {
    guard let backend = device.openCL else { return nil }
    tell("the device's memory")
    try interruptible.check()
    do throws(DeviceError) {
      return try WatchedBackend.attempt("benchmark", device: backend.name, within: timeLimit) {
        () throws(DeviceError) in try LinkBenchmark.measure(backend, upTo: byteCount)
      }
    } catch {
      throw .deviceFailure(error)
    }
  }

  private func inThread<R: Sendable>(
    _ body: @escaping @Sendable () throws(GPUMergeError) -> R
  ) async throws(GPUMergeError) -> R {
    try interruptible.check()
    return try await Threads.run(body)
  }
}
