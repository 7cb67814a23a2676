/// Numbers with units, for people.
enum Quantity {
  /// An amount of data in powers of 1000, as disks and buses are measured: "8.8 GB".
  static func bytes(_ count: Int) -> String {
    count < 1000 ? "\(count) B" : scaled(Double(count), units: ["B", "kB", "MB", "GB", "TB", "PB"])
  }

  /// A number of parameters in three digits: "1.10 B".
  static func count(_ count: Int) -> String {
    guard count >= 1000 else { return "\(count)" }
    var value = Double(count)
    var unit = 0
    let units = ["", " K", " M", " B", " T"]
    while value >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    let digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
    return fixed(value, digits: digits) + units[unit]
  }

  /// A rate: "9.2 GB/s".
  static func rate(_ byteCount: Int, seconds: Double) -> String {
    let rate = Double(byteCount) / max(seconds, 1e-9)
    return scaled(rate, units: ["B", "kB", "MB", "GB", "TB", "PB"]) + "/s"
  }

  /// A length of time: "15 ms", "1.2 s", "2 min 5 s", "1 h 3 min".
  static func time(_ seconds: Double) -> String {
    if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded())) ms" }
    if seconds < 59.95 { return fixed(seconds, digits: 1) + " s" }
    let whole = Int(min(seconds, 1e9).rounded())
    return whole < 3600
      ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole % 3600 / 60) min"
  }

  /// A number of things: "1 model", "4 models".
  static func items(_ count: Int, _ noun: String) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
  }

  private static func scaled(_ value: Double, units: [String]) -> String {
    var value = value
    var unit = 0
    while value >= 999.95, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return fixed(value, digits: 1) + " " + units[unit]
  }

  /// A number with so many digits after the point.
  private static func fixed(_ value: Double, digits: Int) -> String {
    let scale = [1, 10, 100][digits]
    let scaled = Int(exactly: (value * Double(scale)).rounded()) ?? .max
    guard digits > 0 else { return "\(scaled)" }
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
