import GPUMerge

extension HostileFile {
  private static func entry(_ begin: Int, _ end: Int) -> String {
    #"{"dtype":"U8","shape":[\#(end - begin)],"data_offsets":[\#(begin),\#(end)]}"#
  }

  /// Keys that come twice.
  static let duplicates = [
    HostileFile(
      "duplicate name, contiguous", #"{"w":\#(entry(0, 4)),†"w":\#(entry(4, 8))}"#, data: 8,
      .duplicateKey, subject: "w"),
    HostileFile(
      "duplicate name, same range", #"{"w":\#(entry(0, 4)),†"w":\#(entry(0, 4))}"#, data: 4,
      .duplicateKey, subject: "w"),
    HostileFile(
      "duplicate name, escaped", #"{"w":\#(entry(0, 4)),†"\u0077":\#(entry(0, 4))}"#, data: 4,
      .duplicateKey, subject: "w"),
    HostileFile(
      "duplicate name, both escaped", #"{"\/\u0077":\#(entry(0, 4)),†"/\u0077":\#(entry(0, 4))}"#,
      data: 4, .duplicateKey, subject: "/w"),
    HostileFile(
      "duplicate name among 1000",
      "{" + (0..<1000).map { #""t\#($0)":\#(entry($0, $0 + 1)),"# }.joined()
        + #"†"t\u0035":\#(entry(5, 6))}"#, data: 1000, .duplicateKey, subject: "t5"),
    HostileFile(
      "key twice in the metadata", #"{"__metadata__":{"a":"1",†"a":"1"}}"#, .duplicateKey,
      subject: "a"),
    HostileFile(
      "two metadata", #"{"__metadata__":{},†"__metadata__":{}}"#, .duplicateKey,
      subject: "__metadata__"),
    HostileFile(
      "null metadata and metadata", #"{"__metadata__":null,†"__\u006detadata__":{}}"#,
      .duplicateKey, subject: "__metadata__"),
    HostileFile(
      "dtype twice", #"{"w":{"dtype":"U8",†"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
      data: 4, .duplicateKey, subject: "dtype"),
    HostileFile(
      "shape twice", #"{"w":{"dtype":"U8","shape":[4],†"shape":[4],"data_offsets":[0,4]}}"#,
      data: 4, .duplicateKey, subject: "shape"),
    HostileFile(
      "offsets twice",
      #"{"w":{"dtype":"U8","data_offsets":[0,4],"shape":[4],†"data_offsets":[0,4]}}"#, data: 4,
      .duplicateKey, subject: "data_offsets"),
  ]

  /// Values of the wrong type or none.
  static let types = [
    HostileFile("metadata is a list", #"{"__metadata__":†[]}"#, .headerJSON),
    HostileFile("metadata is a number", #"{"__metadata__":†1}"#, .headerJSON),
    HostileFile("metadata is a string", #"{"__metadata__":†"pt"}"#, .headerJSON),
    HostileFile("metadata value is a number", #"{"__metadata__":{"a":†1}}"#, .headerJSON),
    HostileFile("metadata value is null", #"{"__metadata__":{"a":†null}}"#, .headerJSON),
    HostileFile("metadata is nested", #"{"__metadata__":{"a":†{"b":"c"}}}"#, .headerJSON),
    HostileFile("tensor is null", #"{"w":†null}"#, .headerJSON, subject: "w"),
    HostileFile("tensor is a list", #"{"w":†["F32",[4],[0,16]]}"#, data: 16, .headerJSON),
    HostileFile("tensor is a string", #"{"w":†"F32"}"#, .headerJSON, subject: "w"),
    HostileFile(
      "no dtype", #"{"w":†{"shape":[4],"data_offsets":[0,16]}}"#, data: 16, .headerJSON,
      subject: "w"),
    HostileFile(
      "no shape", #"{"w":†{"dtype":"F32","data_offsets":[0,16]}}"#, data: 16, .headerJSON,
      subject: "w"),
    HostileFile(
      "no offsets", #"{"w":†{"dtype":"F32","shape":[4]}}"#, data: 16, .headerJSON, subject: "w"),
    HostileFile("no fields", #"{"w":†{}}"#, .headerJSON, subject: "w"),
    HostileFile("offsets are null", offsets: "†null", .headerJSON),
    HostileFile("offsets are an object", offsets: #"†{"begin":0,"end":16}"#, .headerJSON),
    HostileFile("no offset", offsets: "[†]", .headerJSON),
    HostileFile("one offset", offsets: "[16†]", .headerJSON),
    HostileFile("three offsets", offsets: "†[0,16,32]", .headerJSON),
    HostileFile("offset is a float", offsets: "[†0.0,16]", .headerJSON),
    HostileFile("offset has an exponent", offsets: "[0,†16e0]", .headerJSON),
    HostileFile("offset is negative", offsets: "[†-16,0]", .headerJSON),
    HostileFile("offset is a string", offsets: #"[0,†"16"]"#, .headerJSON),
    HostileFile("offset is true", offsets: "[0,†true]", .headerJSON),
    HostileFile("unknown field", extra: #",†"strides":[1]"#, .headerJSON),
    HostileFile("unknown dtype", dtype: #"†"F99""#, .badDType),
    HostileFile("lowercase dtype", dtype: #"†"f32""#, .badDType),
    HostileFile("PyTorch dtype", dtype: #"†"float32""#, .badDType),
    HostileFile("complex128", dtype: #"†"C128""#, .badDType),
    HostileFile("dtype is a number", dtype: "†7", .badDType),
    HostileFile("dtype is null", dtype: "†null", .badDType),
    HostileFile("dtype is empty", dtype: #"†"""#, .badDType),
    HostileFile("dtype with a space", dtype: #"†"F32 ""#, .badDType),
  ]

  /// Shapes.
  static let shapes = [
    HostileFile("dimension is negative", shape: "[†-4]", .badShape),
    HostileFile("dimension is minus 0", shape: "[†-0]", .badShape),
    HostileFile("dimension is 4.0", shape: "[†4.0]", .badShape),
    HostileFile("dimension is 4e0", shape: "[†4e0]", .badShape),
    HostileFile("dimension is 4E0", shape: "[†4E0]", .badShape),
    HostileFile("dimension is a string", shape: #"[†"4"]"#, .badShape),
    HostileFile("dimension is true", shape: "[†true,4]", .badShape),
    HostileFile("dimension is null", shape: "[†null]", .badShape),
    HostileFile("dimension is 04", shape: "[†04]", .badShape),
    HostileFile("dimension is 00", shape: "[†00]", .badShape),
    HostileFile("dimension is +4", shape: "[†+4]", .badShape),
    HostileFile("dimension is 0x4", shape: "[0†x4]", .headerJSON),
    HostileFile("dimension is NaN", shape: "[†NaN]", .badShape),
    HostileFile("dimension is Infinity", shape: "[†Infinity]", .badShape),
    HostileFile("dimension is 2^64", shape: "[†18446744073709551616]", .badShape),
    HostileFile(
      "dimension has 400 digits", shape: "[†1\(String(repeating: "0", count: 399))]", .badShape),
    HostileFile("dimension is 2^64 - 1", shape: "[18446744073709551615†]", .overflow),
    HostileFile("dimension is 2^63", shape: "[9223372036854775808†]", .overflow),
    HostileFile("dimension missing", shape: "[4,†]", .badShape),
    HostileFile("shape is a number", shape: "†4", .badShape),
    HostileFile("shape is null", shape: "†null", .badShape),
    HostileFile("shape is an object", shape: "†{}", .badShape),
    HostileFile("product overflows", shape: "†[4294967296,4294967296]", .overflow),
    HostileFile(
      "product wraps to the right size", shape: "†[4611686018427387905,4]", .overflow),
    HostileFile(
      "2^63, 4, 0", shape: "[9223372036854775808†,4,0]", offsets: "[0,0]", data: 0, .overflow),
    HostileFile(
      "2^62, 4, 0", shape: "†[4611686018427387904,4,0]", offsets: "[0,0]", data: 0, .overflow),
    HostileFile(
      "0, 2^62, 4", shape: "†[0,4611686018427387904,4]", offsets: "[0,0]", data: 0, .overflow),
    HostileFile(
      "size in bits overflows", shape: "†[576460752303423488]", offsets: "[0,0]", data: 0, .overflow
    ),
    HostileFile(
      "65 dimensions",
      shape: "†[" + Array(repeating: "1", count: 64).joined(separator: ",") + ",4]", .badShape),
    HostileFile(
      "100000 dimensions", shape: "†[" + String(repeating: "1,", count: 99_999) + "4]", .badShape),
  ]

  /// Offsets, and how the tensors cover the data.
  static let ranges = [
    HostileFile("end before begin", offsets: "†[16,0]", .offset),
    HostileFile("end past the file", offsets: "†[0,1000]", .offset),
    HostileFile("end near 2^63", offsets: "†[0,9223372036854775807]", .offset),
    HostileFile(
      "begin and end near 2^63",
      #"{†"w":{"dtype":"F32","shape":[4],"data_offsets":[9223372036854775791,9223372036854775807]}}"#,
      data: 16, .hole, subject: "w"),
    HostileFile("end 2^63", offsets: "[0,9223372036854775808†]", .overflow),
    HostileFile("end 2^64 - 1", offsets: "[0,18446744073709551615†]", .overflow),
    HostileFile("end 2^64", offsets: "[0,†18446744073709551616]", .overflow),
    HostileFile("hole at the start", #"{†"w":\#(entry(4, 8))}"#, data: 8, .hole, subject: "w"),
    HostileFile(
      "hole in the middle", #"{"a":\#(entry(0, 4)),†"b":\#(entry(5, 8))}"#, data: 8, .hole,
      subject: "b"),
    HostileFile(
      "hole before an empty tensor", #"{"a":\#(entry(0, 4)),†"b":\#(entry(6, 6))}"#, data: 6, .hole,
      subject: "b"),
    HostileFile(
      "overlap", #"{†"b":\#(entry(3, 8)),"a":\#(entry(0, 4))}"#, data: 8, .offset, subject: "b"),
    HostileFile(
      "same range twice", #"{"a":\#(entry(0, 4)),†"b":\#(entry(0, 4))}"#, data: 4, .offset,
      subject: "b"),
    HostileFile(
      "one inside the other", #"{"a":\#(entry(0, 8)),†"b":\#(entry(2, 4))}"#, data: 8, .offset,
      subject: "b"),
    HostileFile(
      "empty tensor inside another", #"{"a":\#(entry(0, 8)),†"b":\#(entry(2, 2))}"#, data: 8,
      .offset, subject: "b"),
    HostileFile(
      "20000 tensors on one range",
      "{" + (0..<20_000).map { #""t\#($0)":\#(entry(0, 4096))"# }.joined(separator: ",") + "}",
      data: 4096, .offset, subject: "t1"),
    HostileFile("shape takes less than the range", shape: "[3]", offsets: "†[0,16]", .sizeMismatch),
    HostileFile("shape takes more than the range", shape: "[5]", offsets: "†[0,16]", .sizeMismatch),
    HostileFile(
      "dtype takes less than the range", dtype: #""F16""#, offsets: "†[0,16]", .sizeMismatch),
    HostileFile("data for a shape with a 0", shape: "[4,0]", offsets: "†[0,16]", .sizeMismatch),
    HostileFile("no data for a scalar", shape: "[]", offsets: "†[0,0]", data: 0, .sizeMismatch),
    HostileFile(
      "F4 with odd count", dtype: #""F4""#, shape: "†[3]", offsets: "[0,2]", data: 2, .sizeMismatch),
    HostileFile(
      "F6 with 3 elements", dtype: #""F6_E2M3""#, shape: "†[3]", offsets: "[0,3]", data: 3,
      .sizeMismatch),
    HostileFile(
      "F4 counted in bytes", dtype: #""F4""#, shape: "[4]", offsets: "†[0,4]", data: 4,
      .sizeMismatch),
  ]
}
