/// Looks up the names of one model in another, which most likely has them in the same order.
///
/// Models of one architecture do, so that hardly a name ever needs a hash table.
struct NameCursor {
  private let model: LoadedModel
  private var next = 0

  init(_ model: LoadedModel) { self.model = model }

  /// What `LoadedModel.position(of:)` says.
  mutating func position(of name: TensorName) -> Int? {
    let isNext = next < model.tensors.count && model.tensors[next].name == name
    let position = isNext ? next : model.position(of: name)
    if let position { next = position + 1 }
    return position
  }
}
