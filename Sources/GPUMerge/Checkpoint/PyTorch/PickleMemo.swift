/// A pickle's memo: objects by number.
///
/// Writers count up, so that almost all are in an array; a hostile number costs no memory.
struct PickleMemo {
  private var dense: [NodeID] = []
  private var sparse: [Int: NodeID] = [:]

  /// The number that MEMOIZE uses next.
  var count: Int { dense.count + sparse.count }

  subscript(index: Int) -> NodeID? {
    get { dense.indices.contains(index) ? dense[index] : sparse[index] }
    set {
      guard let newValue else { return }
      if dense.indices.contains(index) {
        dense[index] = newValue
      } else if index == dense.count, sparse[index] == nil {
        dense.append(newValue)
      } else {
        sparse[index] = newValue
      }
    }
  }
}
