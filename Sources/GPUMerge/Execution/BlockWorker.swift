import Glibc
import SystemPackage

/// Merges one block at a time, on one thread, with one slot.
struct BlockWorker {
  let pipeline: Pipeline
  let slot: any Slot
  /// The name of what computes.
  let device: String
  /// What the slot holds.
  let layout: SlotLayout
  /// The most models that one launch reads.
  let maximumInputCount: Int
  /// What inputs of the block are read ahead into; nil if there is no memory for that.
  private let window: ReadWindow?
  /// Room to compare the bytes of copied tensors in.
  private let scratch = AlignedMemory(byteCount: 64 << 10)

  init(
    pipeline: Pipeline, slot: any Slot, device: String, layout: SlotLayout,
    maximumInputCount: Int, windowByteCount: Int
  ) {
    self.pipeline = pipeline
    self.slot = slot
    self.device = device
    self.layout = layout
    self.maximumInputCount = maximumInputCount
    window = windowByteCount > 0 ? ReadWindow(byteCount: windowByteCount) : nil
  }

  private var schedule: BlockSchedule { pipeline.schedule }
  private var plan: MergePlan { schedule.plan }

  /// Reads, merges and writes the output bytes in `range`, a block or a part of one.
  func merge(_ range: Range<Int>) throws(BlockFailure) {
    let pieces = schedule.pieces(in: range)
    let isFinished = range.upperBound <= pipeline.sink.finishedByteCount
    if !isFinished { try launch(pieces, on: slot) }
    let output: SlotOutput
    do throws(DeviceError) {
      output = try slot.finish(outputByteCount: range.count)
    } catch {
      throw .device(error)
    }
    if !isFinished, let verifier = pipeline.verifier, verifier.isDue(range) {
      try verifier.verify(pieces, of: range, output: output, device: device) {
        slot throws(BlockFailure) in try launch(pieces, on: slot)
      }
    }
    let bytes = UnsafeMutableRawBufferPointer(rebasing: output.bytes[..<range.count])
    do throws(GPUMergeError) {
      if isFinished {
        try recall(bytes, at: range.lowerBound, pieces: pieces)
      } else {
        try complete(bytes, range: range, pieces: pieces, flags: output.flags)
        try pipeline.sink.write(UnsafeRawBufferPointer(bytes), at: range.lowerBound)
      }
    } catch {
      throw .merge(error)
    }
  }

  // MARK: Kernels

  /// Stages the inputs of all merged pieces and runs their kernels, in as many batches as it takes.
  private func launch(_ pieces: [Piece], on slot: any Slot) throws(BlockFailure) {
    var batch = Batch(slot: slot, window: window)
    // What the window holds the inputs of.
    var ahead: [Part] = []
    for (index, piece) in pieces.enumerated() {
      let step = plan.steps[piece.step]
      guard case .merge = step.action else { continue }
      let runs = step.runs(maximumInputCount: maximumInputCount)
      for part in piece.parts(ofAtMost: layout.launchByteCount) {
        let part = Part(piece: part, runs: runs, flag: min(index, layout.flagCount - 1))
        if let window {
          let extents = extents(of: part)
          if !window.note(extents) {
            try launch(ahead, in: &batch)
            ahead.removeAll(keepingCapacity: true)
            _ = window.note(extents)
          }
        }
        ahead.append(part)
      }
    }
    try launch(ahead, in: &batch)
    try batch.flush()
  }

  /// As much of a piece as one launch computes.
  private struct Part {
    let piece: Piece
    let runs: [InputRun]
    let flag: Int
  }

  private func launch(_ parts: [Part], in batch: inout Batch) throws(BlockFailure) {
    window?.load()
    defer { window?.clear() }
    for part in parts {
      let step = plan.steps[part.piece.step]
      guard case .merge(let operation, let models, let base) = step.action else { continue }
      for run in part.runs {
        try batch.add(
          part.piece, run: run, operation: operation, models: models, base: base,
          outputWidth: step.output.dtype.byteWidth, flag: part.flag)
      }
    }
    // They may read what the window holds where it lies there.
    if window != nil, batch.slot.readsHostMemory { try batch.flush() }
  }

  /// Where the inputs of a part lie in files.
  private func extents(of part: Part) -> [FileExtent?] {
    let step = plan.steps[part.piece.step]
    guard case .merge(_, let models, let base) = step.action else { return [] }
    let elements = part.piece.elements(ofWidth: step.output.dtype.byteWidth)
    func extent(_ input: TensorInfo) -> FileExtent? {
      let width = input.dtype.byteWidth
      return input.extent(ofBytes: elements.lowerBound * width..<elements.upperBound * width)
    }
    return base.map { [extent($0)] + models.map(extent) } ?? models.map(extent)
  }

  // MARK: What an earlier run finished

  /// Reads a block that is finished, to find in it what a merge would have.
  private func recall(
    _ block: UnsafeMutableRawBufferPointer, at offset: Int, pieces: [Piece]
  ) throws(GPUMergeError) {
    try pipeline.sink.read(into: block, at: offset)
    for piece in pieces {
      let range = piece.blockOffset..<piece.blockOffset + piece.tensorRange.count
      let bytes = UnsafeMutableRawBufferPointer(rebasing: block[range])
      switch plan.steps[piece.step].action {
      case .copy(let tensors):
        // Only of one element may differ from model to model.
        if tensors.first?.elementCount == 1 { try copy(tensors, piece: piece, into: bytes) }
      case .merge: countNonFinite(UnsafeRawBufferPointer(bytes), piece: piece)
      }
      addChecksum(of: UnsafeRawBufferPointer(bytes), piece: piece)
    }
  }

