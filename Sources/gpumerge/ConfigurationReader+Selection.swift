import GPUMerge
import Yams

extension ConfigurationReader {
  /// The keys that say which tensors are merged: those of the command line's options.
  static let selectionKeys = ["missing", "keep", "only", "backbone_only", "tied", "integers"]

  /// Reads one of these keys; returns whether it is one.
  func readSelection(
    _ entry: Entry, into selection: inout TensorSelection
  ) throws(GPUMergeError) -> Bool {
    switch entry.key {
    case "missing": selection.missing = try choice(entry)
    case "keep": selection.keep = try patterns(entry)
    case "only": selection.only = try patterns(entry)
    case "backbone_only": selection.backboneOnly = try flag(entry)
    case "tied": selection.tiesAsBase = try flag(entry)
    case "integers": selection.integers = try choice(entry)
    default: return false
    }
    return true
  }

  private func choice<T: RawRepresentable<String> & CaseIterable>(
    _ entry: Entry
  ) throws(GPUMergeError) -> T {
    guard let value = T(rawValue: try string(entry)) else {
      let names = T.allCases.map(\.rawValue).joined(separator: ", ")
      throw wrong(entry.value, "\(entry.key) must be one of \(names)")
    }
    return value
  }

  /// One pattern or a list of them.
  private func patterns(_ entry: Entry) throws(GPUMergeError) -> [String] {
    guard case .sequence(let nodes) = entry.value else { return [try string(entry)] }
    var patterns: [String] = []
    for node in nodes {
      patterns.append(try string(Entry(key: entry.key, keyLine: entry.keyLine, value: node)))
    }
    return patterns
  }

  private func flag(_ entry: Entry) throws(GPUMergeError) -> Bool {
    guard case .flag(let value) = try value(entry) else {
      throw wrong(entry.value, "\(entry.key) must be true or false")
    }
    return value
  }
}
