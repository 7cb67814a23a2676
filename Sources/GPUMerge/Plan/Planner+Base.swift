extension Planner {
  /// What a person should know of the base, where it may not do what was meant.
  package var baseWarnings: [String] {
    guard let base else { return [] }
    let method = type(of: algorithm)
    guard method.requiresBase else {
      return [
        "\(base.label): \(method.name) does not use the weights of the base: only names, types, copied "
          + "tensors, and the configuration and tokenizer of an output folder come from it; "
          + "--method \(DareSimpleAverage.name) adds the models' differences to it"
      ]
    }
    guard let identity = base.fileIdentity,
      models.contains(where: { $0.fileIdentity == identity })
    else { return [] }
    return [
      "\(base.label) is both the base and one of the models: it counts as a model without "
        + "differences, so that those of the others count less; name it as the base only"
    ]
  }
}
