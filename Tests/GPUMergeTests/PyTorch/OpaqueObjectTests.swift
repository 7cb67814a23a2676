import Foundation
import GPUMerge
import Testing

@Suite("Objects of unknown classes")
struct OpaqueObjectTests {
  private typealias P = TestPickle

  private static let storage = [UInt8](1...16)

  private static func open(
    _ object: [UInt8], allowsOpaqueObjects: Bool = true
  ) throws -> Checkpoint {
    try TorchFile.open(
      TestZip.checkpoint(P.pickle(object), storages: [("0", storage)]).bytes(),
      allowsOpaqueObjects: allowsOpaqueObjects)
  }

  /// A checkpoint with this beside the tensors.
  private static func beside(_ object: [UInt8]) -> [UInt8] {
    P.dict(
      (P.string("state_dict"), P.stateDict(P.tensor())), (P.string("more"), object))
  }

  @Test("a file with objects is refused without the option, which the message names")
  func withoutOption() throws {
    for fixture in TorchFixture.withObjects where fixture.allowsOpaqueObjects {
      var fixture = fixture
      fixture.allowsOpaqueObjects = false
      let error = #expect(throws: GPUMergeError.self) { try fixture.open() }
      #expect(error?.kind == .pickleGlobal)
      #expect(error?.problem.contains("nothing was run") == true)
      #expect(error?.advice?.contains("--allow-opaque") == true, "\(fixture)")
    }
  }

  @Test("the option lists the classes that were passed over")
  func warnings() throws {
    for name in ["detr", "detr_legacy"] {
      let fixture = TorchFixture(name: "objects/\(name)", allowsOpaqueObjects: true)
      let passedOver = try fixture.open().warnings.filter { $0.contains("unknown classes") }
      #expect(
        passedOver == [
          "passed over objects of unknown classes, of which nothing was run: "
            + "'argparse.Namespace', 'pathlib.PurePosixPath'"
        ])
    }
  }

  @Test("the option changes nothing about files without such objects")
  func harmless() throws {
    for name in ["layouts", "lightning", "legacy/python2"] {
      var fixture = TorchFixture(name: name)
      let warnings = try fixture.open().warnings
      fixture.allowsOpaqueObjects = true
      #expect(
        try fixture.open().tensors.map { try TorchFixture.Tensor(reading: $0) }
          == fixture.expected())
      #expect(try fixture.open().warnings == warnings)
    }
  }

  @Test(
    "no hostile pickle is accepted with the option either",
    arguments: HostilePickle.programs + HostilePickle.tensors + HostilePickle.roots)
  func hostile(pickle: HostilePickle) {
    #expect(throws: GPUMergeError.self) {
      try TorchFile.open(
        TestZip.checkpoint(pickle.pickle, storages: [("0", pickle.storage)]).bytes(),
        allowsOpaqueObjects: true)
    }
    #expect(!FileManager.default.fileExists(atPath: HostilePickle.markerPath))
  }

  @Test(
    "an object beside the tensors is passed over, however it was pickled",
    arguments: UnknownObject.pickled + UnknownObject.holders)
  func passedOver(unknown: UnknownObject) throws {
    let tensors = try TorchFile.readAll(Self.open(Self.beside(unknown.object)))
    #expect(tensors.map(\.bytes) == [Self.storage])
  }

  @Test(
    "nothing that unknown code makes is a tensor, or a part of one",
    arguments: UnknownObject.tensors)
  func neverTensors(unknown: UnknownObject) {
    let object = P.dict(
      (P.string("u"), P.tensor()), (P.string("v"), P.tensor()), (P.string("w"), unknown.object))
    let error = #expect(throws: GPUMergeError.self) { try Self.open(object) }
    #expect(error?.kind == unknown.kind, "\(error?.description ?? "accepted")")
  }

  @Test(
    "names that run things are refused with the option too, and the message does not offer it",
    arguments: [
      ("os", "system"), ("posix", "system"), ("nt", "system"), ("sys", "modules"),
      ("subprocess", "Popen"), ("builtins", "eval"), ("builtins", "exec"), ("builtins", "getattr"),
      ("__builtin__", "apply"), ("builtins", "__import__"), ("builtins", "open"),
      ("builtins", "print"), ("pickle", "loads"), ("importlib", "import_module"),
      ("ctypes", "CDLL"), ("runpy", "run_path"), ("shutil", "rmtree"), ("socket", "socket"),
      ("operator", "methodcaller"), ("os.path", "join"), ("torch.serialization", "os.system"),
      ("torch.hub", "load"), ("torch", "load"), ("torch.storage", "_load_from_bytes"),
      ("x", "__init__.__globals__"), ("code", "InteractiveConsole"), ("", "system"),
      ("types", "FunctionType"), ("numpy.testing._private.utils", "runstring"),
    ])
  func dangerous(module: String, name: String) {
    for allows in [true, false] {
      let error = #expect(throws: GPUMergeError.self) {
        try Self.open(
          Self.beside(P.call(module, name, P.string("touch \(HostilePickle.markerPath)"))),
          allowsOpaqueObjects: allows)
      }
      #expect(error?.kind == .pickleGlobal)
      #expect(error?.problem.contains("'\(module).\(name)'") == true)
      #expect(error?.problem.contains("nothing was run") == true)
      #expect(error?.advice?.contains("--allow-opaque") == false)
    }
    #expect(!FileManager.default.fileExists(atPath: HostilePickle.markerPath))
  }

  @Test("the option is not offered for what is all of the file, or a part of a tensor")
  func notOffered() {
    let made = UnknownObject.made
    for object in [made, P.stateDict(P.tensor(hooks: made))] {
      let error = #expect(throws: GPUMergeError.self) {
        try Self.open(object, allowsOpaqueObjects: false)
      }
      #expect(error?.kind == .pickleGlobal)
      #expect(error?.advice?.contains("--allow-opaque") == false)
    }
  }

  @Test("an object where the tensors should be is named")
  func named() {
    let made = UnknownObject.made
    for (object, part) in [
      (made, "the file holds an object of 'training.Thing'"),
      (P.dict((P.string("model"), made)), "'model' holds an object of 'training.Thing'"),
    ] {
      let error = #expect(throws: GPUMergeError.self) { try Self.open(object) }
      #expect(error?.kind == .notACheckpoint)
      #expect(error?.problem.hasPrefix(part) == true, "\(error?.description ?? "")")
      #expect(error?.advice?.contains("model.state_dict()") == true)
    }
  }
}
