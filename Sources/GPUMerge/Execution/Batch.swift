import Kernels

/// Launches that share one filling of a slot's staging area.
struct Batch {
  let slot: any Slot
  /// What was read ahead of the inputs.
  let window: ReadWindow?
  private var launches: [Launch] = []
  private var staging: UnsafeMutableRawBufferPointer?
  /// The bytes that are staged from the start of the staging area on.
  private var usedByteCount = 0
  /// What is copied to its end, from where it lies.
  private var uploads: [Upload] = []
  private var uploadedByteCount = 0

  init(slot: any Slot, window: ReadWindow?) {
    self.slot = slot
    self.window = window
  }

  /// Adds the launch of one run over one piece, after reading what it needs.
  mutating func add(
    _ piece: Piece, run: InputRun, operation: ElementwiseOperation, models: [TensorInfo],
    base: TensorInfo?, outputWidth: Int, flag: Int
  ) throws(BlockFailure) {
    let elements = piece.elements(ofWidth: outputWidth)
    let needed = models[run.models].reduce(base.map { staged($0, elements) } ?? 0) {
      $0 + staged($1, elements)
    }
    if let staging, usedByteCount + uploadedByteCount + needed > staging.count { try flush() }
    let staging = try begin()

    var arguments = gm_piece()
    arguments.count = UInt64(elements.count)
    arguments.first = UInt64(elements.lowerBound)
    arguments.output = UInt64(piece.blockOffset)
    arguments.inputs = UInt32(run.models.count)
    arguments.flag = UInt32(flag)
    for (index, model) in models[run.models].enumerated() {
      let offset = try stage(model, elements: elements, in: staging)
      withUnsafeMutableBytes(of: &arguments.input) {
        $0.bindMemory(to: UInt64.self)[index] = offset
      }
    }
    if let base { arguments.base = try stage(base, elements: elements, in: staging) }
    launches.append(
      Launch(
        kernel: run.kernel, piece: arguments, parameters: operation.parameters(for: run.models)))
  }

  /// Runs what was added so far.
  mutating func flush() throws(BlockFailure) {
    guard staging != nil else { return }
    do throws(DeviceError) {
      try slot.run(launches, stagedByteCount: usedByteCount, uploads: uploads)
    } catch {
      throw .device(error)
    }
    launches.removeAll(keepingCapacity: true)
    staging = nil
    usedByteCount = 0
    uploads.removeAll(keepingCapacity: true)
    uploadedByteCount = 0
  }

  private mutating func begin() throws(BlockFailure) -> UnsafeMutableRawBufferPointer {
    if let staging { return staging }
    do throws(DeviceError) {
      slot.reserveInput()
      let bytes = try slot.beginInput()
      staging = bytes
      return bytes
    } catch {
      throw .device(error)
    }
  }

  /// Puts a tensor's elements into the staging area and returns their offset.
  ///
  /// Where the kernel can read the host's memory and the elements are there already, in the window
  /// for example, they stay where they are. Where the device has pinned the memory that they are in, it copies
  /// them from there.
  private mutating func stage(
    _ tensor: TensorInfo, elements: Range<Int>, in staging: UnsafeMutableRawBufferPointer
  ) throws(BlockFailure) -> UInt64 {
    let width = tensor.dtype.byteWidth
    let range = elements.lowerBound * width..<elements.upperBound * width
    if slot.readsHostMemory, let resident = tensor.resident(bytes: range, in: window),
      let address = resident.baseAddress
    {
      let distance = UInt(bitPattern: address) &- UInt(bitPattern: staging.baseAddress)
      return UInt64(truncatingIfNeeded: distance)
    }
    if let pinning = slot.pinning, tensor.source.pinning == pinning,
      let resident = tensor.resident(bytes: range, in: nil)
    {
      uploadedByteCount += aligned(range.count)
      let offset = (staging.count & ~(MemoryPlan.alignment - 1)) - uploadedByteCount
      uploads.append(Upload(bytes: resident, offset: offset))
      return UInt64(offset)
    }
    let offset = usedByteCount
    let destination = UnsafeMutableRawBufferPointer(
      rebasing: staging[offset..<offset + range.count])
    do throws(GPUMergeError) {
      try tensor.read(bytes: range, into: destination, through: window)
    } catch {
      throw .merge(error)
    }
    usedByteCount += aligned(range.count)
    return UInt64(offset)
  }

  /// What a tensor's elements take of the staging area.
  private func staged(_ tensor: TensorInfo, _ elements: Range<Int>) -> Int {
    aligned(elements.count * tensor.dtype.byteWidth)
  }

  private func aligned(_ byteCount: Int) -> Int {
    (byteCount + MemoryPlan.alignment - 1) & ~(MemoryPlan.alignment - 1)
  }
}
