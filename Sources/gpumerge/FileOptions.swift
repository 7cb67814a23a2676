import ArgumentParser
import SystemPackage

/// The options that name files.
struct FileOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The file or folder to write: .safetensors, or .bin, .pt, .pth and .ckpt for PyTorch files. A "
        + "name with a '/' at its end is a folder, with safetensors files and what goes with them; "
        + "so is a name with none of these extensions if the first model is a folder. Otherwise a "
        + "name without an extension has the first model's format, and all others are safetensors "
        + "files. Without it, merged and the extension of the first model, or merged/.",
      valueName: "path"),
    completion: .file(), transform: { OutputChoice(parsing: $0) })
  var output: OutputChoice?

  @Option(
    help: ArgumentHelp(
      "The most bytes of tensors in one file of an output folder (default: 5GB).",
      valueName: "size"),
    transform: { try ByteCount(parsing: $0, minimum: 1) })
  var maxShardSize: ByteCount?

  @Flag(
    help: ArgumentHelp(
      "Copy the *.py files of the base's or first model's folder to an output folder: code that "
        + "transformers runs when it is told to trust it."))
  var copyCode = false

  @Option(
    help: ArgumentHelp(
      "A YAML file in mergekit's schema that tells models, method and parameters; options given "
        + "here override what it says.", valueName: "file"),
    completion: .file(extensions: ["yml", "yaml"]), transform: { FilePath(argument: $0) })
  var config: FilePath?

  @Option(
    help: ArgumentHelp(
      "The model that the others were fine-tuned from.", valueName: "model"),
    completion: .file(), transform: { FilePath(argument: $0) })
  var base: FilePath?

  @Flag(help: "Overwrite the output if it exists.")
  var force = false

  @Flag(help: "Throw away what an interrupted merge to this output has finished.")
  var restart = false
}
