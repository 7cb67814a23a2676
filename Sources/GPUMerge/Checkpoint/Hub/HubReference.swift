/// A model on the Hugging Face Hub, such as `org/name@revision`.
///
/// It is never downloaded: it must be in the Hub's cache on this machine.
public struct HubReference: Sendable, Hashable {
  /// The repository, `org/name`.
  public var repository: String
  /// A branch, a tag, `refs/pr/1`, or a whole commit.
  public var revision: String

  /// Creates a reference from its text, `org/name` or `org/name@revision`; nil if it is not that.
  public init?(parsing text: String) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
    guard names.count == 2, names.allSatisfy(Self.isName), parts[0].utf8.count <= 96 else {
      return nil
    }
    repository = String(parts[0])
    revision = parts.count == 2 ? String(parts[1]) : "main"
    guard Self.isRevision(revision) else { return nil }
  }

  /// Whether the revision is a commit, which never changes.
  package var isCommit: Bool { Self.isCommit(revision) }

  package static func isCommit(_ text: String) -> Bool {
    text.utf8.count == 40
      && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
  }

  /// The rules of the Hub: letters, digits, `-`, `_` and `.`, but not `-` and `.` at an end or twice.
  private static func isName(_ name: Substring) -> Bool {
    guard let first = name.utf8.first, let last = name.utf8.last else { return false }
    let marks = Array("-.".utf8)
    return name.utf8.allSatisfy(isNameCharacter) && !marks.contains(first) && !marks.contains(last)
      && !name.contains("--") && !name.contains("..") && !name.hasSuffix(".git")
  }

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }

  /// Whether it can be a path below `refs`, which must not lead out of there.
  private static func isRevision(_ text: String) -> Bool {
    text.utf8.count <= 255
      && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
      // By bytes: to `String`, a slash in front of an accent is no slash.
      && text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        .allSatisfy { part in !["", ".", ".."].contains { part.elementsEqual($0.utf8) } }
  }
}

extension HubReference: CustomStringConvertible {
  /// The reference as text, `org/name@revision`, or `org/name` for the main branch.
  public var description: String {
    revision == "main" ? repository : "\(repository)@\(revision)"
  }
}
