@testable import GPUMerge
import SystemPackage

extension FuzzTarget {
  /// A pattern, a line's end, and a name.
  static let glob = FuzzTarget("glob") { bytes in
    let lines = bytes.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
    guard lines.count == 2, let pattern = String(validating: lines[0], as: UTF8.self),
      let name = TensorName(validating: lines[1])
    else { return }
    let glob = NameGlob(pattern)
    let isMatch = NaiveGlob(pattern).matches(name.description)
    require(glob.matches(name) == isMatch, "'\(pattern)' and '\(name)' should be: \(isMatch)")
    let exact = NameGlob(NameGlob.escaping(name))
    require(exact.matches(name), "'\(name)' does not match itself")
    require(
      exact.matches(TensorName(pattern)) == (name == TensorName(pattern)),
      "more than '\(name)' matches itself")
    require(glob.nearestNames(in: [name, "a.b"]).count <= 2, "names came from nowhere")
  }

  /// A model of the Hugging Face Hub.
  static let hub = FuzzTarget("hub") { bytes in
    guard let text = String(validating: bytes, as: UTF8.self),
      let reference = HubReference(parsing: text)
    else { return }
    require(HubReference(parsing: reference.description) == reference, "it reads differently")
    let path = reference.repository + "/" + reference.revision
    let components = path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
    require(components.count >= 3, "the name has not two parts")
    for component in components {
      let isName = !["", ".", ".."].contains { component.elementsEqual($0.utf8) }
      require(isName, "'\(path)' leads out of the cache")
      require(!component.contains { $0 <= 0x20 }, "control characters are in it")
    }
    let cache = HubCache("/proc/self/fdinfo")  // Has no folders.
    require((try? cache.snapshot(of: reference)) == nil, "there is a model")
  }
}
