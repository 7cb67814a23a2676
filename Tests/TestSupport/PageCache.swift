import Foundation
package import GPUMerge
import SystemPackage

/// What the system keeps of files in memory.
package enum PageCache {
  /// How much of a file is there, in whole pages.
  package static func byteCount(of path: String) throws(GPUMergeError) -> Int {
    let file = try InputFile(opening: FilePath(path))
    return file.cachedByteCount(of: 0..<file.byteCount) ?? .max
  }

  /// Makes the system forget what it has of a file.
  package static func evict(_ path: String) throws {
    let handle = try FileHandle(forUpdating: URL(filePath: path))
    try handle.synchronize()
    try handle.close()
    try InputFile(opening: FilePath(path)).leavePageCache()
  }

  /// Whether the file system of temporary files does forget.
  package static let forgets: Bool = {
    guard let scratch = try? Scratch() else { return false }
    let path = scratch.url("file").path
    guard (try? scratch.write(Data(count: 1 << 20), to: "file")) != nil, (try? evict(path)) != nil
    else { return false }
    return (try? byteCount(of: path)) == 0
  }()
}
