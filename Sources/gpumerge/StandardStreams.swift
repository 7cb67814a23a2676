import GPUMerge
import Glibc
import SystemPackage

/// Standard output and error, written to without buffers, so that messages keep their order and what
/// goes wrong with a pipe does not end the program.
enum StandardStreams {
  /// Makes the streams safe to use: to be called first of all.
  static func prepare() {
    // A closed pipe or a file size limit is an error of the one write, not of the process.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    // If one of the streams is closed, the next file opened would take its number, and messages
    // would go into that file.
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDWR)
    }
  }

  /// Throws if the output is lost, unless nobody reads it any more: that is no reason not to merge.
  static func writeOutput(_ text: String) throws(GPUMergeError) {
    let error = write(text, to: STDOUT_FILENO)
    guard let error, error != .brokenPipe else { return }
    throw GPUMergeError(.io, "cannot write to standard output: \(error)")
  }

  static func writeError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  private static func write(_ text: String, to descriptor: CInt) -> Errno? {
    var text = text
    return text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count, let base = bytes.baseAddress {
        let count = Glibc.write(descriptor, base + done, bytes.count - done)
        if count >= 0 {
          done += count
        } else if errno != EINTR {
          return Errno(rawValue: errno)
        }
      }
      return nil
    }
  }
}
