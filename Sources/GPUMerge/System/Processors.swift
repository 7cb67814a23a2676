import Glibc

/// The number of processors that are online.
package func processorCount() -> Int {
  max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
}

/// The most memory that this process has had in RAM so far, in bytes; 0 if the system does not say.
///
/// Not from `getrusage`, whose figure a process inherits from the one that started it.
package func peakResidentByteCount() -> Int {
  guard let file = fopen("/proc/self/status", "re") else { return 0 }
  defer { fclose(file) }
  var line: UnsafeMutablePointer<CChar>?
  var capacity = 0
  defer { free(line) }
  while getline(&line, &capacity, file) > 0, let text = line.map({ String(cString: $0) }) {
    guard text.hasPrefix("VmHWM:") else { continue }
    let digits = text.filter(\.isNumber)
    return (Int(digits) ?? 0) * 1024
  }
  return 0
}
