import Glibc
package import SystemPackage

/// How a recipe in an output folder calls a model's file or folder, so that the recipe works from
/// wherever it is used: absolute paths stay as they are, others become relative to that folder.
///
/// An absolute path with `..` in it was relative to a configuration that was given by an absolute path.
package struct RecipePath {
  /// The components of the output folder's path, in which there are no links.
  private let folder: [FilePath.Component]
  private let workingFolder: FilePath

  /// Prepares paths for a folder, whose parent must exist; the paths are relative to another one.
  package init(
    relativeTo folder: FilePath, workingFolder: FilePath = "."
  ) throws(GPUMergeError) {
    self.workingFolder = workingFolder
    guard let parent = Self.realPath(Folder.of(folder).path),
      let name = folder.lastComponent
    else { throw .system("cannot find out where the output is", folder) }
    self.folder = Array(parent.appending(name).components)
  }

  /// The path to write into the recipe.
  package func callAsFunction(_ path: FilePath) throws(GPUMergeError) -> FilePath {
    if path.isAbsolute, !path.components.contains(where: { $0.kind == .parentDirectory }) {
      return path
    }
    guard var absolute = Self.realPath(path.isAbsolute ? "/" : workingFolder) else {
      throw .system("cannot find out where the file is", path)
    }
    for component in path.components {
      switch component.kind {
      case .currentDirectory: break
      case .parentDirectory:
        // The folder above a link is not the one that the link is in.
        guard let real = Self.realPath(absolute) else {
          throw .system("cannot find out where the file is", path)
        }
        absolute = real.removingLastComponent()
      case .regular: absolute.append(component)
      }
    }
    let components = Array(absolute.components)
    let common = zip(folder, components).prefix { $0 == $1 }.count
    var relative = FilePath()
    for _ in common..<folder.count { relative.append("..") }
    for component in components[common...] { relative.append(component) }
    return relative
  }

  private static func realPath(_ path: FilePath) -> FilePath? {
    guard let resolved = path.withPlatformString({ realpath($0, nil) }) else { return nil }
    defer { free(resolved) }
    return FilePath(platformString: resolved)
  }
}
