import GPUMerge
import Testing

@Suite("Names that are tied to one tensor")
struct TieTests {
  private let embedding = "model.embed_tokens.weight"
  private let head = "lm_head.weight"
  private let norm = "model.norm.weight"

  private func tied(_ label: String) -> LoadedModel {
    PlanFixture.model(label, [embedding: 0, norm: 1, head: 0])
  }

  private func untied(_ label: String) -> LoadedModel {
    PlanFixture.model(label, [embedding: 0, norm: 1, head: 2])
  }

  private func headless(
    _ label: String, metadata: [(key: String, value: String)] = [],
    tiesWordEmbeddings: Bool? = nil
  ) -> LoadedModel {
    PlanFixture.model(
      label, [embedding: 0, norm: 1], metadata: metadata, tiesWordEmbeddings: tiesWordEmbeddings)
  }

  /// As save_model of the safetensors library writes them.
  private func aliased(_ label: String) -> LoadedModel {
    headless(label, metadata: [("format", "pt"), (head, embedding)])
  }

  /// Steps, ties and whether there is a warning.
  private func outcome(
    _ models: [LoadedModel], tied: Bool = false
  ) throws(GPUMergeError) -> String {
    let plan = try PlanFixture.plan(models) { $0.tiesAsBase = tied }
    let steps = plan.steps.map {
      $0.output.name.description.split(separator: ".")[0] == "model"
        ? ($0.output.name.description.contains("norm") ? "norm" : "embed") : "head"
    }
    let ties = plan.ties.map { "head=\($0.step)@\($0.after)" }
    return (steps + ties + (plan.warnings.isEmpty ? [] : ["!"])).joined(separator: " ")
  }

  /// What a step merges, which a head must do.
  private func inputs(of step: Step) throws -> (models: [TensorInfo], base: TensorInfo?) {
    var inputs: (models: [TensorInfo], base: TensorInfo?)?
    if case .merge(_, let models, let base) = step.action { inputs = (models, base) }
    return try #require(inputs, "the head is not merged")
  }

  @Test("stay tied when they are in all models, in the first model's order")
  func everywhere() throws {
    #expect(try outcome([tied("a"), tied("b")]) == "embed norm head=0@1")
    #expect(try outcome([aliased("a"), aliased("b")]) == "embed norm head=0@1")
    #expect(try outcome([tied("a"), aliased("b")]) == "embed norm head=0@1")
    #expect(try outcome([aliased("a"), tied("b")]) == "embed norm head=0@1")
    #expect(try outcome([untied("a"), untied("b")]) == "embed norm head")
    #expect(try outcome([headless("a"), headless("b")]) == "embed norm")
  }

