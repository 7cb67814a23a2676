/// Decompresses a deflated member from some place on, reading the file as it goes.
final class InflateCursor {
  private let member: ZipMember
  private let file: InputFile
  private let inflater: Inflater
  /// Compressed bytes, no more than the member has, as there may be many members.
  private let input: UnsafeMutableRawBufferPointer
  /// The part of `input` that is still to be decompressed.
  private var pending = 0..<0
  /// How many compressed bytes were read from the file.
  private var inputOffset: Int
  /// How many decompressed bytes were produced.
  private(set) var outputOffset: Int
  private(set) var isAtEnd = false

  /// A place in the stream to start from again.
  struct Place {
    fileprivate let inflater: Inflater
    fileprivate let inputOffset: Int
    let outputOffset: Int
  }

  init(_ member: ZipMember, in file: InputFile) throws(GPUMergeError) {
    self.member = member
    self.file = file
    inflater = try Inflater()
    input = Self.room(for: member)
    inputOffset = 0
    outputOffset = 0
  }

  init(_ member: ZipMember, in file: InputFile, from place: Place) throws(GPUMergeError) {
    self.member = member
    self.file = file
    inflater = try Inflater(copying: place.inflater)
    input = Self.room(for: member)
    inputOffset = place.inputOffset
    outputOffset = place.outputOffset
  }

  deinit { input.deallocate() }

  private static func room(for member: ZipMember) -> UnsafeMutableRawBufferPointer {
    .allocate(byteCount: max(1, min(1 << 16, member.compressedByteCount)), alignment: 64)
  }

  /// Remembers this place.
  ///
  /// About 40 KiB of memory.
  func place() throws(GPUMergeError) -> Place {
    Place(
      inflater: try Inflater(copying: inflater), inputOffset: inputOffset - pending.count,
      outputOffset: outputOffset)
  }

  /// How many compressed bytes were needed so far.
  var consumedByteCount: Int { inputOffset - pending.count }

  /// Fills `output`, or as much of it as there is before the end of the stream.
  func produce(into output: UnsafeMutableRawBufferPointer) throws(GPUMergeError) -> Int {
    var done = 0
    while done < output.count, !isAtEnd {
      if pending.isEmpty { try refill() }
      let part = UnsafeMutableRawBufferPointer(rebasing: output[done...])
      let source = UnsafeMutableRawBufferPointer(rebasing: input[pending])
      guard let progress = inflater.inflate(source, into: part),
        progress.consumed + progress.produced > 0 || progress.isEnd
      else { throw damaged("the compressed data is damaged") }
      pending = pending.lowerBound + progress.consumed..<pending.upperBound
      done += progress.produced
      outputOffset += progress.produced
      isAtEnd = progress.isEnd
    }
    return done
  }

  private func refill() throws(GPUMergeError) {
    let count = min(input.count, member.compressedByteCount - inputOffset)
    let part = UnsafeMutableRawBufferPointer(rebasing: input[..<count])
    try file.read(into: part, at: member.dataOffset + inputOffset)
    inputOffset += count
    pending = 0..<count
  }

  func damaged(_ problem: String) -> GPUMergeError {
    zipFailure(problem, member: member.displayName, at: member.dataOffset + consumedByteCount)
  }
}
