/// Measures the ways to a device, back, and from place to place on it.
enum LinkBenchmark {
  /// What was measured.
  struct Result: Sendable {
    /// Nil where the device works in the host's memory.
    var transfers: BenchmarkReport.Transfers?
    /// Bytes read and written by copies on the device.
    var copy: Throughput
  }

  /// Measures with buffers of so many bytes at the most.
  static func measure(
    _ backend: OpenCLBackend, upTo byteCount: Int
  ) throws(DeviceError) -> Result {
    let most = min(max(byteCount, 64 << 10), backend.maximumBufferByteCount)
    var transfers: BenchmarkReport.Transfers?
    if backend.memorySharing == .copied {
      let lanes = Lanes(
        up: try TransferLane(backend.context, byteCount: min(most, 64 << 20)),
        down: try TransferLane(backend.context, byteCount: min(most, 64 << 20)))
      transfers = BenchmarkReport.Transfers(
        pinned: try directions(lanes, .pinned), pageable: try directions(lanes, .pageable))
    }
    return Result(transfers: transfers, copy: try copy(backend.context, min(most, 256 << 20)))
  }

  /// A lane for each direction.
  private struct Lanes: @unchecked Sendable {
    // Sendable because each lane is used by one thread at a time.

    let up: TransferLane
    let down: TransferLane
  }

  private static func directions(
    _ lanes: Lanes, _ memory: TransferLane.HostMemory
  ) throws(DeviceError) -> BenchmarkReport.Transfers.Directions {
    let byteCount = lanes.up.byteCount
    return BenchmarkReport.Transfers.Directions(
      upload: try Throughput.repeated(byteCount: byteCount) { times throws(DeviceError) in
        try lanes.up.upload(from: memory, times: times)
      },
      download: try Throughput.repeated(byteCount: byteCount) { times throws(DeviceError) in
        try lanes.down.download(to: memory, times: times)
      },
      both: try Throughput.repeated(byteCount: 2 * byteCount) { times throws(DeviceError) in
        // In threads of their own, as drivers copy pageable memory in the thread that calls them.
        let results = FirstError<DeviceError>()
        Threads.concurrently(count: 2) { direction in
          results.note { () throws(DeviceError) in
            if direction == 0 {
              try lanes.up.upload(from: memory, times: times)
            } else {
              try lanes.down.download(to: memory, times: times)
            }
          }
        }
        try results.check()
      })
  }

  private static func copy(_ context: Context, _ byteCount: Int) throws(DeviceError) -> Throughput {
    let queue = try Queue(context)
    let from = try Buffer(context, byteCount: byteCount, in: .device)
    let to = try Buffer(context, byteCount: byteCount, in: .device)
    // Memory that was never written to may not be there yet.
    let zeros = AlignedMemory(byteCount: from.byteCount)
    zeros.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    try queue.write(UnsafeRawBufferPointer(rebasing: zeros.bytes[..<from.byteCount]), to: from)
    try queue.finish()
    return try Throughput.repeated(byteCount: 2 * from.byteCount) { times throws(DeviceError) in
      for _ in 0..<times { try queue.copy(from, to: to) }
      try queue.finish()
    }
  }
}
