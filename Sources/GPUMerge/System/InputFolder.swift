import Glibc
package import SystemPackage

/// An open folder, in which names are looked up whatever happens to its path meanwhile.
package final class InputFolder: Sendable {
  package let path: FilePath
  let descriptor: CInt

  /// Opens the folder at `path`, or returns nil if that is no folder.
  package init?(ifFolderAt path: FilePath) throws(GPUMergeError) {
    self.path = path
    do throws(Errno) {
      descriptor = try DescriptorPool.shared.open(path, options: O_DIRECTORY).take()
    } catch {
      if error == .notDirectory || error == .noSuchFileOrDirectory { return nil }
      throw openingFailure(error, path)
    }
  }

  deinit { close(descriptor) }

  /// Whether there is something of this name, even if it is a link that leads nowhere. (`fstatat`)
  package func contains(_ name: String) -> Bool {
    var status = stat()
    return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
  }

  /// The names in a folder below this one (this one itself by default), in order; empty if it cannot
  /// be read.
  ///
  /// At most `limit`, as this is for messages to people. (`readdir`)
  package func names(below path: FilePath = ".", limit: Int = 10_000) -> [String] {
    guard
      let number = try? DescriptorPool.shared.open(path, in: descriptor, options: O_DIRECTORY)
        .take()
    else { return [] }
    guard let stream = fdopendir(number) else {
      close(number)
      return []
    }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < limit, let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
