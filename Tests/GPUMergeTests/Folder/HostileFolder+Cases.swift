import GPUMerge
import Glibc
import SystemPackage
import Testing

extension HostileFolder {
  /// Shards that are not what the index says.
  static let shards: [HostileFolder] = [
    HostileFolder("shard missing", .indexMissingShard, "not there") {
      try $0.remove("2.safetensors")
    },
    HostileFolder("shard cut", .truncated, "2.safetensors") {
      try $0.write([1, 2, 3], to: "2.safetensors")
    },
    HostileFolder("shard empty", .truncated, "the file is empty") {
      try $0.write([], to: "2.safetensors")
    },
    HostileFolder("shard incomplete", .indexMissingShard, ".incomplete") {
      try $0.remove("2.safetensors")
      try $0.write([], to: "2.safetensors.incomplete")
    },
    HostileFolder("shard incomplete in the local cache", .indexMissingShard, ".incomplete") {
      try $0.remove("2.safetensors")
      try $0.write([], to: ".cache/huggingface/download/x.incomplete")
    },
    HostileFolder("shard differs in case", .indexMissingShard, "has it as 2.SAFETENSORS") {
      try $0.remove("2.safetensors")
      try $0.write(tensors: ["c"], to: "2.SAFETENSORS")
    },
    HostileFolder("shard of another format", .notACheckpoint, "another format") {
      try $0.write(HostileZip.good.bytes(), to: "2.safetensors")
    },
    HostileFolder("tensor missing", .indexMissingTensor, "not in 2.safetensors") {
      try $0.write(tensors: ["d"], to: "2.safetensors")
    },
    HostileFolder("tensor in the wrong shard", .indexMissingTensor, "but in 1.safetensors") {
      try $0.write(index: ["a": "1.safetensors", "b": "2.safetensors", "c": "2.safetensors"])
    },
    HostileFolder(
      "tensor unlisted", .indexMissingTensor, "'b': the tensor is in 1.safetensors, but"
    ) {
      try $0.write(index: ["a": "1.safetensors", "c": "2.safetensors"])
    },
    HostileFolder("tensor in two shards", .duplicateKey, "in 1.safetensors and in 2.safetensors") {
      try $0.write(tensors: ["c", "a"], to: "2.safetensors")
    },
    HostileFolder("one shard under two names", .duplicateKey, "in 1.safetensors and in 3") {
      try $0.link("3.safetensors", to: "1.safetensors")
      try $0.write(index: ["a": "1.safetensors", "b": "3.safetensors"])
    },
  ]

