package import GPUMerge
import Glibc

/// What the program's exit code tells, as in `sysexits.h`.
package enum ExitStatus: CInt, CaseIterable {
  case ok = 0
  /// The command line or the configuration file is wrong.
  case usage = 64
  /// An input is not a checkpoint that can be trusted, or does not fit the others.
  case rejectedInput = 65
  case missingInput = 66
  case deviceUnavailable = 69
  /// A bug in this program.
  case `internal` = 70
  case cannotCreate = 73
  case io = 74
  /// As a shell reports a program that SIGINT ended.
  case interrupted = 130

  /// Ends the process.
  func exit() -> Never {
    // With a driver that hangs, what it does when a process exits may hang, too.
    if AbandonableThread.wasAnyAbandoned { _exit(rawValue) }
    Glibc.exit(rawValue)
  }
}

extension GPUMergeError.Kind {
  /// The exit code of each kind of error; without a default, so that a new kind cannot be forgotten.
  package var exitStatus: ExitStatus {
    switch self {
    case .truncated, .headerSize, .headerUTF8, .headerJSON, .duplicateKey, .badDType, .badShape,
      .overflow, .offset, .hole, .sizeMismatch, .trailingData, .zipStructure, .zipCRC,
      .zipDuplicate, .zipPath, .pickleTruncated, .pickleOpcode, .pickleStack, .pickleMemo,
      .pickleDepth, .pickleGlobal, .persistentID, .storageMissing, .storageSize, .tensorBounds,
      .tensorStride, .layoutUnsupported, .notACheckpoint, .unsupportedFormat, .indexJSON,
      .indexPath, .indexMissingShard, .indexMissingTensor, .keyMismatch, .shapeMismatch,
      .dtypeMismatch, .valueMismatch:
      .rejectedInput
    case .usage, .configuration: .usage
    case .inputMissing: .missingInput
    case .deviceUnavailable, .deviceFailure: .deviceUnavailable
    case .outputExists, .outputBusy, .resumeMismatch, .cannotCreate: .cannotCreate
    case .inputChanged, .io: .io
    case .cancelled: .interrupted
    case .internal: .internal
    }
  }
}
