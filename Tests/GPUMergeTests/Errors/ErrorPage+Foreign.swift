import GPUMerge
import TestSupport

extension ErrorPage {
  static let foreign = ErrorSection(
    "Files that are something else",
    """
    What a file is, its first bytes decide, and never its name. Nothing in a file is ever run.
    """,
    [
      ErrorRow(
        .notACheckpoint,
        """
        The file or folder can be read, but it holds no weights to merge: it is a text or a web page
        that came instead of a download, or it has other things than a model's tensors.
        """,
        todo: """
          Name the file with the weights, or the model's folder. Read a text that came instead of a
          download: it often says why. From a file with other things, save the state dict alone, which is
          the dict of a model's tensors: `torch.save(model.state_dict(), 'NEW')`.
          """,
        .foreign("model.safetensors", "git-lfs pointer"), .foreign("model.safetensors", "HTML"),
        .program(["model"]) { try $0.write("", to: "model/notes.txt") },
        .pickle("a list of tensors"), .pickle("two candidates"), .pickle("a string among tensors"),
        .fixture("refused/deepspeed_optimizer.pt")),
      ErrorRow(
        .unsupportedFormat,
        "The file is known by sight, and is none that GPUMerge reads.",
        todo: """
          Do what the message says. What can be loaded in Python is saved as safetensors with
          `safetensors.torch.save_file(tensors, 'NEW.safetensors')`, or as PyTorch's with
          `torch.save(tensors, 'NEW.pt')`.
          """,
        .foreign("model.gguf", "GGUF"), .foreign("model.safetensors.gz", "gzip"),
        .foreign("model.pkl", "plain pickle, protocol 4"), .foreign("model.bin", "tar"),
        .fixture("refused/torchscript.pt"), .program(["/dev/null"]) { _ in }),
    ])
}
