import GPUMerge

extension ErrorPage {
  static let safetensors = ErrorSection(
    "safetensors files",
    """
    A safetensors file begins with the length of its header in 8 bytes. The header is a text in JSON that
    lists the tensors: name, type (`dtype`), shape, and place (`data_offsets`) in the data, which follows
    and fills the rest of the file. Files of this kind were cut short or damaged on their way, or
    written by a program with a mistake.

    If a fresh copy is refused too, have the program that made it write it with the safetensors library,
    as `safetensors.torch.save_file` does.
    """,
    [
      ErrorRow(
        .truncated,
        "The file ends before all is there that it promises: a copy or a download stopped early.",
        todo: "Copy or download the file again, and compare its size with the original's.",
        .safetensors(HostileFile.sizes, "data cut by 2 bytes"),
        .safetensors(HostileFile.sizes, "length beyond the file"),
        .safetensors(HostileFile.sizes, "empty file")),
      ErrorRow(
        .headerSize,
        """
        The file begins like none that GPUMerge knows. Taken for a safetensors file, its first 8 bytes
        are an impossible length. Or something in a checkpoint is larger than GPUMerge takes for sane.
        """,
        todo:
          "Look at what the file is, for example with the command `file`, and name a checkpoint.",
        .safetensors(HostileFile.sizes, "length 2^63")),
      ErrorRow(
        .headerJSON,
        """
        The header is there, but it is damaged, or says other things about a tensor than safetensors
        allows. A header that is empty belongs to a file that was never finished.
        """,
        todo: "Copy or download the file again, or have it written by the safetensors library.",
        .safetensors(HostileFile.json, "missing comma"),
        .safetensors(HostileFile.types, "no shape"),
        .safetensors(HostileFile.types, "unknown field"),
        .safetensors(HostileFile.sizes, "64 KiB of zeros")),
      ErrorRow(
        .headerUTF8, "The header has bytes that are no text.",
        todo: "Copy or download the file again.",
        .safetensors(HostileFile.json, "invalid byte")),
      ErrorRow(
        .duplicateKey,
        """
        One name stands for two things, such as two tensors, so that programs would read different models
        from the file.
        """,
        todo: "Do not use the file as it is; have its author save it anew.",
        .safetensors(HostileFile.duplicates, "duplicate name, contiguous"),
        .pickle("one key twice"), .folder(HostileFolder.shards, "tensor in two shards")),
      ErrorRow(
        .badDType, "A tensor has a type that the format does not have, or none.",
        todo: "Have the file written with one of the types that the message lists.",
        .safetensors(HostileFile.types, "PyTorch dtype"),
        .pickle("version 2 with an untyped storage")),
      ErrorRow(
        .badShape, "A tensor's shape is no list of sizes.",
        todo: "Copy or download the file again, or have it written by the safetensors library.",
        .safetensors(HostileFile.shapes, "dimension is negative"),
        .safetensors(HostileFile.shapes, "65 dimensions")),
      ErrorRow(
        .overflow, "A number is so large that no computer could hold what it counts.",
        todo: "Copy or download the file again; no real model has such numbers.",
        .safetensors(HostileFile.shapes, "product overflows"), .pickle("product overflows")),
      ErrorRow(
        .offset, "A tensor's bytes are said to be outside of the file, or inside another tensor's.",
        todo: "Copy or download the file again, or have it written by the safetensors library.",
        .safetensors(HostileFile.ranges, "overlap"),
        .safetensors(HostileFile.ranges, "end past the file")),
      ErrorRow(
        .hole, "Between two tensors there are bytes of none, in which anything could hide.",
        todo: "Have the file written by the safetensors library, which leaves none.",
        .safetensors(HostileFile.ranges, "hole in the middle")),
      ErrorRow(
        .sizeMismatch, "A tensor has more or fewer bytes than its shape and its type take.",
        todo: "Copy or download the file again, or have it written by the safetensors library.",
        .safetensors(HostileFile.ranges, "shape takes more than the range")),
      ErrorRow(
        .trailingData,
        "After all that the file should hold, there is more: two files in one, or a damaged one.",
        todo: "Copy or download the file again, and compare its size with the original's.",
        .safetensors(HostileFile.sizes, "zip appended"),
        .pickle("a second pickle after STOP")),
    ])
}
