/// Checks the finished objects of a pickle: no cycle, not too deep, not too many when each path to
/// an object counts, and proper keys.
///
/// After that, recursive walks are safe.
struct PickleGraph {
  private let arena: PickleArena
  private let limits: Limits
  /// For each node, what is known of it and everything below it.
  private var known: [Measure]
  private var path: [Frame] = []

  /// How deep an object is, and how many objects a walk over it would meet.
  private struct Measure {
    var state = State.unknown
    var depth: UInt32 = 1
    var cost: UInt32 = 1
  }

  private enum State: UInt8 { case unknown, open, done }

  private struct Frame {
    var node: NodeID
    var nextChild = 0
  }

  static func check(
    _ arena: PickleArena, from root: NodeID, limits: Limits
  ) throws(GPUMergeError) {
    var graph = PickleGraph(arena, limits: limits)
    try graph.walk(from: root)
  }

  private init(_ arena: PickleArena, limits: Limits) {
    self.arena = arena
    self.limits = limits
    known = Array(repeating: Measure(), count: arena.nodes.count)
  }

  private mutating func walk(from root: NodeID) throws(GPUMergeError) {
    try open(root)
    while let frame = path.last {
      guard let child = child(frame.nextChild, of: frame.node) else {
        path.removeLast()
        known[Int(frame.node)].state = .done
        if let parent = path.last?.node { try include(frame.node, in: parent) }
        continue
      }
      path[path.count - 1].nextChild += 1
      switch known[Int(child)].state {
      case .unknown: try open(child)
      case .open: throw failure(.pickleDepth, "an object contains itself")
      case .done: try include(child, in: frame.node)
      }
    }
  }

  private mutating func open(_ node: NodeID) throws(GPUMergeError) {
    guard path.count < limits.depth else {
      throw failure(.pickleDepth, "objects are nested more than \(limits.depth) deep")
    }
    known[Int(node)].state = .open
    path.append(Frame(node: node))
    if let dictionary = arena.dictionary(node) { try checkKeys(of: dictionary) }
  }

  private mutating func include(_ child: NodeID, in parent: NodeID) throws(GPUMergeError) {
    let child = known[Int(child)]
    let depth = max(known[Int(parent)].depth, child.depth + 1)
    let cost = Int(known[Int(parent)].cost) + Int(child.cost)
    // A shared object can be met at a greater depth than where it was opened.
    guard depth <= limits.depth, let cost32 = UInt32(exactly: cost),
      cost <= limits.expandedNodeCount
    else {
      throw failure(.pickleDepth, "it unfolds to more objects than are allowed")
    }
    known[Int(parent)].depth = depth
    known[Int(parent)].cost = cost32
  }

  private func child(_ index: Int, of node: NodeID) -> NodeID? {
    switch arena[node] {
    case .tuple(let slice):
      return index < slice.count ? arena.elements[Int(slice.start) + index] : nil
    case .list(let list):
      let items = arena.lists[Int(list)]
      return index < items.count ? items[index] : nil
    case .dictionary(let dictionary):
      let dictionary = arena.dictionaries[Int(dictionary)]
      if index < 2 * dictionary.entries.count {
        let entry = dictionary.entries[index / 2]
        return index % 2 == 0 ? entry.key : entry.value
      }
      return index == 2 * dictionary.entries.count ? dictionary.metadata : nil
    default: return nil
    }
  }

  private func checkKeys(of dictionary: PickleDictionary) throws(GPUMergeError) {
    var seen = Set<Key>(minimumCapacity: dictionary.entries.count)
    for entry in dictionary.entries {
      guard let key = key(entry.key) else {
        throw failure(.pickleStack, "\(arena.kindName(entry.key)) is the key of a dict")
      }
      guard key == .other || seen.insert(key).inserted else {
        let name = arena.string(entry.key).map { " '\(escaped($0))'" } ?? ""
        throw failure(.duplicateKey, "a dict has the key\(name) twice")
      }
    }
  }

  private enum Key: Hashable {
    case string(ArraySlice<UInt8>)
    case number(Double)
    case int(Int)
    case nothing
    /// A tuple or class: allowed, not compared, and never a tensor's name.
    case other
  }

  /// What Python compares by; nil for what cannot be a key.
  private func key(_ id: NodeID) -> Key? {
    switch arena[id] {
    case .none: .nothing
    case .bool(let value): .int(value ? 1 : 0)
    case .int(let value): .int(value)
    case .float(let value): Int(exactly: value).map(Key.int) ?? .number(value)
    case .string(let slice): .string(arena.bytes[slice.range])
    case .tuple, .global, .bytes, .opaque, .unknown: .other
    case .list, .dictionary, .storage, .tensor: nil
    }
  }

  private func failure(_ kind: GPUMergeError.Kind, _ problem: String) -> GPUMergeError {
    GPUMergeError(kind, PickleMachine.notPyTorchs(problem), subject: arena.member)
  }
}
