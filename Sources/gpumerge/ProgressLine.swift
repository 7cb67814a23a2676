import GPUMerge

/// What a progress bar shows at one moment.
struct ProgressLine {
  private let fraction: Double
  private let doneByteCount: Int
  private let totalByteCount: Int
  private let seconds: Double

  /// Counts what is read and what is written, as the summary does: the output alone would make
  /// merges of many models look slow.
  init(_ progress: MergeProgress, inputByteCount: Int, seconds: Double) {
    let total = max(progress.totalByteCount, 1)
    fraction = min(1, Double(progress.completedByteCount) / Double(total))
    totalByteCount = inputByteCount + progress.totalByteCount
    doneByteCount = Int(Double(totalByteCount) * fraction)
    self.seconds = max(seconds, 1e-3)
  }

  /// The line, cut to fit a terminal.
  func text(columnCount: Int) -> String {
    let width = 20
    let filled = Int(fraction * Double(width))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    let left = fraction > 0 ? Self.time(seconds / fraction - seconds) + " left" : ""
    let text =
      "[\(bar)] \(Int(fraction * 100)) %  "
      + "\(Quantity.bytes(doneByteCount)) of \(Quantity.bytes(totalByteCount))  "
      + "\(Quantity.rate(doneByteCount, seconds: seconds))  \(left)"
    return String(text.prefix(max(0, columnCount - 1)))
  }

  /// Whole seconds: parts of them would only flicker.
  private static func time(_ seconds: Double) -> String {
    seconds < 59 ? "\(Int(seconds.rounded(.up))) s" : Quantity.time(seconds)
  }
}
