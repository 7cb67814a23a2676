import CLinux
import Glibc
import SystemPackage

/// The moment in which a finished output takes its name, and what has to be done if the process ends
/// around it.
struct Publication {
  let name: OutputName

  init(_ name: OutputName) { self.name = name }

  private var work: Folder { name.workFolder }
  private var payload: Folder { Folder(work.path.appending("payload")) }
  /// Where the old folder goes on file systems that cannot let two folders change places.
  private var replaced: Folder { Folder(work.path.appending("replaced")) }
  private var journalPath: FilePath { work.path.appending(Journal.fileName) }
  private var file: FilePath {
    payload.path.appending(name.path.lastComponent?.string ?? "output")
  }

  /// Renames the finished output.
  func publish(replacing: Bool, journal: Journal) throws(GPUMergeError) {
    if !name.isFolder {
      try rename(file, to: name.path, replacing: replacing)
    } else if replacing, !Folder(name.path).entries().isEmpty {
      try journal.appendPublication(inode: payload.identity?.inode ?? 0)
      try exchange()
    } else {
      try rename(payload.path, to: name.path, replacing: replacing)
    }
    try name.parent.sync()
  }

  /// Removes what is left of a publication that happened, and finishes one that was cut off in the
  /// middle.
  func cleanUp() {
    guard work.identity != nil else { return }
    let inode = Journal.read(journalPath).publishedInode
    if inode != nil, replaced.identity != nil, Folder(name.path).identity == nil {
      _ = move(payload.path, name.path)
      try? name.parent.sync()
    }
    let isPublished = inode != nil && Folder(name.path).identity?.inode == inode
    guard isPublished || payload.entries().isEmpty else { return }
    payload.removeModel(and: name.path.lastComponent?.string)
    replaced.removeModel()
    work.remove(files: Journal.fileNames)
  }

  private func exchange() throws(GPUMergeError) {
    let status = payload.path.withPlatformString { one in
      name.path.withPlatformString { clinux_rename_exchange(one, $0) }
    }
    if status == 0 { return }
    guard errno == EINVAL || errno == ENOSYS else {
      throw .system("cannot give the output its name", name.path)
    }
    // Between these two, the name is free; `cleanUp` goes on if the process ends there.
    guard move(name.path, replaced.path), move(payload.path, name.path) else {
      throw .system("cannot give the output its name", name.path)
    }
  }

  private func rename(
    _ from: FilePath, to: FilePath, replacing: Bool
  ) throws(GPUMergeError) {
    let isDone =
      replacing
      ? move(from, to)
      : from.withPlatformString { from in
        to.withPlatformString { clinux_rename_noreplace(from, $0) == 0 }
      }
    guard isDone else { throw .system("cannot give the output its name", to) }
  }

  private func move(_ from: FilePath, _ to: FilePath) -> Bool {
    from.withPlatformString { from in to.withPlatformString { Glibc.rename(from, $0) == 0 } }
  }
}
