/// How fast the host copies memory, on all processors at once.
enum HostCopy {
  /// Bytes read and written per second; each processor copies so many at the most.
  static func measure(upTo byteCount: Int) throws(GPUMergeError) -> Throughput {
    let threadCount = processorCount()
    // More than the caches hold, and half a gigabyte for all threads together.
    let share = min(max(byteCount, 64 << 10), max((256 << 20) / threadCount, 1 << 20), 32 << 20)
    let pairs = (0..<threadCount).compactMap { _ in
      if let from = AlignedMemory(ifAvailable: share), let to = AlignedMemory(ifAvailable: share) {
        (from, to)
      } else {
        nil
      }
    }
    guard pairs.count == threadCount else {
      throw GPUMergeError(
        .io, "there is no memory for the benchmark", advice: "Make it smaller with --size")
    }
    for pair in pairs { SyntheticWeights(dtype: .bfloat16, seed: 1).fill(pair.0.bytes) }
    return Throughput.repeated(byteCount: 2 * share * threadCount) { times in
      Threads.concurrently(count: threadCount) { thread in
        let (from, to) = pairs[thread]
        for _ in 0..<times { to.bytes.copyMemory(from: UnsafeRawBufferPointer(from.bytes)) }
      }
    }
  }
}
