import GPUMerge

extension GPUMergeError {
  /// Whether it names the file, in one line that a person reads to its end and a terminal does not obey.
  var isShownOnOneLine: Bool {
    file != nil && description.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
      && description.utf8.count < 1000
  }
}
