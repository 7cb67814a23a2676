import SystemPackage

extension Merge {
  /// The SHA-256 of what the headers of all models say; nil if models are in memory, where another run
  /// cannot find them again.
  var fingerprint: String? {
    let models = planner.models + (planner.base.map { [$0] } ?? [])
    guard models.allSatisfy({ $0.checkpoint != nil }) else { return nil }
    let fingerprints = Threads.map(models) { $0.fingerprint }
    return sha256(Array(fingerprints.joined(separator: " ").utf8))
  }

  /// What this merge is about, to tell whether an unfinished one is the same.
  func workPlan(for plan: OutputPlan, fingerprint: String) -> WorkPlan {
    let recipe = RecipeRecord.json(
      algorithm: planner.algorithm, modelCount: planner.models.count, dtype: options.dtype,
      selection: options.selection)
    return WorkPlan(
      version: RecipeRecord.version, recipe: recipe,
      inputs: inputFiles.map {
        WorkPlan.Input(
          path: $0.path.string, byteCount: $0.byteCount, modified: $0.modificationTime,
          inode: $0.identity.inode)
      },
      description: fingerprint,
      outputs: plan.files.map {
        WorkPlan.Output(
          name: $0.name, byteCount: $0.plan.layout.byteCount, layout: $0.plan.layout.fingerprint)
      })
  }
}

extension LoadedModel {
  /// The SHA-256 of what the model's headers say.
  fileprivate var fingerprint: String {
    var bytes: [UInt8] = []
    // Most tensors have a name and a few numbers.
    bytes.reserveCapacity(64 * tensors.count)
    for tensor in tensors {
      bytes.append(contentsOf: tensor.name.utf8)
      bytes.append(0)
      bytes.append(tensor.dtype.rawValue)
      bytes.append(tensor.isBigEndian ? 1 : 0)
      for dimension in tensor.shape { bytes.append(dimension) }
      switch tensor.layout {
      case .contiguous(let offset): bytes.append(offset)
      case .strided(let offset, let strides):
        for number in [offset] + strides { bytes.append(number) }
      }
      bytes.append(Int.max)
    }
    return sha256(bytes)
  }
}

extension OutputLayout {
  /// The SHA-256 of all of the file that does not depend on data.
  fileprivate var fingerprint: String {
    var bytes: [UInt8] = []
    for literal in literals {
      bytes.append(literal.offset)
      bytes.append(contentsOf: literal.bytes)
    }
    for offset in tensorOffsets { bytes.append(offset) }
    return sha256(bytes)
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ number: Int) {
    Swift.withUnsafeBytes(of: UInt64(bitPattern: Int64(number)).littleEndian) {
      append(contentsOf: $0)
    }
  }
}
