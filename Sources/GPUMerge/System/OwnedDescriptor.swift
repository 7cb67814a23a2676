import Glibc
import SystemPackage

/// A descriptor that is closed with its owner.
struct OwnedDescriptor: ~Copyable, Sendable {
  let number: CInt

  /// Opens what is at `path` for reading; a pipe does not block.
  ///
  /// A relative path is looked up in the folder that `folder` is a descriptor of. (`openat`)
  init(
    opening path: FilePath, in folder: CInt = AT_FDCWD, options: CInt = 0
  ) throws(Errno) {
    let number = path.withPlatformString {
      openat(folder, $0, O_RDONLY | O_CLOEXEC | O_NONBLOCK | options)
    }
    guard number >= 0 else { throw Errno(rawValue: Glibc.errno) }
    self.number = number
  }

  deinit { close(number) }

  /// Gives up the descriptor, which the caller closes.
  consuming func take() -> CInt {
    let number = number
    discard self
    return number
  }
}
