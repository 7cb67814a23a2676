import SystemPackage

/// What a probe says about the drivers, and the text in which it says so to another process.
struct DriverAnswer: Sendable {
  let devices: OpenCLDevices
  /// The files that the drivers came from, as they were then; empty for an answer not to be remembered.
  let files: [DriverFile]

  init(_ devices: OpenCLDevices, files: [DriverFile]) {
    self.devices = devices
    self.files = files
  }

  init(problem: String) { self.init(OpenCLDevices(all: [], problem: problem), files: []) }

  /// Whether there are devices, and all that they came from is as it was.
  var isStillTrue: Bool {
    devices.problem == nil && !files.isEmpty && files.allSatisfy(\.isUnchanged)
  }

  // MARK: Text

  /// The last line.
  static let end = "end\n"

  var text: String {
    var lines = devices.all.map { "\($0.kind.rawValue) \(escaped($0.name, limit: 1000))" }
    if let problem = devices.problem { lines.append("problem \(escaped(problem, limit: 1000))") }
    lines += files.map { "file \($0.mark) \($0.path)" }
    return lines.map { $0 + "\n" }.joined() + Self.end
  }

  init(parsing text: String) {
    var devices: [OpenCLDevice] = []
    var files: [DriverFile] = []
    var problem: String?
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      guard words.count == 2 else { continue }
      if let kind = OpenCLDevice.Kind(rawValue: words[0]) {
        devices.append(OpenCLDevice(index: devices.count, name: words[1], kind: kind))
      } else if words[0] == "file" {
        files += [DriverFile(parsing: words[1])].compactMap(\.self)
      } else {
        problem = words[1]
      }
    }
    self.init(OpenCLDevices(all: devices, problem: problem), files: files)
  }
}
