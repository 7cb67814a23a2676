public import ArgumentParser
public import GPUMerge

/// The options that say which tensors are merged, and what to do where models differ.
struct SelectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What to do about tensors that a model lacks: error, base (copy the base's or first model's), "
        + "skip (leave them out) or present (merge the models that have them) (default: error).",
      valueName: "action"))
  var missing: TensorSelection.MissingPolicy?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Copy the tensors whose names match the pattern (with *, ? and [...]) from the base or first "
        + "model instead of merging them. Can be given more than once.", valueName: "pattern"))
  var keep: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Merge only the tensors whose names match the pattern, and copy all others. Can be given "
        + "more than once.", valueName: "pattern"))
  var only: [String] = []

  @Flag(
    help: ArgumentHelp(
      "Merge only the layers, and copy embeddings, final norm and head from the base or first "
        + "model, so that vocabularies may differ."))
  var backboneOnly = false

  @Flag(
    help: ArgumentHelp(
      "Keep weights tied as the base or first model has them, although other models have separate "
        + "tensors; a name that a model lacks stands for what it is tied to."))
  var tied = false

  @Option(
    help: ArgumentHelp(
      "What to do about integer tensors that differ: error, or first for the base's or first "
        + "model's (default: error).", valueName: "action"))
  var integers: TensorSelection.IntegerPolicy?

  /// What the options say, over what a configuration says.
  func selection(over configuration: TensorSelection?) -> TensorSelection {
    var selection = configuration ?? TensorSelection()
    if let missing { selection.missing = missing }
    if !keep.isEmpty { selection.keep = keep }
    if !only.isEmpty { selection.only = only }
    if backboneOnly { selection.backboneOnly = true }
    if tied { selection.tiesAsBase = true }
    if let integers { selection.integers = integers }
    return selection
  }
}

extension TensorSelection.MissingPolicy: ExpressibleByArgument {}
extension TensorSelection.IntegerPolicy: ExpressibleByArgument {}
