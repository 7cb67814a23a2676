import CLinux
import Synchronization
public import SystemPackage

/// A look at the OpenCL drivers of this machine from a process of its own, which a driver may crash
/// or hang without harm to this one.
///
/// Costs the start of that process, and the drivers start twice where a device is then used: with PoCL
/// 3.1 on two busy processors about 0.1 s, half of it for the process. Where there is no device to use,
/// they do not start in this process at all. With a ``DeviceCache`` the probe is spared as long as nothing
/// changes.
public struct DriverProbe: Sendable, Hashable {
  /// The command line program gpumerge, of this version.
  public var executable: FilePath
  /// How long it may take.
  public var timeLimit: Duration

  /// Describes a probe, and does nothing yet.
  public init(executable: FilePath, timeLimit: Duration = MergeDevice.defaultTimeLimit) {
    self.executable = executable
    self.timeLimit = timeLimit
  }

  /// The name of the program's command, which is not for people.
  package static let command = "probe-devices"

  private struct Question: Hashable {
    var probe: DriverProbe
    var selection: DeviceSelection
  }

  private static let answers = Mutex<[Question: DriverAnswer]>([:])

  /// The devices, after those that are selected have been opened once; found out only once.
  package func devices(opening selection: DeviceSelection) -> OpenCLDevices {
    answer(opening: selection).devices
  }

  /// The same, with all that the probe had to say.
  func answer(opening selection: DeviceSelection) -> DriverAnswer {
    Self.answers.withLock { answers in
      let question = Question(probe: self, selection: selection)
      if let answer = answers[question] { return answer }
      let answer = ask(selection)
      answers[question] = answer
      return answer
    }
  }

  private func ask(_ selection: DeviceSelection) -> DriverAnswer {
    let child = ChildProcess(executable, arguments: [Self.command, "--"] + selection.words)
    guard let child else {
      return DriverAnswer(problem: "the probe \(executable) cannot be started")
    }
    let output = child.output(until: "\n" + DriverAnswer.end, within: timeLimit)
    let ending = child.end()
    if let output {
      let answer = DriverAnswer(parsing: output)
      // What ended badly afterwards is nothing to rely on another time.
      if case .exit(0) = ending { return answer }
      return DriverAnswer(answer.devices, files: [])
    }
    let problem =
      switch ending {
      case .killed:
        "an OpenCL driver has not answered for \(timeLimit.components.seconds) s"
      case .signal(let signal):
        "an OpenCL driver crashed when it was asked for its devices (signal \(signal))"
      case .exit(let code): "an OpenCL driver ended the process that asked it (code \(code))"
      }
    return DriverAnswer(problem: problem)
  }

  /// What the probing process has to say; looks for devices and opens those that are selected.
  ///
  /// `arguments` are those that the process got.
  package static func ownAnswer(to arguments: [String]) -> String {
    clinux_die_with_parent()
    let found = OpenCLDevices.found
    // Whether they can be opened, the process that is to use them finds out by itself.
    let selection = DeviceSelection(words: arguments)
    for case .opencl(let device) in (try? selection.resolve(among: found)) ?? [] {
      _ = try? OpenCLBackend(device)
    }
    return DriverAnswer(found, files: DriverFile.all).text
  }
}