  private func addChecksum(of bytes: UnsafeRawBufferPointer, piece: Piece) {
    guard !plan.layout.checksums.isEmpty else { return }
    pipeline.checksums.add(bytes, tensor: piece.step, offset: piece.tensorRange.lowerBound)
  }

  // MARK: What the host adds

  private func complete(
    _ block: UnsafeMutableRawBufferPointer, range: Range<Int>, pieces: [Piece], flags: [Int]
  ) throws(GPUMergeError) {
    fillGaps(in: block, pieces: pieces)
    for (offset, bytes) in schedule.literals(in: range) {
      bytes.withUnsafeBytes { literal in
        UnsafeMutableRawBufferPointer(rebasing: block[offset..<offset + literal.count])
          .copyMemory(from: literal)
      }
    }
    let lastFlag = layout.flagCount - 1
    for (position, piece) in pieces.enumerated() {
      let own = piece.blockOffset..<piece.blockOffset + piece.tensorRange.count
      let bytes = UnsafeMutableRawBufferPointer(rebasing: block[own])
      if case .copy(let tensors) = plan.steps[piece.step].action {
        try copy(tensors, piece: piece, into: bytes)
      } else if flags.contains(min(position, lastFlag)) {
        countNonFinite(UnsafeRawBufferPointer(bytes), piece: piece)
      }
      addChecksum(of: UnsafeRawBufferPointer(bytes), piece: piece)
    }
  }

  /// Clears what no tensor covers: slots are used again, and padding must be the same every time.
  private func fillGaps(in block: UnsafeMutableRawBufferPointer, pieces: [Piece]) {
    var end = 0
    for piece in pieces {
      if piece.blockOffset > end { block[end..<piece.blockOffset].clear() }
      end = piece.blockOffset + piece.tensorRange.count
    }
    if end < block.count { block[end...].clear() }
  }

  private func copy(
    _ tensors: [TensorInfo], piece: Piece, into bytes: UnsafeMutableRawBufferPointer
  ) throws(GPUMergeError) {
    guard let first = tensors.first else { return }
    try first.read(bytes: piece.tensorRange, into: bytes)
    for other in tensors.dropFirst() {
      guard let different = try firstDifference(of: other, in: piece, from: bytes) else { continue }
      guard
        plan.steps[piece.step].acceptsDifferences
          || (first.elementCount == 1 && first.dtype.isInteger)
      else {
        throw mismatch(first, other, atByte: piece.tensorRange.lowerBound + different)
      }
      pipeline.findings.addDifferingCounter(step: piece.step)
    }
  }

  /// The first byte, counted from the piece's start, in which a tensor differs from `bytes`.
  private func firstDifference(
    of tensor: TensorInfo, in piece: Piece, from bytes: UnsafeMutableRawBufferPointer
  ) throws(GPUMergeError) -> Int? {
    var done = 0
    while done < bytes.count {
      let count = min(scratch.bytes.count, bytes.count - done)
      let start = piece.tensorRange.lowerBound + done
      let part = UnsafeMutableRawBufferPointer(rebasing: scratch.bytes[..<count])
      try tensor.read(bytes: start..<start + count, into: part)
      if let index = part.firstDifference(from: bytes[done..<done + count]) { return done + index }
      done += count
    }
    return nil
  }

  private func mismatch(
    _ tensor: TensorInfo, _ other: TensorInfo, atByte offset: Int
  ) -> GPUMergeError {
    let element = offset * 8 / tensor.dtype.bitWidth
    let type = tensor.dtype.displayName
    let reference = tensor.source.filePath.map { escaped($0.string, limit: 4096) }
    return GPUMergeError(
      .valueMismatch,
      (reference.map { "this \(type) tensor is not that of \($0)" }
        ?? "the models differ in this \(type) tensor") + ", first at element \(element)",
      file: other.source.filePath, subject: other.name.description,
      advice: Self.adviceOnMismatch(of: tensor.dtype))
  }

  private static func adviceOnMismatch(of dtype: DType) -> String {
    let first = "--integers first takes the base's or first model's"
    guard dtype.isInteger else {
      return "Tensors of this type can only be copied, so they must be the same in all models"
    }
    guard dtype != .bool else { return "True and false are never averaged; \(first)" }
    return
      "Integers are never averaged: they may be quantized weights, which need dequantizing first; "
      + first
  }

  /// Finds out how many elements are not finite; called only when a kernel said that some are.
  private func countNonFinite(_ bytes: UnsafeRawBufferPointer, piece: Piece) {
    let dtype = plan.steps[piece.step].output.dtype
    let indices = dtype.nonFiniteIndices(in: bytes)
    guard let first = indices.first else { return }
    pipeline.findings.addNonFinite(
      step: piece.step, count: indices.count,
      firstElement: piece.tensorRange.lowerBound / dtype.byteWidth + first)
  }
}

extension Slice<UnsafeMutableRawBufferPointer> {
  fileprivate func clear() {
    UnsafeMutableRawBufferPointer(rebasing: self).initializeMemory(as: UInt8.self, repeating: 0)
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func firstDifference(from other: Slice<UnsafeMutableRawBufferPointer>) -> Int? {
    let other = UnsafeMutableRawBufferPointer(rebasing: other)
    guard let left = baseAddress, let right = other.baseAddress,
      memcmp(left, right, Swift.min(count, other.count)) != 0
    else { return nil }
    return zip(self, other).enumerated().first { $0.element.0 != $0.element.1 }?.offset
  }
}
