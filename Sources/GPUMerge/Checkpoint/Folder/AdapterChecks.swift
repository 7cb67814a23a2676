/// Whether PEFT adapters may be averaged.
enum AdapterChecks {
  /// Refuses adapters of different kinds, and adapters among full models.
  static func warnings(_ models: [LoadedModel]) throws(GPUMergeError) -> [String] {
    guard let first = models.first(where: { $0.checkpoint?.adapterConfig != nil }),
      let config = first.checkpoint?.adapterConfig
    else { return [] }
    var warnings: [String] = []
    for model in models {
      guard let other = model.checkpoint?.adapterConfig else {
        warnings.append(try warning(aboutUnknown: model, besides: first))
        continue
      }
      try compare(other, of: model, with: config, of: first)
    }
    if models.count > 1, config["peft_type"]?.string == "LORA" {
      warnings.append(
        "the models are LoRA adapters: the average of their A and of their B is not the average of "
          + "the products BA that they stand for. Merge each into its base model first "
          + "(merge_and_unload in PEFT) if that is what you want")
    }
    return warnings
  }

  /// A file or state dict has no configuration; its tensors' names tell whether it is an adapter.
  private static func warning(
    aboutUnknown model: LoadedModel, besides adapter: LoadedModel
  ) throws(GPUMergeError) -> String {
    let isAdapter =
      model.checkpoint?.folder == nil
      && model.tensors.allSatisfy { adapter.ownPosition(of: $0.name) != nil }
    guard isAdapter else {
      throw GPUMergeError(
        .keyMismatch,
        "this is a full model, but \(adapter.label) is an adapter, which holds only "
          + "changes to its base model",
        file: model.path, subject: model.path == nil ? model.label : nil,
        advice: "Merge the adapter into its base model first (merge_and_unload in PEFT), or merge "
          + "adapters only")
    }
    return "\(escaped(model.label, limit: 4096)): there is no adapter_config.json, so whether this "
      + "adapter fits the others is unknown"
  }

  private static func compare(
    _ config: JSONValue, of model: LoadedModel, with reference: JSONValue, of first: LoadedModel
  ) throws(GPUMergeError) {
    for setting in AdapterSetting.all {
      let (value, expected) = (setting.value(in: config), setting.value(in: reference))
      guard !value.isSame(as: expected, listsAreSets: true) else { continue }
      throw GPUMergeError(
        .keyMismatch,
        "in adapter_config.json, \(setting.key) is \(escaped(value.text)), and "
          + "\(escaped(expected.text)) in that of \(escaped(first.label, limit: 4096)): "
          + setting.reason,
        file: model.path,
        advice: "Merge adapters of one kind, or merge each into its base model first "
          + "(merge_and_unload in PEFT)")
    }
  }
}
