import GPUMerge
import TestSupport

extension ErrorPage {
  static let models = ErrorSection(
    "Models that do not fit together",
    """
    A merge needs the same tensors with the same shapes from all models. What is to be done where they
    differ is up to you: see [Models that differ](../README.md#models-that-differ). `--dry-run` tells what
    would become of every tensor, without reading any weights.
    """,
    [
      ErrorRow(
        .keyMismatch, "A model lacks tensors that another has, or is of another kind.",
        todo: """
          Check that the models have one architecture. If they do, say what to do about the tensors that
          not all have.
          """,
        .merge("a.safetensors", "c.safetensors") {
          try $0.writeModel("c.safetensors", ["w": [1, 2, 3], "head": [1]])
        },
        .merge("a.safetensors", "c.safetensors") {
          try $0.writeModel("c.safetensors", ["module.w": [1, 2, 3]])
        }),
      ErrorRow(
        .shapeMismatch, "A tensor has another shape in one model than in another.",
        todo: """
          Often a vocabulary was extended in one of them: then merge the layers alone, or copy these
          tensors from one model.
          """,
        .merge("a.safetensors", "c.safetensors") {
          try $0.writeModel("c.safetensors", ["w": [1, 2]])
        }),
      ErrorRow(
        .dtypeMismatch,
        "A tensor holds integers in one model and fractions in another, or quantized weights.",
        todo: """
          Dequantize models before merging them: numbers that stand for others through a scale have no
          average. float32, float16, bfloat16 and the like may be mixed.
          """,
        .library { _ in
          _ = try await PlanFixture.merge([
            ["w": PlanFixture.vector(1)], ["w": try Tensor([Int64(1)])],
          ])
        },
        .library { _ in
          let model: StateDict = [
            "l.weight": try Tensor([UInt8](repeating: 1, count: 4)),
            "l.weight.absmax": try PlanFixture.vector(1),
          ]
          _ = try await PlanFixture.merge([model, model])
        }),
      ErrorRow(
        .valueMismatch,
        """
        Integers differ between the models, which have no average; or the result is not a number, which
        `--nan error` asks to refuse.
        """,
        todo: "Take the first model's with `--integers first`, or find out where NaN comes from.",
        .merge("c.safetensors", "d.safetensors") {
          try $0.writeModel("c.safetensors", integers: [1, 2])
          try $0.writeModel("d.safetensors", integers: [1, 3])
        },
        .merge("a.safetensors", "c.safetensors", "--nan", "error") {
          try $0.writeModel("c.safetensors", ["w": [1, .nan, 3]])
        }),
    ])

  static let request = ErrorSection(
    "The command and the configuration",
    "Wrong requests are found before any file is opened, or before anything is written.",
    [
      ErrorRow(
        .usage, "The command line asks for something that cannot be done.",
        todo: "`gpumerge --help` lists all options.",
        .merge(), .merge("--wieghts", "1,2", "a.safetensors", "b.safetensors"),
        .merge("--weights", "1,2,3", "a.safetensors", "b.safetensors"),
        .merge("a.safetensors", "b.safetensors", "--weights", "0.7", "0.3"),
        .merge("--method", "slerp", "a.safetensors", "b.safetensors"),
        .merge("--method", "dare_simple_average", "a.safetensors"),
        .merge("--seed", "1", "a.safetensors", "b.safetensors"),
        .merge("--dtype", "bfloat61", "a.safetensors"),
        .merge("--memory", "512", "a.safetensors"),
        .merge("a.safetensors", "-o", "merged.gguf"),
        .merge("--device", "0,1,0", "a.safetensors"),
        .merge("--keep", "layers.*", "a.safetensors", "b.safetensors")),
      ErrorRow(
        .configuration, "The configuration has a mistake in the line that the message names.",
        todo: """
          Configurations are YAML in mergekit's schema. [Examples](../Examples) has one for each method.
          """,
        .configuration("models: [a.safetensors\n"),
        .configuration("models: [a.safetensors]\nmerge_methd: linear\n"),
        .configuration(
          "models:\n- {model: a.safetensors, parameters: {weight: 1}}\n- b.safetensors\n"),
        .configuration("models: [a.safetensors]\nmerge_method: ties\n"),
        .configuration("models: [a.safetensors]\ntokenizer_source: union\n")),
    ])
}

extension ErrorExample {
  fileprivate static func configuration(_ text: String) -> ErrorExample {
    .merge("--config", "merge.yml") { try $0.write(text, to: "merge.yml") }
  }
}
