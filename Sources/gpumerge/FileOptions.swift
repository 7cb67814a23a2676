import ArgumentParser
import SystemPackage

/// The options that name files.
struct FileOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The file to write: PyTorch's format for .bin, .pt, .pth and .ckpt, else safetensors. "
        + "Without it, merged and the extension of the first model, in this folder.",
      valueName: "file"),
    completion: .file(), transform: { FilePath($0) })
  var output: FilePath?

  @Option(
    help: ArgumentHelp(
      "A YAML file in mergekit's schema that tells models, method and parameters; options given "
        + "here override what it says.", valueName: "file"),
    completion: .file(extensions: ["yml", "yaml"]), transform: { FilePath($0) })
  var config: FilePath?

  @Option(
    help: ArgumentHelp(
      "The model that the others were fine-tuned from.", valueName: "model"),
    completion: .file(), transform: { FilePath($0) })
  var base: FilePath?

  @Flag(help: "Overwrite the output if it exists.")
  var force = false
}
