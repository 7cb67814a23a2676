import Logging

/// Shows what the library logs as it happens, for `--verbose`.
struct StandardErrorLogHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    StandardStreams.writeError("\(event.level): \(event.message)\n")
  }
}
