/// The README.md of an output folder: what was merged and how, for people and for the Hugging Face Hub.
///
/// It depends on the recipe and the models only: the same merge gives the same text everywhere.
package struct ModelCard {
  private let recipe: OutputRecipe
  private let method: String
  private let summary: String
  /// The models' repositories on the Hugging Face Hub, as far as they are known, without repetitions.
  ///
  /// The Hub refuses a card that names anything else.
  private let sources: [String]
  private let library: String?
  /// Whether the method merges differences to the base.
  private let usesBase: Bool

  package init(_ recipe: OutputRecipe, of merge: Merge, files: [CompanionFile]) {
    self.recipe = recipe
    let planner = merge.planner
    let name = type(of: planner.algorithm).name
    method = name
    summary = MergeMethods.all.first { $0.name == name }?.summary ?? name
    usesBase = type(of: planner.algorithm).requiresBase
    // Of a base that is not merged, the output may have nothing but the tensors' names.
    let hasTensorsOfBase = merge.fates.contains { $0.kind == .copied && $0.modelCount == 0 }
    let base = usesBase || hasTensorsOfBase ? planner.base : nil
    var sources: [String] = []
    for source in ([base].compactMap(\.self) + planner.models).compactMap(\.source)
    where !sources.contains(source) {
      sources.append(source)
    }
    self.sources = sources
    library = Self.library(files.map(\.name))
  }

  package var text: String {
    let models = recipe.models.count == 1 ? "one model" : "\(recipe.models.count) models"
    var text = "---\n\(frontMatter.yamlText)---\n"
    text += "# Merge of \(models)\n\n"
    text += "Made with gpumerge \(RecipeRecord.version) by the method `\(method)`: \(summary).\n\n"
    text += table + "\n## Recipe\n\n" + Self.block(recipe.text, language: "yaml") + "\n"
    if let obstacle = recipe.obstacle {
      return text + "The recipe alone does not make this folder again: \(obstacle).\n"
    }
    text += "The recipe is in `\(ModelFolderContents.recipe)`, too. This makes the same folder "
    text += "again beside this one, bit for bit:\n\n"
    let command = "gpumerge --config \(ModelFolderContents.recipe) -o ../<name>/"
    return text + Self.block(command + "\n", language: "sh")
  }

  private var frontMatter: JSONValue {
    var members: [(String, JSONValue)] = []
    if !sources.isEmpty { members.append(("base_model", .array(sources.map(JSONValue.string)))) }
    if let library { members.append(("library_name", .string(library))) }
    members.append(("tags", .array(["merge", "gpumerge", method].map(JSONValue.string))))
    return .object(members)
  }

  private var table: String {
    var lines =
      recipe.weights == nil ? ["| Model |", "| --- |"] : ["| Model | Weight |", "| --- | --- |"]
    if let base = recipe.base {
      let role = usesBase ? "base" : "names, types and copied tensors only"
      lines.append("| \(Self.code(base)) (\(role)) |" + (recipe.weights == nil ? "" : " |"))
    }
    for (index, model) in recipe.models.enumerated() {
      lines.append("| \(Self.code(model)) |" + (recipe.weights.map { " \($0[index]) |" } ?? ""))
    }
    return lines.map { "\($0)\n" }.joined()
  }

  /// The library that loads a folder with such files.
  private static func library(_ files: [String]) -> String? {
    if files.contains(ModelFolderContents.adapterConfiguration) { return "peft" }
    if files.contains(ModelFolderContents.modules) { return "sentence-transformers" }
    return files.contains(ModelFolderContents.configuration) ? "transformers" : nil
  }

  /// Lines as a block of code, which nothing in them can end.
  private static func block(_ text: String, language: String) -> String {
    var longest = 0
    var current = 0
    for byte in text.utf8 {
      current = byte == UInt8(ascii: "`") ? current + 1 : 0
      longest = max(longest, current)
    }
    let fence = String(repeating: "`", count: max(3, longest + 1))
    return "\(fence)\(language)\n\(text)\(fence)\n"
  }

  /// A text as code within a line, also in a table, whatever characters it has.
  private static func code(_ text: String) -> String {
    let line = escaped(text, limit: 4096)
    guard !line.unicodeScalars.allSatisfy(isPlain) else { return "`\(line)`" }
    // Markdown takes no character reference for anything but text.
    let references = line.unicodeScalars.map { isPlain($0) ? "\($0)" : "&#\($0.value);" }
    return "<code>\(references.joined())</code>"
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", ".", "/", "-", "_", "@", "\u{80}"...: true
    default: false
    }
  }
}

extension LoadedModel {
  /// The repository on the Hugging Face Hub that a model is, or that its configuration names.
  fileprivate var source: String? {
    if let reference = pinnedReference { return reference.repository }
    let name =
      checkpoint?.adapterConfig?["base_model_name_or_path"]?.string
      ?? checkpoint?.config?["_name_or_path"]?.string
    return name.flatMap(HubReference.init(parsing:))?.repository
  }
}
