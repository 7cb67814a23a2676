package import Kernels

/// The CPU path: kernels run on the thread that calls.
package final class CPUBackend: Backend {
  package let instructionSet: gm_isa

  /// Uses the best instruction set of this CPU, or the one given.
  package init(instructionSet: gm_isa? = nil) {
    self.instructionSet = instructionSet ?? Self.bestInstructionSet
  }

  package static var bestInstructionSet: gm_isa {
    availableInstructionSets.last ?? gm_isa_baseline
  }

  /// The instruction sets that can be asked for on this machine, from the plainest upwards.
  package static var availableInstructionSets: [gm_isa] {
    (0..<UInt32(gm_isa_count)).map(gm_isa.init(rawValue:)).filter(gm_isa_available)
  }

  package var name: String { "CPU (\(String(cString: gm_isa_name(instructionSet))))" }
  package var preferredBlockByteCount: Int { Self.blockByteCount }
  package var preferredSlotCount: Int { Self.slotCount }
  // Both numbers were measured (Documentation/Performance.md): workers wait for the disk most of the
  // time, and direct writes want to be large and many at once.
  /// Blocks large enough for the disk, and for what a worker has in the processor's cache to be used often.
  package static let blockByteCount = 1 << 20
  /// Enough slots to keep this machine's processors and its disk busy.
  package static var slotCount: Int { min(4 * processorCount(), 64) }
  /// Few enough for what is read to be in the second level cache when the kernel comes to it.
  package var preferredLaunchByteCount: Int { 64 << 10 }
  package var maximumBufferByteCount: Int { .max }
  package var copiesPerByte: Int { 1 }

  private let pages = HugePages()

  package func makeSlot(_ layout: SlotLayout) throws(DeviceError) -> any Slot {
    guard let memory = pages.take(byteCount: CPUSlot.byteCount(of: layout)) else {
      throw DeviceError(
        device: name, function: "aligned_alloc", status: -6,
        detail: "\(layout.byteCount) bytes cannot be had")
    }
    return CPUSlot(layout, in: memory, instructionSet: instructionSet)
  }
}

/// A slot whose kernels run at once, on the calling thread.
final class CPUSlot: Slot {
  private let instructionSet: gm_isa
  private let input: AlignedMemory
  private let accumulator: AlignedMemory
  private let output: AlignedMemory
  private var flags: [Bool]

  /// Creates a slot in `byteCount(of: layout)` bytes of memory.
  init(_ layout: SlotLayout, in memory: AlignedMemory, instructionSet: gm_isa) {
    self.instructionSet = instructionSet
    var end = 0
    func take(_ byteCount: Int) -> AlignedMemory {
      defer { end += AlignedMemory.rounded(byteCount) }
      return AlignedMemory(memory, offset: end, byteCount: byteCount)
    }
    input = take(layout.inputByteCount)
    accumulator = take(layout.accumulatorByteCount)
    output = take(layout.outputByteCount)
    flags = Array(repeating: false, count: layout.flagCount)
  }

  /// The memory that a slot takes, whose buffers begin at pages.
  static func byteCount(of layout: SlotLayout) -> Int {
    [layout.inputByteCount, layout.accumulatorByteCount, layout.outputByteCount]
      .reduce(0) { $0 + AlignedMemory.rounded($1) }
  }

  var readsHostMemory: Bool { true }

  func beginInput() -> UnsafeMutableRawBufferPointer { input.bytes }

  func run(_ launches: [Launch], stagedByteCount: Int, uploads: [Upload]) {
    for launch in launches {
      var piece = launch.piece
      var operands = operands(of: piece)
      let isNonFinite = launch.parameters.withBytes { parameters in
        gm_cpu_merge(instructionSet, launch.kernel, &piece, &operands, parameters.baseAddress)
      }
      if isNonFinite { flags[Int(piece.flag)] = true }
    }
  }

  func finish(outputByteCount: Int) -> SlotOutput {
    defer { for index in flags.indices { flags[index] = false } }
    return SlotOutput(
      bytes: output.bytes, flags: flags.indices.filter { flags[$0] }, input: input.bytes)
  }

  private func operands(of piece: gm_piece) -> gm_operands {
    var operands = gm_operands()
    let count = Int(piece.inputs)
    withUnsafeBytes(of: piece.input) { offsets in
      withUnsafeMutableBytes(of: &operands.input) { pointers in
        let offsets = offsets.bindMemory(to: UInt64.self)
        let pointers = pointers.bindMemory(to: UnsafeRawPointer?.self)
        for index in 0..<count { pointers[index] = staged(offsets[index]) }
      }
    }
    operands.base = staged(piece.base)
    operands.accumulator = accumulator.bytes.baseAddress.map { $0 + Int(piece.accumulator) }
    operands.output = output.bytes.baseAddress.map { $0 + Int(piece.output) }
    return operands
  }

  /// Offsets wrap around: that of memory outside of the staging area is the distance to it.
  private func staged(_ offset: UInt64) -> UnsafeRawPointer? {
    let base = UInt(bitPattern: input.bytes.baseAddress)
    return UnsafeRawPointer(bitPattern: base &+ UInt(truncatingIfNeeded: offset))
  }
}
