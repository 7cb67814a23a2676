import GPUMerge
import Glibc
import SystemPackage
import Testing

@Suite("the cache of kernels and drivers")
struct DeviceCacheTests {
  private let folder: TestFolder
  private var cache: DeviceCache { DeviceCache(folder: folder.path.appending("cache")) }
  private let name = DeviceCache.name(.kernel, of: ["a", "b"])
  private let content = [UInt8](0...255)

  init() throws { folder = try TestFolder() }

  private func path(_ name: String) -> String { folder.path.appending("cache/" + name).string }

  @Test(
    "it is where the environment says",
    arguments: [
      (["GPUMERGE_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"], "/a"),
      (["GPUMERGE_CACHE": "a"], "a"),
      (["GPUMERGE_CACHE": "", "XDG_CACHE_HOME": "/b", "HOME": "/c"], nil),
      (["XDG_CACHE_HOME": "/b", "HOME": "/c"], "/b/gpumerge"),
      (["XDG_CACHE_HOME": "b", "HOME": "/c"], "/c/.cache/gpumerge"),
      (["XDG_CACHE_HOME": "", "HOME": "/c"], "/c/.cache/gpumerge"),
      (["XDG_CACHE_HOME": "b", "HOME": "c"], nil), ([:], nil),
    ] as [([String: String], String?)])
  func location(environment: [String: String], folder: String?) {
    #expect(DeviceCache(environment: { environment[$0] })?.folder.string == folder)
  }

  @Test("an entry is taken once, and whole, and may be kept again")
  func once() throws {
    #expect(cache.take(name) == nil)
    for isNew in [true, false] {
      cache.keep(content, as: name, isNew: isNew)
      #expect(cache.take(name) == content)
      #expect(cache.take(name) == nil)
    }
    cache.keep([], as: name, isNew: true)
    #expect(cache.take(name) == [])
    #expect(Folder(cache.folder).entries() == [])
  }

  @Test("names tell lists of texts apart that read the same")
  func names() {
    #expect(name != DeviceCache.name(.kernel, of: ["ab"]))
    #expect(name != DeviceCache.name(.kernel, of: ["a", "b", ""]))
    #expect(name != DeviceCache.name(.drivers, of: ["a", "b"]))
    #expect(name == DeviceCache.name(.kernel, of: ["a", "b"]))
  }

  @Test("folder and files are for this user alone")
  func modes() throws {
    cache.keep(content, as: name, isNew: true)
    #expect(try #require(Folder.status(cache.folder)).st_mode & 0o777 == 0o700)
    #expect(try #require(Folder.status(FilePath(path(name)))).st_mode & 0o777 == 0o600)
  }

  /// What may have happened to the file of an entry.
  private static let harms: [(String, @Sendable (String) -> Void)] = [
    ("a byte of the content differs", { overwrite($0, with: [0xAB], at: -1) }),
    ("a byte of the header differs", { overwrite($0, with: [0xAB], at: 0) }),
    ("it is shorter", { truncate($0, 200) }),
    ("it is shorter than its header", { truncate($0, 20) }),
    ("it is empty", { truncate($0, 0) }),
    ("it is longer", { truncate($0, 1000) }),
    ("it is huge", { truncate($0, 1 << 40) }),
    ("its group may write to it", { chmod($0, 0o620) }),
    ("everyone may write to it", { chmod($0, 0o602) }),
    (
      "it is a link to a good one",
      {
        rename($0, $0 + "x"); symlink($0 + "x", $0)
      }
    ),
    (
      "it is a link that leads nowhere",
      {
        unlink($0); symlink("nowhere", $0)
      }
    ),
    (
      "it is a pipe",
      {
        unlink($0); mkfifo($0, 0o600)
      }
    ),
  ]

  private static func overwrite(_ path: String, with bytes: [UInt8], at offset: Int) {
    let file = open(path, O_RDWR)
    defer { close(file) }
    pwrite(file, bytes, bytes.count, offset < 0 ? lseek(file, off_t(offset), SEEK_END) : offset)
  }

  @Test("a file that is not as it was written is as good as none, and replaced", arguments: harms)
  func harmed(harm: String, inflict: @Sendable (String) -> Void) {
    cache.keep(content, as: name, isNew: true)
    inflict(path(name))
    #expect(cache.take(name) == nil)
    cache.keep(content, as: name, isNew: true)
    #expect(cache.take(name) == content)
  }

  @Test("another entry under this name is as good as none")
  func otherEntry() {
    let other = DeviceCache.name(.kernel, of: ["c"])
    cache.keep(content, as: other, isNew: true)
    rename(path(other), path(name))
    #expect(cache.take(name) == nil)
  }

  @Test("a folder where the file should be is left alone")
  func folderInstead() {
    cache.keep(content, as: name, isNew: true)
    unlink(path(name))
    mkdir(path(name), 0o700)
    #expect(cache.take(name) == nil)
    cache.keep(content, as: name, isNew: true)
    #expect(cache.take(name) == nil)
    #expect(Folder(cache.folder).entries() == [name])
  }

  @Test("a folder in which others may write is not used", arguments: [0o720, 0o702] as [mode_t])
  func openFolder(mode: mode_t) {
    cache.keep(content, as: name, isNew: true)
    chmod(cache.folder.string, mode)
    #expect(cache.take(name) == nil)
    cache.keep(content, as: name + "x", isNew: true)
    #expect(Folder(cache.folder).entries() == [name])
  }

  @Test("where no folder can be made, nothing is kept, and nothing fails")
  func noFolder() throws {
    try folder.write([], to: "file")
    for path in [folder.path.appending("file"), folder.path.appending("file/a"), "/proc/a"] {
      let cache = DeviceCache(folder: path)
      cache.keep(content, as: name, isNew: true)
      #expect(cache.take(name) == nil)
    }
    let deep = DeviceCache(folder: folder.path.appending("a/b/c"))
    deep.keep(content, as: name, isNew: true)
    #expect(deep.take(name) == content)
  }

  @Test("above 64 MiB the oldest entries go, and what else is in the folder stays")
  func bound() throws {
    let large = [UInt8](repeating: 1, count: 15 << 20)
    let names = (0..<5).map { DeviceCache.name(.kernel, of: ["\($0)"]) }
    cache.keep(content, as: name, isNew: true)
    try folder.write(large, to: "cache/notes")
    for name in names {
      usleep(20_000)
      cache.keep(large, as: name, isNew: true)
    }
    #expect(Folder(cache.folder).entries().sorted() == (names.dropFirst() + ["notes"]).sorted())
    cache.keep([UInt8](repeating: 1, count: 16 << 20), as: name, isNew: true)
    #expect(cache.take(name) == nil, "one that is too large is not kept")
  }

  @Test("many threads may keep and take the same entry")
  func concurrent() {
    let cache = cache
    let name = name
    let content = content
    Threads.concurrently(count: 4) { _ in
      for _ in 0..<100 {
        cache.keep(content, as: name, isNew: true)
        if let taken = cache.take(name) { #expect(taken == content) }
      }
    }
    #expect(Folder(cache.folder).entries().count <= 1)
  }
}
