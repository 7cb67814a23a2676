/// Measures kernels on data that is where they compute: in slots of a device, or of all processors.
package struct KernelBenchmark {
  /// One result.
  package struct Rate: Sendable {
    package var name: String
    package var dtype: DType
    /// Bytes read and written.
    package var throughput: Throughput
  }

  private let slots: [SlotBox]
  private let cases: [KernelCase]

  /// Makes one slot on a device, or one for each processor on the CPU path, with launches of so many
  /// bytes of output at the most.
  init(_ backend: any Backend, upTo byteCount: Int) throws(DeviceError) {
    let isCPU = backend is CPUBackend
    let slotCount = isCPU ? processorCount() : 1
    // More than caches hold, and enough for a launch to take far longer than to start it.
    let whole = backend.copiesPerByte > 1 ? 64 << 20 : 32 << 20
    var launch = isCPU ? max(whole / slotCount, 1 << 20) : whole
    launch = min(launch, max(byteCount & ~4095, 64 << 10))
    var cases = KernelCase.all(byteCount: launch)
    var layout = KernelCase.layout(of: cases, outputByteCount: launch)
    let budget = min(backend.maximumTotalByteCount, 2 << 30)
    while launch > 64 << 10,
      layout.byteCount * slotCount * backend.copiesPerByte > budget
        || layout.inputByteCount > backend.maximumBufferByteCount
    {
      launch /= 2
      cases = KernelCase.all(byteCount: launch)
      layout = KernelCase.layout(of: cases, outputByteCount: launch)
    }
    var slots: [SlotBox] = []
    for _ in 0..<slotCount { slots.append(SlotBox(try backend.makeSlot(layout))) }
    self.slots = slots
    self.cases = cases
  }

  /// Measures all kinds of launch.
  func rates(
    before: () throws(GPUMergeError) -> Void
  ) throws(GPUMergeError) -> [Rate] {
    var rates: [Rate] = []
    for kernel in cases {
      try before()
      guard let launch = kernel.launch else { continue }
      do throws(DeviceError) {
        rates.append(
          Rate(
            name: kernel.name, dtype: kernel.dtype,
            throughput: try measure(kernel, [launch])))
      } catch {
        throw .deviceFailure(error)
      }
    }
    return rates
  }

  private func measure(
    _ kernel: KernelCase, _ launch: [Launch]
  ) throws(DeviceError) -> Throughput {
    try onAllSlots { slot throws(DeviceError) in
      kernel.stage(try slot.beginInput())
      try slot.run(launch, stagedByteCount: kernel.stagedByteCount, uploads: [])
      _ = try slot.finish(outputByteCount: 0)
    }
    func seconds(_ count: Int) throws(DeviceError) -> Double {
      let launches = Array(repeating: launch, count: count).flatMap(\.self)
      return try Throughput.median(ofRuns: 5, byteCount: 0) { () throws(DeviceError) in
        try onAllSlots { slot throws(DeviceError) in
          // Nothing is staged again.
          try slot.run(launches, stagedByteCount: 0, uploads: [])
          _ = try slot.finish(outputByteCount: 0)
        }
      }.seconds
    }
    // What starting, and copying a block back, take is in both times, and in their difference no more.
    let one = try seconds(1)
    let more = Throughput.times(toFill: one) + 1
    let all = try seconds(1 + more)
    let bytes = kernel.trafficByteCount * slots.count
    return all > one * 1.1
      ? Throughput(byteCount: bytes * more, seconds: all - one)
      : Throughput(byteCount: bytes * (1 + more), seconds: all)
  }

  private func onAllSlots(
    _ body: @escaping @Sendable (any Slot) throws(DeviceError) -> Void
  ) throws(DeviceError) {
    let failure = FirstError<DeviceError>()
    let slots = slots
    Threads.concurrently(count: slots.count) { index in
      guard let slot = slots[index].slot else { return }
      failure.note { () throws(DeviceError) in try body(slot) }
    }
    try failure.check()
  }
}
