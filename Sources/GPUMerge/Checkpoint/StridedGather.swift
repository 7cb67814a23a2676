/// Collects regularly spaced elements from a source: a box of a strided tensor.
///
/// Elements near each other come with one read, through a window of at most 1 MiB, gaps between
/// them included where reading a gap costs less than another read.
struct StridedGather {
  /// `count` steps, of so many bytes in the source and in the destination.
  struct Axis {
    var count: Int
    var source: Int
    var destination: Int
  }

  private let start: Int
  private let width: Int
  /// What one read brings; steps in the window are those in the source.
  private var inner: [Axis] = []
  /// The bytes of one read.
  private var span: Int
  /// The next axis, of which several steps share the window.
  private let shared: Axis
  /// Whether these steps come with one read, gaps included, and not with one each.
  private let isSharedRead: Bool
  /// The bytes in the window from one step of `shared` to the next.
  private let sharedStride: Int
  /// The steps of `shared` whose data is in the window at a time.
  private let sharedCount: Int
  private let outer: [Axis]

  private static let windowByteCount = 1 << 20
  private static let maximumGap = 4096

  init(start: Int, width: Int, axes: [Axis]) {
    self.start = start
    self.width = width
    span = width
    var axes = axes.sorted { $0.source < $1.source }[...]
    while let axis = axes.first, axis.source - span <= Self.maximumGap {
      let whole = span + (axis.count - 1) * axis.source
      guard whole <= Self.windowByteCount else { break }
      span = whole
      inner.append(axis)
      axes.removeFirst()
    }
    shared = axes.popFirst() ?? Axis(count: 1, source: 0, destination: 0)
    outer = Array(axes)
    // The next axis is read in pieces: with its gaps if they are small, else step by step.
    isSharedRead = shared.source - span <= Self.maximumGap
    sharedStride = isSharedRead ? shared.source : span
    sharedCount = min(
      shared.count, (Self.windowByteCount - span) / max(1, sharedStride) + 1)
    // In the innermost loop, the destination is written from front to back.
    inner.sort { $0.destination > $1.destination }
  }

  func read(
    from source: any ByteSource, into destination: UnsafeMutableRawBufferPointer
  ) throws(GPUMergeError) {
    let window = UnsafeMutableRawBufferPointer.allocate(
      byteCount: span + (sharedCount - 1) * sharedStride, alignment: 64)
    defer { window.deallocate() }
    var indices = Array(repeating: 0, count: outer.count)
    while true {
      var from = start
      var to = 0
      for (index, axis) in zip(indices, outer) {
        from += index * axis.source
        to += index * axis.destination
      }
      try readShared(from: source, at: from, window, into: destination, at: to)
      guard Self.advance(&indices, outer) else { return }
    }
  }

  /// Goes to the next combination of indices; false after the last.
  private static func advance(_ indices: inout [Int], _ axes: [Axis]) -> Bool {
    for position in indices.indices {
      indices[position] += 1
      if indices[position] < axes[position].count { return true }
      indices[position] = 0
    }
    return false
  }

  private func readShared(
    from source: any ByteSource, at offset: Int, _ window: UnsafeMutableRawBufferPointer,
    into destination: UnsafeMutableRawBufferPointer, at position: Int
  ) throws(GPUMergeError) {
    for first in stride(from: 0, to: shared.count, by: sharedCount) {
      let count = min(sharedCount, shared.count - first)
      let from = offset + first * shared.source
      if isSharedRead {
        let byteCount = span + (count - 1) * shared.source
        try source.read(
          into: UnsafeMutableRawBufferPointer(rebasing: window[..<byteCount]), at: from)
      } else {
        for step in 0..<count {
          let part = window[step * span..<(step + 1) * span]
          try source.read(
            into: UnsafeMutableRawBufferPointer(rebasing: part), at: from + step * shared.source)
        }
      }
      scatter(
        UnsafeRawBufferPointer(window), count: count, into: destination,
        at: position + first * shared.destination)
    }
  }

  /// Copies what is in the window to where it belongs.
  private func scatter(
    _ window: UnsafeRawBufferPointer, count: Int,
    into destination: UnsafeMutableRawBufferPointer, at position: Int
  ) {
    var axes = inner
    let axis = Axis(count: count, source: sharedStride, destination: shared.destination)
    axes.insert(axis, at: axes.firstIndex { $0.destination < axis.destination } ?? axes.count)
    if count == 1, axes.count > 1 { axes.removeAll { $0.count == 1 } }
    let last = axes.popLast() ?? Axis(count: 1, source: 0, destination: 0)
    var indices = Array(repeating: 0, count: axes.count)
    repeat {
      var from = 0
      var to = position
      for (index, axis) in zip(indices, axes) {
        from += index * axis.source
        to += index * axis.destination
      }
      copy(last, from: window, at: from, into: destination, at: to)
    } while Self.advance(&indices, axes)
  }

  private func copy(
    _ axis: Axis, from window: UnsafeRawBufferPointer, at from: Int,
    into destination: UnsafeMutableRawBufferPointer, at to: Int
  ) {
    if axis.source == width, axis.destination == width {
      let source = UnsafeRawBufferPointer(rebasing: window[from..<from + axis.count * width])
      UnsafeMutableRawBufferPointer(rebasing: destination[to...]).copyMemory(from: source)
      return
    }
    switch width {
    case 1: copy(axis, from: window, at: from, into: destination, at: to, as: UInt8.self)
    case 2: copy(axis, from: window, at: from, into: destination, at: to, as: UInt16.self)
    case 4: copy(axis, from: window, at: from, into: destination, at: to, as: UInt32.self)
    case 8: copy(axis, from: window, at: from, into: destination, at: to, as: UInt64.self)
    default: copy(axis, from: window, at: from, into: destination, at: to, as: UInt128.self)
    }
  }

  private func copy<T: BitwiseCopyable>(
    _ axis: Axis, from window: UnsafeRawBufferPointer, at from: Int,
    into destination: UnsafeMutableRawBufferPointer, at to: Int, as type: T.Type
  ) {
    for step in 0..<axis.count {
      destination.storeBytes(
        of: window.loadUnaligned(fromByteOffset: from + step * axis.source, as: T.self),
        toByteOffset: to + step * axis.destination, as: T.self)
    }
  }
}
