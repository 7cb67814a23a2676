/// A strict reader of JSON text (RFC 8259), one token after the other.
///
/// It accepts what the standard allows and nothing else: no duplicate keys, no lone surrogates, no
/// byte order mark. It does not recurse, it builds no tree, and every error names the byte.
package struct JSONScanner {
  /// The whole text.
  package let text: [UInt8]
  /// The index of the next byte.
  package internal(set) var position: Int
  private let fileOffset: Int
  private let depthLimit: Int
  private let errorKind: GPUMergeError.Kind
  /// What the text is, for errors.
  private let noun: String
  /// The containers that are open, outermost first.
  private(set) var containers: [Container] = []
  /// The keys of the object at each depth; emptied when it closes, and used again for the next.
  private var keySets: [JSONKeySet] = []

  struct Container {
    var isObject: Bool
    var isEmpty = true
  }

  /// Starts to read `text`, which begins at byte `fileOffset` of its file.
  ///
  /// Offsets in errors count from the start of the file. Violations of the grammar, and values that
  /// the caller did not ask for, have the kind `errorKind`; `noun` says in errors what the text is.
  package init(
    _ text: [UInt8], fileOffset: Int = 0, depthLimit: Int = Limits().depth,
    errorKind: GPUMergeError.Kind = .headerJSON, noun: String = "the text"
  ) throws(GPUMergeError) {
    self.text = text
    self.fileOffset = fileOffset
    self.depthLimit = depthLimit
    self.errorKind = errorKind
    self.noun = noun
    position = 0
    guard text.count <= UInt32.max else {
      throw GPUMergeError(
        errorKind, "\(noun) cannot be read: it has \(text.count) bytes, more than \(UInt32.max)",
        offset: fileOffset)
    }
    do {
      _ = try UTF8Span(validating: text.span)
    } catch {
      throw GPUMergeError(
        .headerUTF8, "\(noun) cannot be read: it is not valid UTF-8",
        offset: fileOffset + error.byteOffsets.lowerBound)
    }
  }

  /// Goes back to a value that was read before, outside of all containers.
  package mutating func restart(at position: Int) {
    containers.removeAll(keepingCapacity: true)
    keySets.removeAll(keepingCapacity: true)
    self.position = position
  }

  /// Reads `{`, after which `nextKey` gives the keys.
  ///
  /// `expected` says in errors what should be here.
  package mutating func beginObject(_ expected: String) throws(GPUMergeError) {
    try begin(UInt8(ascii: "{"), expected)
    if keySets.count < containers.count {
      keySets.append(
        contentsOf: repeatElement(JSONKeySet(), count: containers.count - keySets.count))
    }
  }

  /// Reads `[`; then `nextElement` tells whether there is one more element.
  package mutating func beginArray(_ expected: String) throws(GPUMergeError) {
    try begin(UInt8(ascii: "["), expected)
  }

  /// Reads the next key of the innermost object and the colon, or the `}` that closes it (nil).
  package mutating func nextKey() throws(GPUMergeError) -> JSONString? {
    guard try hasNext(closing: UInt8(ascii: "}")) else { return nil }
    let key = try string("a key in double quotes")
    guard keySets[containers.count - 1].insert(key, in: text) else {
      throw GPUMergeError(
        .duplicateKey, "this name comes twice, and which of the two counts is unknown",
        subject: key.value(in: text), offset: fileOffset + key.start - 1)
    }
    guard peek() == UInt8(ascii: ":") else { throw unexpected("a colon") }
    position += 1
    return key
  }

  /// Whether the innermost array has one more element; if not, reads the `]` that closes it.
  package mutating func nextElement() throws(GPUMergeError) -> Bool {
    try hasNext(closing: UInt8(ascii: "]"))
  }

  /// Reads a string.
  package mutating func string(_ expected: String) throws(GPUMergeError) -> JSONString {
    guard peek() == UInt8(ascii: "\"") else { throw unexpected(expected) }
    position += 1
    return try scanString()
  }

  /// Checks that only whitespace is left.
  package mutating func end() throws(GPUMergeError) {
    guard peek() == nil else { throw unexpected("the end of the text") }
  }

  /// An error about the byte at `index`, in the terms of the file.
  package func error(
    _ problem: String, _ kind: GPUMergeError.Kind? = nil, at index: Int, advice: String? = nil
  ) -> GPUMergeError {
    GPUMergeError(kind ?? errorKind, problem, offset: fileOffset + index, advice: advice)
  }

  /// An error about JSON that is none, or says something else than it should.
  func unreadable(
    _ problem: String, _ kind: GPUMergeError.Kind? = nil, at index: Int
  ) -> GPUMergeError {
    error("\(noun) cannot be read: \(problem)", kind, at: index)
  }

  /// The error that something else than `expected` is next.
  package func unexpected(_ expected: String) -> GPUMergeError {
    guard position < text.count else {
      return unreadable("expected \(expected), but the text ends", at: position)
    }
    let byte = text[position]
    let found =
      (0x21..<0x7F).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
    return unreadable("expected \(expected), found \(found)", at: position)
  }
}

extension JSONScanner {
  /// Skips whitespace and returns the byte that is next, or nil at the end.
  mutating func peek() -> UInt8? {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case let byte: return byte
      }
    }
    return nil
  }

  private mutating func begin(_ bracket: UInt8, _ expected: String) throws(GPUMergeError) {
    guard peek() == bracket else { throw unexpected(expected) }
    guard containers.count < depthLimit else {
      throw unreadable("the JSON is nested deeper than \(depthLimit) levels", at: position)
    }
    position += 1
    containers.append(Container(isObject: bracket == UInt8(ascii: "{")))
  }

  private mutating func hasNext(closing bracket: UInt8) throws(GPUMergeError) -> Bool {
    guard let container = containers.last else { return false }
    let next = peek()
    if next == bracket {
      position += 1
      if container.isObject { keySets[containers.count - 1].removeAll() }
      containers.removeLast()
      return false
    }
    if container.isEmpty {
      containers[containers.count - 1].isEmpty = false
      return true
    }
    guard next == UInt8(ascii: ",") else {
      throw unexpected("a comma or '\(Character(Unicode.Scalar(bracket)))'")
    }
    position += 1
    return true
  }
}
