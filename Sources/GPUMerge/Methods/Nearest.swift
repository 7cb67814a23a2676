/// The candidate that a misspelt word most likely means, or nil if none is close.
package func nearest(to word: String, in candidates: [String]) -> String? {
  let scored = candidates.map { ($0, editDistance(Array(word.utf8), Array($0.utf8))) }
  guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(1, best.0.utf8.count / 3) else {
    return nil
  }
  return best.0
}

/// The number of insertions, deletions and replacements between two words (Levenshtein).
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  // The cost is quadratic, and words come from users and files.
  guard a.count <= 64, b.count <= 64 else { return .max }
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