  @Test("are separate tensors, with a warning, when one model has them so")
  func separate() throws {
    #expect(try outcome([tied("a"), untied("b")]) == "embed norm head !")
    #expect(try outcome([aliased("a"), untied("b"), tied("c")]) == "embed norm head !")
    // Nothing changes for the first model here, and the second says what its head is.
    #expect(try outcome([untied("a"), tied("b")]) == "embed norm head")
    let plan = try PlanFixture.plan([tied("a"), untied("b")])
    #expect(plan.warnings[0].contains("'lm_head.weight': tied to 'model.embed_tokens.weight' in a"))
    #expect(plan.warnings[0].contains("not in b"))
    let inputs = try inputs(of: plan.steps[2])
    #expect(
      inputs.models.map(\.layout) == [.contiguous(byteOffset: 0), .contiguous(byteOffset: 64)])
  }

  @Test("stay tied with --tied, and what is ignored for it is told")
  func asBase() throws {
    #expect(try outcome([tied("a"), untied("b")], tied: true) == "embed norm head=0@1")
    let plan = try PlanFixture.plan([tied("a"), untied("b")]) { $0.tiesAsBase = true }
    let fate = plan.fates.of(TensorName(head))
    #expect(fate?.kind == .tied)
    #expect(fate?.tiedTo == TensorName(embedding))
    #expect(fate?.reason?.hasSuffix("that of its own in b is ignored") == true)
  }

  @Test("may be missing where the first model ties them, with a warning")
  func missingTie() throws {
    #expect(try outcome([tied("a"), headless("b")]) == "embed norm head=0@1 !")
    #expect(try outcome([tied("a"), headless("b")], tied: true) == "embed norm head=0@1")
    #expect(try outcome([tied("a"), headless("b"), untied("c")]) == "embed norm head !")
  }

  @Test("are left out where the first model has the tensor under the other name only")
  func extraTie() throws {
    #expect(try outcome([headless("a"), tied("b")]) == "embed norm !")
    let plan = try PlanFixture.plan([headless("a"), tied("b")])
    #expect(plan.fates.of(TensorName(head))?.kind == .ignored)
  }

  @Test("that a model lacks are explained, and stand for their partners with --tied")
  func absent() throws {
    for models in [[untied("a"), headless("b")], [headless("a"), untied("b")]] {
      let error = #expect(throws: GPUMergeError.self) { try outcome(models) }
      #expect(error?.kind == .keyMismatch)
      let advice = error?.advice ?? ""
      #expect(advice.contains("'lm_head.weight' is probably tied to 'model.embed_tokens.weight'"))
      #expect(advice.contains("--tied"))
    }
    #expect(try outcome([untied("a"), headless("b")], tied: true) == "embed norm head")
    #expect(try outcome([headless("a"), untied("b")], tied: true) == "embed norm")
    let plan = try PlanFixture.plan([untied("a"), headless("b")]) { $0.tiesAsBase = true }
    #expect(
      plan.fates.of(TensorName(head))?.reason
        == "it stands for 'model.embed_tokens.weight' in b")
  }

  @Test("that the configuration ties need no option")
  func configuration() throws {
    let model = headless("b", tiesWordEmbeddings: true)
    #expect(try outcome([untied("a"), model]) == "embed norm head !")
    // Where both say so, a head that is stored all the same is never looked at.
    let redundant = PlanFixture.model(
      "c", [embedding: 0, norm: 1, head: 2], tiesWordEmbeddings: true)
    #expect(try outcome([model, redundant]) == "embed norm !")
    let plan = try PlanFixture.plan([model, redundant])
    #expect(
      plan.warnings == ["'lm_head.weight': left out: b ties it to 'model.embed_tokens.weight'"])
  }

  @Test("in the first model's configuration alone are separate tensors, with a warning")
  func configurationOfFirst() throws {
    let model = headless("b", tiesWordEmbeddings: true)
    #expect(try outcome([model, untied("a")]) == "embed norm head !")
    #expect(try outcome([model, untied("a")], tied: true) == "embed norm")
    let plan = try PlanFixture.plan([model, untied("a")])
    #expect(plan.warnings[0].contains("'lm_head.weight': tied to 'model.embed_tokens.weight' in b"))
    #expect(plan.warnings[0].contains("not in a"))
    #expect(plan.fates.of(TensorName(head))?.modelCount == 2)
    let inputs = try inputs(of: plan.steps[2])
    #expect(
      inputs.models.map(\.layout) == [.contiguous(byteOffset: 0), .contiguous(byteOffset: 64)])
  }

  @Test("in the base's configuration alone give the base's embedding to DARE")
  func configurationOfBase() throws {
    let base = headless("base", tiesWordEmbeddings: true)
    let plan = try Planner(
      models: [untied("a"), untied("b")], base: base, algorithm: DareSimpleAverage(), dtype: nil
    ).plan()
    let step = try #require(plan.steps.first { $0.output.name == TensorName(head) })
    #expect(try inputs(of: step).base?.layout == .contiguous(byteOffset: 0))
  }

  @Test("find their partners in what other models tie, whatever the names are")
  func otherModels() throws {
    let odd = PlanFixture.model("c", ["in": 0, "out": 0])
    let models = [
      PlanFixture.model("a", ["in": 0, "out": 1]), PlanFixture.model("b", ["in": 0]), odd,
    ]
    let plan = try PlanFixture.plan(models) { $0.tiesAsBase = true }
    #expect(plan.steps.count == 2)
    let error = #expect(throws: GPUMergeError.self) { try PlanFixture.plan(Array(models[..<2])) }
    #expect(error?.advice?.contains("--missing") == true)
  }

  @Test("are classes: names that are one tensor in every model stay one")
  func classes() throws {
    let plan = try PlanFixture.plan([
      PlanFixture.model("a", ["x": 0, "y": 0, "z": 0]),
      PlanFixture.model("b", ["x": 0, "y": 1, "z": 1]),
    ])
    #expect(plan.steps.map(\.output.name) == ["x", "y"])
    #expect(plan.ties == [TiedTensor(name: "z", step: 1, after: 1)])
  }

  @Test("that are kept stay tied; treated differently they come apart, unless --tied")
  func kept() throws {
    let models = [tied("a"), untied("b")]
    var plan = try PlanFixture.plan(models) { $0.keep = [embedding, head] }
    #expect(plan.ties.count == 1)
    #expect(plan.warnings.isEmpty)
    plan = try PlanFixture.plan(models) { $0.keep = [head] }
    #expect(plan.ties.isEmpty)
    #expect(plan.fates.of(TensorName(head))?.kind == .copied)
    plan = try PlanFixture.plan(models) {
      $0.keep = [head]
      $0.tiesAsBase = true
    }
    #expect(plan.fates.of(TensorName(embedding))?.kind == .merged)
    #expect(plan.ties.count == 1)
  }

  @Test("are not guessed from empty tensors or from metadata that says something else")
  func coincidences() throws {
    let storage = TensorStorage(byteCount: 0) { _ in }
    func empty(_ label: String) -> LoadedModel {
      LoadedModel(
        label: label,
        tensors: ["x", "y"].map {
          TensorInfo(
            name: $0, dtype: .float32, shape: [0], source: storage,
            layout: .contiguous(byteOffset: 0))
        }, metadata: [("format", "x"), ("note", "none"), ("x", "y")])
    }
    let plan = try PlanFixture.plan([empty("a"), empty("b")])
    #expect(plan.steps.count == 2)
    #expect(plan.ties.isEmpty)
  }

  @Test("share their memory in a state dict, at their places")
  func stateDict() async throws {
    func model(_ value: Float) throws -> StateDict {
      let shared = try Tensor([value, value])
      return [
        "embed": shared, "norm": try Tensor([value]), "head": shared, "end": try Tensor([value]),
      ]
    }
    let (merged, report) = try await PlanFixture.merge([model(1), model(2)])
    #expect(merged.names == ["embed", "norm", "head", "end"])
    #expect(merged.floats("head") == [1.5, 1.5])
    let (embed, head) = (try #require(merged["embed"]), try #require(merged["head"]))
    #expect(embed.storage === head.storage && embed.byteOffset == head.byteOffset)
    #expect(report.tensorCount == 3)
    #expect(report.tensors.map(\.name) == merged.names)
  }

  @Test("of one of several output files refer to its own tensors")
  func restricted() {
    let ties = [
      TiedTensor(name: "p", step: 0, after: 3), TiedTensor(name: "q", step: 2, after: 2),
      TiedTensor(name: "r", step: 4, after: 5),
    ]
    #expect(
      ties.restricted(to: [0, 2, 5]) == [
        TiedTensor(name: "p", step: 0, after: 1), TiedTensor(name: "q", step: 1, after: 1),
      ])
    #expect(ties.restricted(to: [4, 5]) == [TiedTensor(name: "r", step: 0, after: 1)])
  }
}
