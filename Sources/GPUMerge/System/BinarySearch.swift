extension RandomAccessCollection where Index == Int {
  /// The first index whose element satisfies a predicate that is false up to there and true after.
  func partitionIndex(where isAfter: (Element) -> Bool) -> Int {
    var lower = startIndex
    var upper = endIndex
    while lower < upper {
      let middle = lower + (upper - lower) / 2
      if isAfter(self[middle]) { upper = middle } else { lower = middle + 1 }
    }
    return lower
  }
}
