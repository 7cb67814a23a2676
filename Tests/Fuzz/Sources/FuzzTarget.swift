import GPUMerge
import Glibc

/// A parser, and what must be true of whatever it accepts.
struct FuzzTarget: Sendable {
  let name: String
  /// Parses an input.
  ///
  /// A `GPUMergeError` refuses it; anything else that goes wrong ends the process.
  let parse: @Sendable ([UInt8]) throws -> Void

  init(_ name: String, _ parse: @escaping @Sendable ([UInt8]) throws -> Void) {
    self.name = name
    self.parse = parse
  }

  /// All of them.
  static let all = [
    safetensors, json, configDType, zip, torchZip, torchLegacy, pickle, inflate, anyFile, folder,
    configuration, journal, glob, hub,
  ]

  /// The one that this process runs.
  nonisolated(unsafe) static var chosen: FuzzTarget?

  /// Runs the chosen one.
  static func run(_ input: UnsafeBufferPointer<UInt8>) -> CInt {
    do {
      try chosen?.parse(Array(input))
    } catch let error as GPUMergeError {
      // Messages are made from what the file says, so they are part of what is tested.
      require(!error.description.isEmpty, "an error says nothing")
      require(error.kind != .internal, "\(error)")
    } catch {
      require(false, "not a GPUMergeError: \(error)")
    }
    return 0
  }
}

/// Ends the process, which libFuzzer takes for a find, unless the condition holds.
func require(_ condition: Bool, _ problem: @autoclosure () -> String) {
  guard !condition else { return }
  let text = "BROKEN RULE: \(problem())\n"
  _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  abort()
}
