import Foundation
import GPUMerge
import TestSupport

/// A way to make an error: a run of the program, or a use of the library where no program can be made
/// to fail at will.
struct ErrorExample: Sendable {
  /// What came of it.
  struct Outcome: Sendable {
    /// The message as the program prints it.
    var message: String
    /// The exit code, if the program was run.
    var status: CInt?
    /// The kind, if the library was used.
    var kind: GPUMergeError.Kind?
  }

  /// The kind that the table says which the example is from, if it is from one.
  let kind: GPUMergeError.Kind?
  private let make: @Sendable () async throws -> Outcome

  private init(
    kind: GPUMergeError.Kind? = nil, _ make: @escaping @Sendable () async throws -> Outcome
  ) {
    self.kind = kind
    self.make = make
  }

  func outcome() async throws -> Outcome { try await make() }

  /// A run of the program in a folder that `prepare` fills, on the CPU unless `arguments` say where.
  static func program(
    _ arguments: [String], environment: [String] = [], by wrapper: [String] = [],
    kind: GPUMergeError.Kind? = nil, _ prepare: @escaping @Sendable (Scratch) throws -> Void
  ) -> ErrorExample {
    ErrorExample(kind: kind) {
      let scratch = try Scratch()
      try prepare(scratch)
      let device = arguments.contains("--device") ? [] : ["--device", "cpu"]
      let result = try Tool.run(
        device + arguments, in: scratch, environment: environment, by: wrapper)
      return Outcome(message: result.error, status: result.status)
    }
  }

  /// A run of the program on a folder with the models `a.safetensors` and `b.safetensors`.
  static func merge(
    _ arguments: String..., prepare: @escaping @Sendable (Scratch) throws -> Void = { _ in }
  ) -> ErrorExample {
    .program(arguments) { scratch in
      try scratch.writeModel("a.safetensors", ["w": [1, 2, 3]])
      try scratch.writeModel("b.safetensors", ["w": [3, 4, 8]])
      try prepare(scratch)
    }
  }

  /// A run of the program on one file.
  static func file(
    _ name: String, _ bytes: [UInt8], kind: GPUMergeError.Kind? = nil
  ) -> ErrorExample {
    .program([name], kind: kind) { try $0.write(Data(bytes), to: name) }
  }

  /// A row of one of the tables of hostile files.
  static func safetensors(_ table: [HostileFile], _ lie: String) -> ErrorExample {
    guard let file = table.first(where: { $0.lie == lie }) else { return unknown(lie) }
    return .file("model.safetensors", file.bytes, kind: file.kind)
  }

  static func zip(_ name: String) -> ErrorExample {
    guard let file = HostileZip.all.first(where: { $0.name == name }) else { return unknown(name) }
    return .file("model.pt", file.bytes, kind: file.kind)
  }

  static func pickle(_ name: String) -> ErrorExample {
    guard let file = HostilePickle.all.first(where: { $0.name == name }) else {
      return unknown(name)
    }
    return .file("model.pt", file.bytes(), kind: file.kind)
  }

  /// A file that people pass by mistake.
  static func foreign(_ file: String, _ name: String) -> ErrorExample {
    guard let foreign = FormatSnifferTests.foreign.first(where: { $0.name == name }) else {
      return unknown(name)
    }
    return .file(file, foreign.bytes, kind: foreign.kind)
  }

  /// A file that PyTorch wrote.
  static func fixture(_ name: String, _ arguments: String...) -> ErrorExample {
    .program(["model.pt"] + arguments) { scratch in
      try FileManager.default.copyItem(
        at: TorchFixture.folder.appending(path: name), to: scratch.url("model.pt"))
    }
  }

  static func folder(_ table: [HostileFolder], _ lie: String) -> ErrorExample {
    guard let folder = table.first(where: { $0.lie == lie }) else { return unknown(lie) }
    return .program(["model"], kind: folder.kind) { scratch in
      let model = try TestFolder(at: scratch.url("model"), isPart: true)
      try model.writeSharded()
      try folder.make(model)
    }
  }

  /// A use of the library; `body` may name a folder that messages are relative to.
  ///
  /// The number of this process is replaced, as it is another each time.
  static func library(
    _ body: @escaping @Sendable (inout String) async throws -> Void
  ) -> ErrorExample {
    ErrorExample {
      var folder = ""
      do {
        try await body(&folder)
        return Outcome(message: "no error")
      } catch let error as GPUMergeError {
        let message = "error: \(error)\n"
          .replacing("process \(ProcessInfo.processInfo.processIdentifier) ", with: "process 4711 ")
        return Outcome(
          message: folder.isEmpty ? message : message.replacing("\(folder)/", with: ""),
          kind: error.kind)
      }
    }
  }

  private static func unknown(_ name: String) -> ErrorExample {
    ErrorExample { Outcome(message: "there is no case '\(name)'") }
  }
}