  /// Names of shards that lead elsewhere.
  static let paths: [HostileFolder] = [
    .path("parent", "../1.safetensors", "leads out"),
    .path("parent inside", "x/../1.safetensors", "leads out"),
    .path("parent escaped", #"\u002e\u002e\u002f1.safetensors"#, "leads out"),
    .path("parent of Windows", #"..\\1.safetensors"#, "Windows"),
    .path("drive", "C:1.safetensors", "Windows"),
    .path("absolute", "/etc/1.safetensors", "absolute"),
    // One character for `String`, a slash and a name for the system.
    .path("parent before an accent", "../\u{301}.safetensors", "leads out"),
    .path("absolute before an accent", "/\u{301}.safetensors", "absolute"),
    .path("backslash before an accent", #"x\\\u0301.safetensors"#, "Windows"),
    .path("NUL", #"1\u0000.safetensors"#, "NUL"),
    .path("empty", "", "not the name of a file"),
    .path("empty component", "x//1.safetensors", "not the name of a file"),
    .path("folder itself", "./1.safetensors", "not the name of a file"),
    .path("folder", "x/", "not the name of a file"),
    .path("bin in a safetensors index", "pytorch_model.bin", ".safetensors"),
    .path("no extension", "1", ".safetensors"),
    .path("extension alone", "safetensors", ".safetensors"),
    .path("name too long", String(repeating: "x", count: 300) + ".safetensors", "longer"),
  ]

  /// Indexes that are none.
  static let indexes: [HostileFolder] = [
    .index("index empty", "", "expected '{'"),
    .index("index not JSON", "weight_map", "expected '{'"),
    .index("index cut", #"{"weight_map":{"a":"1.safe"#, "ends"),
    .index("index is an array", "[]", "expected '{'"),
    .index("no weight_map", #"{"metadata":{"total_size":12}}"#, "no tensors"),
    .index("empty weight_map", #"{"weight_map":{}}"#, "no tensors"),
    .index("weight_map is a list", #"{"weight_map":[]}"#, "expected an object"),
    .index("weight_map is null", #"{"weight_map":null}"#, "expected an object"),
    .index("shard is a number", #"{"weight_map":{"a":1}}"#, "expected the name of a file"),
    .index("shard is a list", #"{"weight_map":{"a":["1.safetensors"]}}"#, "expected the name"),
    .index(
      "tensor twice", #"{"weight_map":{"a":"1.safetensors","\u0061":"1.safetensors"}}"#, "twice"),
    .index(
      "weight_map twice", #"{"weight_map":{"a":"1.safetensors"},"weight_map":{}}"#, "twice"),
    .index(
      "total_size negative", #"{"metadata":{"total_size":-5},"weight_map":{"a":"1.safetensors"}}"#,
      "total_size"),
    .index(
      "total_size is text", #"{"metadata":{"total_size":"5"},"weight_map":{"a":"1.safetensors"}}"#,
      "total_size"),
    .index("metadata is a list", #"{"metadata":[],"weight_map":{}}"#, "expected an object"),
    .index("text after it", #"{"weight_map":{"a":"1.safetensors"}} x"#, "expected the end"),
    .index("byte order mark", "\u{FEFF}{}", "expected '{'"),
    HostileFolder("UTF-16", .indexJSON, "UTF-8") {
      let text = Array(#"{"weight_map":{"a":"1.safetensors"}}"#.utf16)
      let bytes: [UInt8] = [0xFF, 0xFE] + text.flatMap { [UInt8(truncatingIfNeeded: $0), 0] }
      try $0.write(bytes, to: "model.safetensors.index.json")
    },
    .index(
      "deeper than the limit",
      #"{"x":"# + String(repeating: "[", count: 200) + String(repeating: "]", count: 200) + "}",
      "nested"),
    .index(
      "12 MB", #"{"weight_map":{"a":"1.safetensors"}}"# + String(repeating: " ", count: 12 << 20),
      "more than the limit"),
  ]

  /// Members that are no regular files.
  static let members: [HostileFolder] =
    ["2.safetensors", "model.safetensors.index.json"].flatMap { name in
      [
        HostileFolder("\(name) is a folder", .unsupportedFormat, "folder") {
          try $0.remove(name)
          try $0.write([], to: "\(name)/file")
        },
        HostileFolder("\(name) is a pipe", .unsupportedFormat, "not a regular file") {
          try $0.remove(name)
          _ = mkfifo($0.path.appending(name).string, 0o600)
        },
        HostileFolder("\(name) is /dev/zero", .unsupportedFormat, "not a regular file") {
          try $0.remove(name)
          try $0.link(name, to: "/dev/zero")
        },
        HostileFolder("\(name) is /dev/null", .unsupportedFormat, "not a regular file") {
          try $0.remove(name)
          try $0.link(name, to: "/dev/null")
        },
        HostileFolder("\(name) is a loop", .io, "circle") {
          try $0.remove(name)
          try $0.link(name, to: name)
        },
      ]
    } + [
      HostileFolder(
        "shard is a broken link", .indexMissingShard, "link to a file that is not there"
      ) {
        try $0.remove("2.safetensors")
        try $0.link("2.safetensors", to: "nowhere")
      },
      HostileFolder("index is a broken link", .inputMissing, "no such file") {
        try $0.remove("model.safetensors.index.json")
        try $0.link("model.safetensors.index.json", to: "nowhere")
      },
      HostileFolder("index is /proc/self/mem", .indexJSON, "expected '{'") {
        try $0.remove("model.safetensors.index.json")
        try $0.link("model.safetensors.index.json", to: "/proc/self/mem")
      },
      HostileFolder("shard is a JSON error", .notACheckpoint, "JSON") {
        try $0.write(String(repeating: "{\"error\": 1}", count: 40), to: "2.safetensors")
      },
      HostileFolder("shard is sparse and short", .truncated, "1 byte before the end") {
        let header = #"{"c":{"dtype":"U8","shape":[1073741824],"data_offsets":[0,1073741824]}}"#
        try $0.write(safetensors(header.utf8), to: "2.safetensors")
        let size = off_t(8 + header.utf8.count + 1 << 30 - 1)
        #expect(truncate($0.path.appending("2.safetensors").string, size) == 0)
      },
    ]
}
