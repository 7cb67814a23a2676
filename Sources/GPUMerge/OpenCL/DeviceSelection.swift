/// Where a user wants to merge.
public enum DeviceSelection: Sendable, Hashable {
  /// The first GPU if there is one, else the CPU.
  case automatic
  /// The CPU, without OpenCL.
  case cpu
  /// The OpenCL device with this index.
  case index(Int)
  /// The first OpenCL device whose name contains this, in upper or lower case.
  case name(String)
  /// Every GPU and accelerator, or every OpenCL device where there is none of these: they share the
  /// work.
  case all
  /// Several devices that share the work: each of them `cpu`, an index or a name, and none twice.
  case list([DeviceSelection])

  /// Understands `auto`, `all`, `cpu`, an index or a part of a name, and several of the last three
  /// with commas between them.
  ///
  /// - Throws: ``GPUMergeError`` of kind `usage` for a list with an empty place, with a device twice,
  ///   or with `auto` or `all`.
  public init(parsing text: String) throws(GPUMergeError) {
    let items = text.split(separator: ",", omittingEmptySubsequences: false)
    guard items.count > 1 else {
      self.init(item: text)
      return
    }
    var selections: [DeviceSelection] = []
    for item in items {
      var item = item.drop { $0 == " " }
      while item.last == " " { item.removeLast() }
      guard !item.isEmpty else {
        throw GPUMergeError(
          .usage, "the list of devices has an empty place",
          advice: "Put single commas between devices, such as 0,1")
      }
      selections.append(Self(item: String(item)))
    }
    self = .list(selections)
    try Self.check(selections)
  }

  /// Understands one device, whatever its name is.
  init(item text: String) {
    switch text.lowercased() {
    case "auto", "": self = .automatic
    case "all": self = .all
    case "cpu": self = .cpu
    default: self = Self.number(text).map(DeviceSelection.index) ?? .name(text)
    }
  }

  private static func number(_ text: String) -> Int? {
    text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(text) : nil
  }

  /// Throws unless a list has single devices only, and none twice as far as their names tell.
  static func check(_ list: [DeviceSelection]) throws(GPUMergeError) {
    guard !list.isEmpty else { throw GPUMergeError(.usage, "the list of devices is empty") }
    var seen: Set<DeviceSelection> = []
    for item in list {
      switch item {
      case .automatic, .all, .list:
        throw GPUMergeError(
          .usage, "'auto' and 'all' cannot be part of a list of devices",
          advice: "Name each device by its number or name, or 'cpu'")
      case .cpu, .index, .name: break
      }
      guard seen.insert(item).inserted else {
        throw repeated("'\(escaped(item.words.joined()))'")
      }
    }
  }

  /// The error about a device that a list has twice.
  static func repeated(_ device: String) -> GPUMergeError {
    GPUMergeError(
      .usage, "the list of devices has \(device) twice", advice: "Name each device once")
  }

  /// The selection as text, one for each device, as there may be a comma in a name.
  var words: [String] {
    switch self {
    case .automatic: ["auto"]
    case .all: ["all"]
    case .cpu: ["cpu"]
    case .index(let index): ["\(index)"]
    case .name(let name): [name]
    case .list(let items): items.flatMap(\.words)
    }
  }

  /// The selection with these words.
  init(words: [String]) {
    let items = words.map(Self.init(item:))
    self = items.count == 1 ? items[0] : .list(items)
  }
}
