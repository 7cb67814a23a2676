/// What an interrupted merge was about, so that no other is mixed with it.
package struct WorkPlan: Sendable, Equatable {
  /// A file that is read.
  package struct Input: Sendable, Equatable {
    package var path: String
    package var byteCount: Int
    package var modified: String
    package var inode: UInt64
  }

  /// A file that is written.
  package struct Output: Sendable, Equatable {
    package var name: String
    package var byteCount: Int
    /// The SHA-256 of everything in the file that does not depend on data: header, names, offsets.
    package var layout: String
  }

  package var version: String
  /// Everything that decides the values, as JSON.
  package var recipe: String
  package var inputs: [Input]
  /// The SHA-256 of what the inputs' headers say.
  package var description: String
  package var outputs: [Output]

  /// What is different in a plan that should be the same, or nil if nothing is.
  package func difference(from other: WorkPlan) -> String? {
    if version != other.version {
      return "it was begun by version \(escaped(other.version)), and this is \(version)"
    }
    let paths = inputs.map(\.path)
    if paths != other.inputs.map(\.path) { return "it is a merge of other models" }
    for (now, then) in zip(inputs, other.inputs) where now != then {
      return "\(escaped(now.path, limit: 4096)) changed since it was begun"
    }
    if description != other.description { return "the models changed since it was begun" }
    if recipe != other.recipe || outputs != other.outputs {
      return "it was begun with other options: \(escaped(other.recipe, limit: 500))"
    }
    return nil
  }
}

extension WorkPlan {
  package var json: JSONValue {
    .object([
      ("version", .string(version)), ("recipe", .string(recipe)),
      (
        "inputs",
        .array(
          inputs.map {
            .object([
              ("path", .string($0.path)), ("bytes", .integer($0.byteCount)),
              ("modified", .string($0.modified)), ("inode", .string("\($0.inode)")),
            ])
          })
      ),
      ("description", .string(description)),
      (
        "outputs",
        .array(
          outputs.map {
            .object([
              ("name", .string($0.name)), ("bytes", .integer($0.byteCount)),
              ("layout", .string($0.layout)),
            ])
          })
      ),
    ])
  }

  /// Reads a plan, or nil if this is none.
  package init?(_ json: JSONValue) {
    guard let version = json["version"]?.string, let recipe = json["recipe"]?.string,
      let inputs = json["inputs"]?.array, let description = json["description"]?.string,
      let outputs = json["outputs"]?.array
    else { return nil }
    self.init(
      version: version, recipe: recipe, inputs: inputs.compactMap(Input.init),
      description: description, outputs: outputs.compactMap(Output.init))
    guard self.inputs.count == inputs.count, self.outputs.count == outputs.count else { return nil }
  }
}

extension WorkPlan.Input {
  fileprivate init?(_ json: JSONValue) {
    guard let path = json["path"]?.string, let byteCount = json["bytes"]?.integer,
      let modified = json["modified"]?.string,
      let inode = json["inode"]?.string.flatMap({ UInt64($0) })
    else { return nil }
    self.init(path: path, byteCount: byteCount, modified: modified, inode: inode)
  }
}

extension WorkPlan.Output {
  fileprivate init?(_ json: JSONValue) {
    guard let name = json["name"]?.string, let byteCount = json["bytes"]?.integer,
      let layout = json["layout"]?.string
    else { return nil }
    self.init(name: name, byteCount: byteCount, layout: layout)
  }
}
