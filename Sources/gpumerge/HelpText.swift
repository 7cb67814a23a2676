import ArgumentParser
import GPUMerge

/// The parts of the help that come from the table of methods.
enum HelpText {
  /// What `--help` says below the abstract: examples and methods.
  static var discussion: String {
    """
    EXAMPLES
      gpumerge --device 0 models/*.bin
          the average of all models, as merged.bin
      gpumerge a.safetensors b.safetensors -o soup.safetensors --weights 0.7,0.3
          a weighted average
      gpumerge --method dare_simple_average --base base.bin --sparsity-ratio 0.9 \\
          --seed 42 ft1.bin ft2.bin -o dare.bin
          what two fine-tuned models learned, added to their base
      gpumerge --backbone-only chat.bin code.bin -o both.bin
          the average of the layers, with the first model's embeddings and head
      gpumerge model-a/ org/model-b -o merged/
          a folder that transformers loads, with the first model's tokenizer
      gpumerge --config merge.yml -o out.safetensors
          what a mergekit configuration says
      gpumerge devices
          the OpenCL devices of this machine
      gpumerge bench --device 0 --folder /data
          whether the device makes merges of models on this disk faster

    METHODS
    \(MergeMethods.all.map(describe).joined(separator: "\n"))
    """
  }

  /// The help of the option that sets a method parameter.
  static func parameter(_ name: String, valueName: String? = nil) -> ArgumentHelp {
    let owners = MergeMethods.all.filter { row in row.parameters.contains { $0.name == name } }
    let summary = owners.first?.parameters.first { $0.name == name }?.summary ?? ""
    return ArgumentHelp(
      "For \(owners.map(\.name).joined(separator: ", ")): \(summary).", valueName: valueName)
  }

  /// A parameter's name as an option.
  static func option(_ parameter: String) -> String {
    "--" + parameter.replacing("_", with: "-")
  }

  private static func describe(_ row: MethodRow) -> String {
    let aliases = row.aliases.isEmpty ? "" : " (also \(row.aliases.joined(separator: ", ")))"
    let base = row.requiresBase ? "; needs --base" : ""
    let parameters = row.parameters.map { parameter in
      let value = parameter.defaultValue.map { "default \($0)" } ?? "required"
      return "\(option(parameter.name)): \(parameter.summary) (\(value))"
    }
    return (["  \(row.name)\(aliases)"] + ([row.summary + base] + parameters).map(wrapped))
      .joined(separator: "\n")
  }

  /// A text in lines that fit 80 columns, the ones after the first indented further.
  private static func wrapped(_ text: String) -> String {
    var lines = ["     "]
    for word in text.split(separator: " ") {
      let line = lines[lines.count - 1] + " \(word)"
      if line.count <= 80 {
        lines[lines.count - 1] = line
      } else {
        lines.append("          \(word)")
      }
    }
    return lines.joined(separator: "\n")
  }
}
