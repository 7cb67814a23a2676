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
  // Both numbers were measured (Documentation/Performance.md): workers wait for the disk most of the
  // time, and direct writes want to be large and many at once.
  package var preferredBlockByteCount: Int { 512 << 10 }
  package var preferredSlotCount: Int { Self.slotCount }
  /// Enough slots to keep this machine's processors and its disk busy.
  package static var slotCount: Int { min(4 * processorCount(), 64) }
  /// Few enough for what is read to be in the second level cache when the kernel comes to it.
  package var preferredLaunchByteCount: Int { 64 << 10 }
  package var maximumBufferByteCount: Int { .max }
  package var copiesPerByte: Int { 1 }

  /// What must be left for everything else, as Swift ends the process where no memory is left.
  private static let reserveByteCount = 32 << 20

  package func makeSlot(_ layout: SlotLayout) throws(DeviceError) -> any Slot {
    guard AlignedMemory.isAvailable(layout.byteCount + Self.reserveByteCount),
      let slot = CPUSlot(layout, instructionSet: instructionSet)
    else {
      throw DeviceError(
        device: name, function: "aligned_alloc", status: -6,
        detail: "\(layout.byteCount) bytes cannot be had")
    }
    return slot
  }
}

/// A slot whose kernels run at once, on the calling thread.
final class CPUSlot: Slot {
  private let instructionSet: gm_isa
  private let input: AlignedMemory
  private let accumulator: AlignedMemory
  private let output: AlignedMemory
  private var flags: [Bool]

  /// Allocates the memory; nil if the system has not so much.
  init?(_ layout: SlotLayout, instructionSet: gm_isa) {
    guard let input = AlignedMemory(ifAvailable: layout.inputByteCount),
      let accumulator = AlignedMemory(ifAvailable: layout.accumulatorByteCount),
      let output = AlignedMemory(ifAvailable: layout.outputByteCount)
    else { return nil }
    self.instructionSet = instructionSet
    self.input = input
    self.accumulator = accumulator
    self.output = output
    flags = Array(repeating: false, count: layout.flagCount)
  }

  var readsHostMemory: Bool { true }

  func beginInput() -> UnsafeMutableRawBufferPointer { input.bytes }

  func run(_ launches: [Launch], stagedByteCount: Int) {
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
    return SlotOutput(bytes: output.bytes, flags: flags.indices.filter { flags[$0] })
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
