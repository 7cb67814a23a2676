import GPUMerge

extension ErrorPage {
  static let pytorch = ErrorSection(
    "PyTorch files",
    """
    `torch.save` writes a zip archive (before PyTorch 1.6, the same without an archive). Its member
    `data.pkl` describes the tensors; each of the members `data/0`, `data/1` and so on is a *storage*,
    the bytes of one tensor or several. `data.pkl` is a *pickle*: a program of small instructions
    (*opcodes*) from which Python makes objects, with a stack and a memo of what was made before. Such a
    program can call anything on the machine that loads it. GPUMerge runs none: it reads the
    instructions that describe tensors, and refuses all others.

    A file that is refused here, though PyTorch reads it, can be written anew:

        python -c "import torch; torch.save(torch.load('OLD', weights_only=True), 'NEW')"

    With `weights_only=True` PyTorch does not run what it finds, either. Leave it out for files from
    people you trust only.
    """,
    archive + pickles + storages)

  private static let archive = [
    ErrorRow(
      .zipStructure,
      """
      The zip archive is cut short or damaged, or a program other than PyTorch packed it. Two programs
      can find different things in such an archive, so that it is refused even where one could read it.
      """,
      todo: "Copy or download the file again, else write it anew as above.",
      .zip("cut in the middle"), .zip("junk between members"), .zip("method 12"),
      .zip("no data.pkl")),
    ErrorRow(
      .zipCRC, "The weights are not those that were saved: a checksum differs.",
      todo: "Copy or download the file again. A disk or memory may be failing.",
      .zip("flipped bit in the weights")),
    ErrorRow(
      .zipDuplicate, "Two parts of the file have one name, and programs differ in which they take.",
      todo: "Do not use the file as it is; have its author save it anew.",
      .zip("duplicate member")),
    ErrorRow(
      .zipPath,
      "A part of the file has a name that leads out of the archive. GPUMerge unpacks nothing.",
      todo: "Be wary of the file: PyTorch writes no such names.",
      .zip("name with .."), .zip("symbolic link")),
  ]

  private static let pickles = [
    ErrorRow(
      .pickleGlobal,
      """
      The file asks for a class or a function that tensors do not need. It may be a whole model saved
      with `torch.save(model)`, training settings beside the weights, or an attack. Nothing was run.
      """,
      todo: """
        If the name is one of your own program's or of a library you know, load the file there and save
        the tensors alone: `torch.save(model.state_dict(), 'NEW')`. Settings beside the tensors are passed
        over with `--allow-opaque`. If the message says that any program could run, do not load the
        file anywhere.
        """,
      .pickle("calls posix.system"), .fixture("refused/whole_model.pt"),
      .fixture("refused/object_among_tensors.pt")),
    ErrorRow(
      .persistentID, "The file refers to something outside of its pickle that is no storage.",
      todo: "Save the tensors alone: `torch.save(model.state_dict(), 'NEW')`.",
      .pickle("persistent id of a module"), .pickle("persistent id that is a string")),
    ErrorRow(
      .pickleTruncated, "The description of the tensors ends early.",
      todo: "Copy or download the file again.",
      .pickle("no STOP")),
    ErrorRow(
      .pickleOpcode,
      "The description of the tensors has an instruction that PyTorch does not write there.",
      todo: "Copy or download the file again, else write it anew as above.",
      .pickle("DUP"), .pickle("protocol 0")),
    ErrorRow(
      .pickleStack,
      "The description of the tensors does not add up: an instruction lacks what it needs.",
      todo: "Copy or download the file again, else write it anew as above.",
      .pickle("TUPLE2 on an empty stack"), .pickle("parameter of a string")),
    ErrorRow(
      .pickleMemo, "The description of the tensors refers to an object that it never made.",
      todo: "Copy or download the file again, else write it anew as above.",
      .pickle("memo never set")),
    ErrorRow(
      .pickleDepth,
      "Objects in the file hold themselves, or each other so often that no memory would suffice.",
      todo: "Be wary of the file: PyTorch writes no such state dicts.",
      .pickle("list in itself"), .pickle("billion laughs"), .pickle("100,000 nested lists")),
  ]

  private static let storages = [
    ErrorRow(
      .storageMissing, "The bytes of a tensor are not in the file.",
      todo: "Copy or download the file again.",
      .zip("storage missing")),
    ErrorRow(
      .storageSize, "There are more or fewer bytes than the tensors that lie in them take.",
      todo: "Copy or download the file again.",
      .zip("storage short"), .pickle("one key with two types")),
    ErrorRow(
      .tensorBounds, "A tensor reaches beyond its bytes, or its size makes no sense.",
      todo: "Copy or download the file again, else write it anew as above.",
      .pickle("one element too many"), .pickle("negative size")),
    ErrorRow(
      .tensorStride,
      """
      The strides of a tensor, the steps between its elements in memory, make no sense, or a small
      storage is repeated until it is huge.
      """,
      todo: "Save the tensor again after `.contiguous()`.",
      .pickle("expanded to 4 TB"), .pickle("two strides for one size")),
    ErrorRow(
      .layoutUnsupported,
      "A tensor is no plain array of numbers: it is sparse, quantized, nested, lazy or without data.",
      todo: """
        Make it one in PyTorch, with `.to_dense()`, `.dequantize()`, `.resolve_conj()` or
        `.resolve_neg()`, and save it again.
        """,
      .fixture("refused/sparse_coo.pt"), .fixture("refused/quantized.pt"),
      .fixture("refused/conjugate.pt"), .fixture("refused/meta.pt")),
  ]
}
