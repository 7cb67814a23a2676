// Numbers, strings and names: the arguments of opcodes.
extension PickleMachine {
  /// The next byte.
  mutating func byte() throws(GPUMergeError) -> UInt8 {
    let start = try take(1)
    return arena.bytes[start]
  }

  /// The next bytes as a little-endian number.
  mutating func unsigned<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(GPUMergeError) -> T {
    arena.bytes.integer(T.self, at: try take(T.bitWidth / 8))
  }

  /// Goes past the next `count` bytes, which must exist, and returns where they start.
  private mutating func take(_ count: Int) throws(GPUMergeError) -> Int {
    try fill(count)
    guard count <= arena.bytes.count - position else {
      throw failure(.pickleTruncated, "it ends in the middle", at: position)
    }
    defer { position += count }
    return position
  }

  /// The next `count` bytes.
  private mutating func slice(_ count: some BinaryInteger) throws(GPUMergeError) -> PickleSlice {
    // A count that does not fit is longer than the pickle.
    let start = try take(Int(exactly: count) ?? Int.max)
    return PickleSlice(start: UInt32(start), count: UInt32(position - start))
  }

  /// The object that an opcode without an effect on others stands for.
  mutating func literal(_ opcode: PickleOpcode) throws(GPUMergeError) -> NodeID {
    switch opcode {
    case .none: return PickleArena.none
    case .true: return PickleArena.true
    case .false: return PickleArena.false
    case .uint8: return arena.add(.int(Int(try byte())))
    case .uint16: return arena.add(.int(Int(try unsigned(UInt16.self))))
    case .int32: return arena.add(.int(Int(Int32(bitPattern: try unsigned(UInt32.self)))))
    case .long: return arena.add(.int(try long()))
    case .intText: return try intText()
    case .float:
      let bits = try unsigned(UInt64.self).byteSwapped
      return arena.add(.float(Double(bitPattern: bits)))
    case .shortUnicode: return try string(slice(try byte()))
    case .unicode: return try string(slice(try unsigned(UInt32.self)))
    case .longUnicode: return try string(slice(try unsigned(UInt64.self)))
    case .shortString: return try python2String(slice(try byte()))
    case .string: return try python2String(slice(try unsigned(UInt32.self)))
    case .shortBytes: _ = try slice(try byte())
    case .bytes: _ = try slice(try unsigned(UInt32.self))
    case .longBytes, .byteArray: _ = try slice(try unsigned(UInt64.self))
    default: return arena.add(.opaque)
    }
    return arena.add(.bytes)
  }

  /// A string of Python 2 is text or any bytes.
  private mutating func python2String(_ slice: PickleSlice) -> NodeID {
    let isText = String(validating: arena.bytes[slice.range], as: UTF8.self) != nil
    return arena.add(isText ? .string(slice) : .bytes)
  }

  private mutating func string(_ slice: PickleSlice) throws(GPUMergeError) -> NodeID {
    guard String(validating: arena.bytes[slice.range], as: UTF8.self) != nil else {
      throw failure(.pickleOpcode, "a string is not valid UTF-8")
    }
    return arena.add(.string(slice))
  }

  /// A two's complement number of at most 64 bits.
  private mutating func long() throws(GPUMergeError) -> Int {
    let count = Int(try byte())
    let start = try take(count)
    guard count <= 8 else { throw failure(.overflow, "a number has more than 64 bits") }
    guard count > 0 else { return 0 }
    var value = arena.bytes[start + count - 1] >= 0x80 ? -1 : 0
    for index in (0..<count).reversed() {
      value = value << 8 | Int(arena.bytes[start + index])
    }
    return value
  }

  /// A number in decimal, as Python 2 wrote those of 64 bits, or a bool.
  private mutating func intText() throws(GPUMergeError) -> NodeID {
    let text = try line()
    if text == "00" { return PickleArena.false }
    if text == "01" { return PickleArena.true }
    guard let value = Int(text) else {
      throw failure(.overflow, "'\(escaped(text))' is no number of 64 bits")
    }
    return arena.add(.int(value))
  }

  /// A line of ASCII, without its end.
  mutating func line() throws(GPUMergeError) -> String {
    let start = position
    try fill(min(257, byteCount - position, max(0, (stream?.limit ?? byteCount) - position)))
    let window = arena.bytes[start..<min(start + 257, arena.bytes.count)]
    guard let end = window.firstIndex(of: UInt8(ascii: "\n")) else {
      if window.count < 257 { try fill(window.count + 1) }  // Throws if that is too much.
      throw window.count == 257
        ? failure(.pickleOpcode, "a line has more than 256 bytes")
        : failure(.pickleTruncated, "it ends in the middle of a line", at: start)
    }
    position = end + 1
    let line = window[..<end]
    guard line.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
      throw failure(.pickleOpcode, "a line is not ASCII text")
    }
    return String(decoding: line, as: UTF8.self)
  }
}
