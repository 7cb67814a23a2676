import SystemPackage

/// A look at the drivers before they start in this process: through a probe, or at what a probe of an
/// earlier process found, as long as nothing has changed since.
struct DriverLook {
  private let answer: DriverAnswer
  private let cache: DeviceCache?
  private let name: String

  var devices: OpenCLDevices { answer.devices }

  /// Looks.
  ///
  /// What was remembered is taken away until the drivers have started well in this process, too: if one
  /// of them crashes after all, the next process asks the probe, and gets along without it.
  init(_ probe: DriverProbe, opening selection: DeviceSelection, _ cache: DeviceCache?) {
    self.cache = cache
    let words = selection.words
    name = DeviceCache.name(
      .drivers,
      of: [DriverFile.mark(probe.executable.string), Self.bootIdentifier, "\(words.count)"] + words
        + DriverEnvironment.variables)
    let remembered = cache?.take(name).map {
      DriverAnswer(parsing: String(decoding: $0, as: UTF8.self))
    }
    answer =
      if let remembered, remembered.isStillTrue { remembered } else {
        probe.answer(opening: selection)
      }
  }

  /// Remembers what was seen, now that the drivers have started in this process.
  func remember() {
    guard answer.isStillTrue else { return }
    cache?.keep(Array(answer.text.utf8), as: name, isNew: true)
  }

  /// Changes with every start of the system, after which modules of the kernel may be others.
  private static var bootIdentifier: String {
    let file = try? InputFile(opening: "/proc/sys/kernel/random/boot_id")
    let bytes = try? file?.bytes(at: 0, count: 36)
    return String(decoding: bytes ?? [], as: UTF8.self)
  }
}
