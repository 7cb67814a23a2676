/// The part of one step that lies in one block of the output.
package struct Piece: Sendable, Hashable {
  /// The index of the step in the plan.
  package var step: Int
  /// The bytes of the output tensor, counted from its start.
  package var tensorRange: Range<Int>
  /// The offset of the first of them in the block.
  package var blockOffset: Int
}

extension Piece {
  /// The elements of the tensor that it covers, where each takes so many bytes of the output.
  func elements(ofWidth byteWidth: Int) -> Range<Int> {
    tensorRange.lowerBound / byteWidth..<tensorRange.upperBound / byteWidth
  }

  /// The piece cut into parts of a number of bytes each; what is left over is the last.
  package func parts(ofAtMost byteCount: Int) -> some Sequence<Piece> {
    stride(from: tensorRange.lowerBound, to: tensorRange.upperBound, by: byteCount).lazy.map {
      Piece(
        step: step, tensorRange: $0..<Swift.min($0 + byteCount, tensorRange.upperBound),
        blockOffset: blockOffset + $0 - tensorRange.lowerBound)
    }
  }
}

/// The output file cut into blocks of equal size, wherever tensors begin and end: every block but the
/// last is written with one aligned write, and small tensors share one.
package struct BlockSchedule: Sendable {
  package let plan: MergePlan
  package let blockByteCount: Int

  package init(plan: MergePlan, blockByteCount: Int) {
    self.plan = plan
    self.blockByteCount = blockByteCount
  }

  package var blockCount: Int {
    (plan.layout.byteCount + blockByteCount - 1) / blockByteCount
  }

  /// The bytes of the output that a block covers.
  package func range(ofBlock block: Int) -> Range<Int> {
    let start = block * blockByteCount
    return start..<min(start + blockByteCount, plan.layout.byteCount)
  }

  /// The pieces in a range of the output, by offset; they count their offsets from its start.
  package func pieces(in range: Range<Int>) -> [Piece] {
    var pieces: [Piece] = []
    for step in plan.stepsByOffset[firstStep(endingAfter: range.lowerBound)...] {
      let start = plan.layout.tensorOffsets[step]
      guard start < range.upperBound else { break }
      let end = min(start + plan.steps[step].output.byteCount, range.upperBound)
      let lower = max(start, range.lowerBound)
      pieces.append(
        Piece(
          step: step, tensorRange: lower - start..<end - start,
          blockOffset: lower - range.lowerBound))
    }
    return pieces
  }

  /// The literal bytes in a range of the output, with their offsets in it.
  package func literals(in range: Range<Int>) -> [(blockOffset: Int, bytes: ArraySlice<UInt8>)] {
    let literals = plan.layout.literals
    let first = literals.partitionIndex { $0.offset + $0.bytes.count > range.lowerBound }
    var result: [(blockOffset: Int, bytes: ArraySlice<UInt8>)] = []
    for literal in literals[first...] {
      guard literal.offset < range.upperBound else { break }
      let lower = max(literal.offset, range.lowerBound)
      let upper = min(literal.offset + literal.bytes.count, range.upperBound)
      result.append(
        (lower - range.lowerBound, literal.bytes[lower - literal.offset..<upper - literal.offset]))
    }
    return result
  }

  private func firstStep(endingAfter offset: Int) -> Int {
    plan.stepsByOffset.partitionIndex {
      plan.layout.tensorOffsets[$0] + plan.steps[$0].output.byteCount > offset
    }
  }
}
