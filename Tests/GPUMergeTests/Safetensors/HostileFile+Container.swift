import GPUMerge

extension HostileFile {
  private static let good = #"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#
  private static let data = [UInt8](repeating: 0x55, count: 16)

  private static func length(_ length: UInt64, then rest: [UInt8] = []) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + rest
  }

  /// Lies about the sizes of the file and its header.
  static let sizes = [
    HostileFile("empty file", [], .truncated, offset: 0),
    HostileFile("seven bytes", [UInt8](repeating: 1, count: 7), .truncated, offset: 7),
    HostileFile("only the length", length(16), .truncated, offset: 8),
    HostileFile(
      "length beyond the file", length(56, then: Array(good.utf8)), .truncated, offset: 63),
    HostileFile("length 2^63", length(1 << 63, then: Array(good.utf8)), .headerSize, offset: 0),
    HostileFile("length 2^63 - 1", length(1 << 63 - 1, then: Array(good.utf8)), .headerSize),
    HostileFile("length 2^64 - 1", length(.max, then: Array(good.utf8)), .headerSize, offset: 0),
    HostileFile("length 2^64 - 8", length(.max - 7, then: Array(good.utf8)), .headerSize),
    HostileFile("length 100000001", length(100_000_001, then: Array(good.utf8)), .headerSize),
    HostileFile("length 100000000", length(100_000_000, then: Array(good.utf8)), .truncated),
    HostileFile(
      "length cuts the JSON", length(54, then: Array(good.utf8) + data), .headerJSON, offset: 62),
    HostileFile("length 0", length(0, then: Array(good.utf8) + data), .headerJSON, offset: 0),
    HostileFile("64 KiB of zeros", [UInt8](repeating: 0, count: 64 << 10), .headerJSON, offset: 0),
    HostileFile("8 zeros", [UInt8](repeating: 0, count: 8), .headerJSON, offset: 0),
    HostileFile(
      "one trailing byte", safetensors(good.utf8, data: data + [0]), .trailingData, offset: 79),
    HostileFile(
      "zip appended",
      safetensors(
        good.utf8, data: data + Array("PK\u{5}\u{6}".utf8) + [UInt8](repeating: 0, count: 18)),
      .trailingData, offset: 79),
    HostileFile("data for no tensors", "{}†", data: 4, .trailingData),
    HostileFile("data for an empty tensor", shape: "[0]", offsets: "[0,0]", .trailingData)
      .withoutSubject,
    HostileFile(
      "data cut by 2 bytes", safetensors(good.utf8, data: Array(data.dropLast(2))), .truncated,
      offset: 77, subject: "w"),
    HostileFile("data cut whole", safetensors(good.utf8), .truncated, offset: 63, subject: "w"),
    HostileFile(
      "length is a pickle prefix, content is a pickle",
      length(0x280, then: Array("}q\0.".utf8) + [UInt8](repeating: 0, count: 0x280)),
      .unsupportedFormat),
    HostileFile(
      "length is a pickle prefix, header is not JSON",
      length(0x280, then: Array("{".utf8) + [UInt8](repeating: 0, count: 0x280)), .headerJSON,
      offset: 9),
  ]

  private var withoutSubject: HostileFile { HostileFile(lie, bytes, kind, offset: offset) }

  /// Text that is not strict JSON.
  static let json = [
    HostileFile("not JSON", "{†hello}", .headerJSON),
    HostileFile("array", "†[]", .headerJSON),
    HostileFile("number", "†1", .headerJSON),
    HostileFile("null", "†null", .headerJSON),
    HostileFile("string", "†\"w\"", .headerJSON),
    HostileFile("only whitespace", "   †", .headerJSON),
    HostileFile("two objects", "{}†{}", .headerJSON),
    HostileFile("trailing text", "{} †x", .headerJSON),
    HostileFile("comment", "{†/* hello */}", .headerJSON),
    HostileFile("line comment", "{}†// hello", .headerJSON),
    HostileFile("JSON5 key", "{†w:{}}", .headerJSON),
    HostileFile("single quotes", "{†'w':{}}", .headerJSON),
    HostileFile("trailing comma", #"{"__metadata__":{},†}"#, .headerJSON),
    HostileFile("leading comma", "{†,}", .headerJSON),
    HostileFile("missing comma", #"{"__metadata__":{}†"w":{}}"#, .headerJSON),
    HostileFile("missing colon", #"{"w"†{}}"#, .headerJSON),
    HostileFile("missing value", #"{"w":†}"#, .headerJSON),
    HostileFile("missing brace", "{†", .headerJSON),
    HostileFile("wrong bracket", "{†]", .headerJSON),
    HostileFile("NUL padding", "{}†\0\0", .headerJSON),
    HostileFile("form feed as whitespace", "{†\u{C}}", .headerJSON),
    HostileFile("no-break space as whitespace", "{†\u{A0}}", .headerJSON),
    HostileFile("byte order mark", "†\u{FEFF}{}", .headerJSON),
    HostileFile("UTF-16", safetensors("{\0}\0".utf8), .headerJSON, offset: 9),
    HostileFile(
      "UTF-16 with mark", safetensors([0xFF, 0xFE, 0x7B, 0, 0x7D, 0]), .headerUTF8, offset: 8),
    HostileFile("unterminated string", #"{"w†"#, .headerJSON),
    HostileFile("raw control character in a name", "{\"a†\u{1}\":{}}", .headerJSON),
    HostileFile("raw newline in a name", "{\"a†\n\":{}}", .headerJSON),
    HostileFile("unknown escape", #"{"a†\x41":{}}"#, .headerJSON),
    HostileFile("short unicode escape", #"{"a†\u41":{}}"#, .headerJSON),
    HostileFile("unicode escape with sign", #"{"a†\u+041":{}}"#, .headerJSON),
    HostileFile("escape at the end", #"{"a†\"#, .headerJSON),
    HostileFile("unicode escape at the end", #"{"a†\u00"#, .headerJSON),
    HostileFile("lone leading surrogate", #"{"a†\ud800":{}}"#, .headerJSON),
    HostileFile("lone trailing surrogate", #"{"a†\udc00":{}}"#, .headerJSON),
    HostileFile("leading surrogate before a letter", #"{"a†\ud800x":{}}"#, .headerJSON),
    HostileFile("leading surrogate before an escape", #"{"a†\ud800\n12345":{}}"#, .headerJSON),
    HostileFile("two leading surrogates", #"{"a†\ud800\ud800":{}}"#, .headerJSON),
    HostileFile("surrogates in the wrong order", #"{"a†\udc00\ud800":{}}"#, .headerJSON),
    HostileFile("leading surrogate at the end", #"{"a†\ud800"#, .headerJSON),
    utf8("invalid byte", [0xFF]),
    utf8("overlong slash", [0xC0, 0xAF]),
    utf8("overlong three bytes", [0xE0, 0x80, 0xAF]),
    utf8("surrogate in UTF-8", [0xED, 0xA0, 0x80]),
    utf8("beyond Unicode", [0xF4, 0x90, 0x80, 0x80]),
    utf8("continuation alone", [0x80]),
    utf8("cut character", [0xC3]),
    HostileFile("100000 nested arrays", "†" + String(repeating: "[", count: 100_000), .headerJSON),
    HostileFile(
      "100000 nested arrays in a tensor", #"{"w":†"# + String(repeating: "[", count: 100_000),
      .headerJSON),
    HostileFile(
      "100000 nested objects", #"{"w":{†"# + String(repeating: #""a":{"#, count: 100_000),
      .headerJSON),
    HostileFile(
      "100000 nested arrays in a shape",
      #"{"w":{"shape":[†"# + String(repeating: "[", count: 100_000), .badShape),
  ]

  private static func utf8(_ lie: String, _ bytes: [UInt8]) -> HostileFile {
    HostileFile(
      lie, safetensors(Array(#"{"a"#.utf8) + bytes + Array(#"":{}}"#.utf8)), .headerUTF8, offset: 11
    )
  }
}
