import SystemPackage

/// A look at the drivers before they start in this process: through a probe, or at what a probe of an
/// earlier process found, as long as nothing has changed since.
struct DriverLook {
  private let answer: DriverAnswer
  private let memory: Memory?

  /// Where an answer is remembered.
  private struct Memory {
    let cache: DeviceCache
    let name: String
  }

  var devices: OpenCLDevices { answer.devices }

  /// Looks.
  ///
  /// What was remembered is taken away until the drivers have started well in this process, too: if one
  /// of them crashes after all, the next process asks the probe, and gets along without it.
  init(_ probe: DriverProbe, opening selection: DeviceSelection, _ cache: DeviceCache?) {
    memory = cache.map { Memory(cache: $0, name: Self.name(of: probe, selection)) }
    let remembered = memory.flatMap { $0.cache.take($0.name) }
      .map { DriverAnswer(parsing: String(decoding: $0, as: UTF8.self)) }
    answer =
      if let remembered, remembered.isStillTrue {
        remembered
      } else {
        probe.answer(opening: selection)
      }
  }

  /// Remembers what was seen, now that the drivers have started in this process.
  func remember() {
    guard let memory, answer.isStillTrue else { return }
    memory.cache.keep(Array(answer.text.utf8), as: memory.name, isNew: true)
  }

  /// The name for all that decides an answer, but for the files that it lists.
  private static func name(of probe: DriverProbe, _ selection: DeviceSelection) -> String {
    let words = selection.words
    return DeviceCache.name(
      .drivers,
      of: [DriverFile.mark(probe.executable.string), bootIdentifier, "\(words.count)"] + words
        + DriverEnvironment.variables)
  }

  /// Changes with every start of the system, after which modules of the kernel may be others.
  private static var bootIdentifier: String {
    let file = try? InputFile(opening: "/proc/sys/kernel/random/boot_id")
    let bytes = try? file?.bytes(at: 0, count: 36)
    return String(decoding: bytes ?? [], as: UTF8.self)
  }
}
