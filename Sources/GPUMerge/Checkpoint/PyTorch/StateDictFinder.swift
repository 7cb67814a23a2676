/// Finds the dict of tensors in what a checkpoint holds.
struct StateDictFinder {
  let arena: PickleArena
  /// What the entries beside the tensors are called, when they are left aside.
  private(set) var leftAside: [String] = []

  /// Where frameworks put a model's tensors among other things.
  static let customaryKeys = [
    "state_dict", "model", "module", "model_state_dict", "params", "params_ema",
  ]

  /// What to do where a file holds something else.
  static let saveStateDict = "Save a model's state dict: torch.save(model.state_dict(), 'NEW')"

  init(_ arena: PickleArena) {
    self.arena = arena
  }

  /// Returns the dict of tensors below `top`: where `root` says, or `top` itself, or the only
  /// customary place that has one.
  mutating func find(from top: NodeID, root: String?) throws(GPUMergeError) -> PickleDictionary {
    guard let dictionary = arena.dictionary(top) else {
      throw failure("the file holds \(arena.kindName(top)), not a dict of tensors")
    }
    if let root { return try find(root, in: dictionary) }
    let tensorCount = dictionary.entries.count { isTensor($0.value) }
    if tensorCount > 0, tensorCount == dictionary.entries.count {
      return dictionary
    }
    // Mostly tensors: then this is the dict, and what is no tensor must not be dropped.
    if 2 * tensorCount > dictionary.entries.count,
      let stray = dictionary.entries.first(where: { !isTensor($0.value) })
    {
      throw self.stray(stray, among: dictionary)
    }
    let candidates = Self.customaryKeys.compactMap { key -> (String, PickleDictionary)? in
      guard let value = arena.value(of: key, in: dictionary).flatMap(arena.dictionary),
        isStateDict(value)
      else { return nil }
      return (key, value)
    }
    guard let (key, value) = candidates.first, candidates.count == 1 else {
      throw undecided(dictionary)
    }
    try checkPlaceholders(value, beside: dictionary)
    leftAside = dictionary.entries.compactMap { arena.string($0.key) }.filter { $0 != key }
    return value
  }

  private func find(
    _ root: String, in top: PickleDictionary
  ) throws(GPUMergeError) -> PickleDictionary {
    var dictionary = top
    var rest = root[...]
    while !rest.isEmpty {
      // A key may contain dots itself: the longest that is there counts.
      var key = rest
      while arena.value(of: key, in: dictionary) == nil, let dot = key.lastIndex(of: ".") {
        key = key[..<dot]
      }
      guard let value = arena.value(of: key, in: dictionary) else {
        throw failure("there is no '\(escaped(root))' in the file", keysOf: dictionary)
      }
      guard let next = arena.dictionary(value) else {
        throw failure("'\(escaped(root))' leads to \(arena.kindName(value)), not to a dict")
      }
      dictionary = next
      rest = rest[key.endIndex...].dropFirst()
    }
    if let stray = dictionary.entries.first(where: { !isTensor($0.value) }) {
      throw self.stray(stray, among: dictionary)
    }
    guard !dictionary.entries.isEmpty else { throw failure("'\(escaped(root))' holds no tensors") }
    try checkPlaceholders(dictionary, beside: top)
    return dictionary
  }

  private func isTensor(_ id: NodeID) -> Bool {
    if case .tensor = arena[id] { true } else { false }
  }

  private func isStateDict(_ dictionary: PickleDictionary) -> Bool {
    !dictionary.entries.isEmpty && dictionary.entries.allSatisfy { isTensor($0.value) }
  }

  private func undecided(_ dictionary: PickleDictionary) -> GPUMergeError {
    if dictionary.entries.isEmpty { return failure("the file holds an empty dict") }
    if isFromDeepSpeed(dictionary), arena.value(of: "optimizer_state_dict", in: dictionary) != nil {
      return partitioned("the file holds DeepSpeed's optimizer states, not the model's tensors")
    }
    for key in Self.customaryKeys {
      guard let value = arena.value(of: key, in: dictionary), case .unknown = arena[value] else {
        continue
      }
      return failure("'\(key)' holds \(arena.kindName(value)), not a dict of tensors")
    }
    return failure("it is not clear which entry holds the model's tensors", keysOf: dictionary)
  }

  private func stray(
    _ entry: (key: NodeID, value: NodeID), among dictionary: PickleDictionary
  ) -> GPUMergeError {
    GPUMergeError(
      .notACheckpoint, "\(arena.kindName(entry.value)) stands among the tensors",
      subject: arena.string(entry.key),
      advice: "Save the model's state dict without it, or name another dict with --root KEY")
  }

  private func failure(_ problem: String, keysOf dictionary: PickleDictionary) -> GPUMergeError {
    let keys = dictionary.entries.prefix(20).map {
      arena.string($0.key).map { "'\(escaped($0))'" } ?? arena.kindName($0.key)
    }
    let more = dictionary.entries.count > keys.count ? ", …" : ""
    return GPUMergeError(
      .notACheckpoint, "\(problem); the keys are \(keys.joined(separator: ", "))\(more)",
      advice: "Name the one that holds the tensors with --root KEY")
  }

  private func failure(_ problem: String) -> GPUMergeError {
    GPUMergeError(
      .notACheckpoint, problem, advice: Self.saveStateDict)
  }

  /// DeepSpeed's ZeRO stage 3 leaves empty tensors where others have the weights.
  private func checkPlaceholders(
    _ stateDict: PickleDictionary, beside top: PickleDictionary
  ) throws(GPUMergeError) {
    guard isFromDeepSpeed(top) else { return }
    let isPartitioned = stateDict.entries.contains { entry in
      guard case .tensor(let index) = arena[entry.value] else { return false }
      return arena.tensors[Int(index)].shape.contains(0)
    }
    guard isPartitioned else { return }
    throw partitioned("the tensors are empty placeholders of DeepSpeed ZeRO stage 3")
  }

  private func isFromDeepSpeed(_ top: PickleDictionary) -> Bool {
    ["param_shapes", "ds_version", "ds_config"].contains { arena.value(of: $0, in: top) != nil }
  }

  private func partitioned(_ problem: String) -> GPUMergeError {
    GPUMergeError(
      .notACheckpoint, problem,
      advice: "Run DeepSpeed's zero_to_fp32.py in the checkpoint's folder and merge its result")
  }
}
