import ArgumentParser
import GPUMerge
import SystemPackage

/// Lists devices: `gpumerge devices`.
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "List the OpenCL devices, and say which one merges by default.",
    discussion: "To merge a model file that is called devices, name it ./devices.")

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    // A driver that crashes is found out before it can. Without the cache: whoever asks for the devices
    // wants to know how the drivers are now, not how they were.
    let probe = DriverProbe(executable: "/proc/self/exe", timeLimit: .seconds(60))
    let probed = probe.devices(opening: .automatic)
    let found = probed.all.isEmpty ? probed : OpenCLDevices.found
    guard !json else {
      try StandardStreams.writeOutput(JSONValue.array(found.all.map(Self.json)).text + "\n")
      return
    }
    var text = ""
    if !found.all.isEmpty {
      text = Self.table(found.all)
    }
    try StandardStreams.writeOutput(text + Self.choice(among: found) + "\n")
  }

  /// Which device `--device auto` means, and why.
  private static func choice(among found: OpenCLDevices) -> String {
    if let problem = found.problem {
      return
        "There is no OpenCL device: \(problem). gpumerge merges on the \(MergeDevice.cpu.name)."
    }
    let automatic =
      if case .opencl(let device)? = try? DeviceSelection.automatic.resolve(among: found).first {
        "--device auto takes device \(device.index), \(escaped(device.name))."
      } else {
        "--device auto takes the \(MergeDevice.cpu.name), because no device is a GPU."
      }
    let all = (try? DeviceSelection.all.resolve(among: found)) ?? []
    guard all.count > 1 else { return automatic }
    let indices = all.map { if case .opencl(let device) = $0 { "\(device.index)" } else { "cpu" } }
    return automatic + "\n--device all shares the work among \(indices.joined(separator: ", "))."
  }

  private static func table(_ devices: [OpenCLDevice]) -> String {
    let heading = ["", "NAME", "VENDOR", "TYPE", "OPENCL", "MEMORY", "FP64", "DRIVER"]
    let rows = [heading] + devices.map(cells)
    let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let padded = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }
      var line = padded.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  private static func cells(_ device: OpenCLDevice) -> [String] {
    [
      "\(device.index)", escaped(device.name), escaped(device.vendor), device.kind.rawValue,
      escaped(device.openCLVersion.split(separator: " ").dropFirst().first.map(String.init) ?? ""),
      Quantity.bytes(device.globalMemoryByteCount), device.hasFloat64 ? "yes" : "no",
      escaped(device.driverVersion),
    ]
  }

  private static func json(_ device: OpenCLDevice) -> JSONValue {
    .object([
      ("index", .integer(device.index)),
      ("name", .string(device.name)),
      ("vendor", .string(device.vendor)),
      ("platform", .string(device.platformName)),
      ("type", .string(device.kind.rawValue)),
      ("opencl_version", .string(device.openCLVersion)),
      ("driver_version", .string(device.driverVersion)),
      ("memory_bytes", .integer(device.globalMemoryByteCount)),
      ("largest_allocation_bytes", .integer(device.maximumAllocationByteCount)),
      ("fp64", .bool(device.hasFloat64)),
      ("shares_host_memory", .bool(device.isHostUnified)),
      ("compute_units", .integer(device.computeUnits)),
    ])
  }
}
