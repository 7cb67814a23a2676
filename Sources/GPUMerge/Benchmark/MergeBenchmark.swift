import SystemPackage

/// Measures whole merges of synthetic models, simple averages of four.
package struct MergeBenchmark {
  /// What a merge took.
  package struct Timing: Sendable {
    package var seconds: Double
    package var readByteCount: Int
    package var writtenByteCount: Int
  }

  let models: BenchmarkModels
  let folder: FilePath

  /// Merges state dicts into a state dict; the models are in memory that the device has pinned, or in any.
  func inMemory(on device: MergeDevice, isPinned: Bool) async throws(GPUMergeError) -> Timing {
    // The same memory under several names: it is more than caches hold, and less than files take.
    let part = models.weights[0].bytes.count
    let storages = models.weights.map { memory in
      guard isPinned else { return TensorStorage(memory: memory, byteCount: part) }
      return device.storage(byteCount: part) {
        $0.copyMemory(from: UnsafeRawBufferPointer(memory.bytes))
      }
    }
    let shape = [part / DType.bfloat16.byteWidth]
    let partCount = max(1, min(models.byteCount, 512 << 20) / part)
    var stateDicts: [StateDict] = []
    for storage in storages {
      var stateDict = StateDict()
      for index in 0..<partCount {
        // A storage for each, as tensors of one storage are tied, and merged once.
        stateDict[TensorName("layers.\(index).weight")] = try Tensor(
          dtype: .bfloat16, shape: shape, storage: TensorStorage(sharing: storage))
      }
      stateDicts.append(stateDict)
    }
    let pool = ModelPool(stateDicts: stateDicts)
    var seconds: [Double] = []
    var timing = Timing(seconds: 0, readByteCount: 0, writtenByteCount: 0)
    for run in 0...3 {
      let start = ContinuousClock.now
      let merge = try Merge(pool, algorithm: SimpleAverageAlgorithm(), options: options(device))
      let (_, report) = try await merge.stateDict()
      // The first compiles kernels and takes memory.
      if run > 0 { seconds.append(start.duration(to: .now) / .seconds(1)) }
      timing.readByteCount = report.readByteCount
      timing.writtenByteCount = report.writtenByteCount
    }
    timing.seconds = seconds.median
    return timing
  }

  /// Merges files, which are in the page cache, into a file, on each of several devices in turns.
  func files(on devices: [MergeDevice]) async throws(GPUMergeError) -> [Timing] {
    var seconds: [[Double]] = devices.map { _ in [] }
    var timings = devices.map { _ in Timing(seconds: 0, readByteCount: 0, writtenByteCount: 0) }
    for _ in 0..<3 {
      for (index, device) in devices.enumerated() {
        let output = folder.appending("merged.safetensors")
        let start = ContinuousClock.now
        let merge = try Merge(
          ModelPool(checkpoints: models.paths), algorithm: SimpleAverageAlgorithm(),
          options: options(device))
        let report: MergeReport
        do throws(GPUMergeError) {
          report = try await merge.write(to: .file(output, .safetensors))
        } catch {
          guard error.kind == .io || error.kind == .cannotCreate else { throw error }
          var error = error
          error.advice = BenchmarkFolder.adviceOnPlace
          throw error
        }
        seconds[index].append(start.duration(to: .now) / .seconds(1))
        timings[index].readByteCount = report.readByteCount
        timings[index].writtenByteCount = report.writtenByteCount
        Folder(folder).remove(files: ["merged.safetensors"])
      }
    }
    for index in timings.indices { timings[index].seconds = seconds[index].median }
    return timings
  }

  private func options(_ device: MergeDevice) -> MergeOptions {
    var options = MergeOptions()
    options.device = device
    return options
  }
}
