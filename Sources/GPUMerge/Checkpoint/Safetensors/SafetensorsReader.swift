/// Opens safetensors files.
package enum SafetensorsReader {
  /// Reads and checks the header of a file; its tensors share one source, the data section.
  package static func open(
    _ file: InputFile, limits: Limits = Limits()
  ) throws(GPUMergeError) -> Checkpoint {
    do throws(GPUMergeError) {
      let text = try headerText(of: file, limits: limits)
      let dataOffset = SafetensorsHeader.prefixByteCount + text.count
      let data = FileRegion(
        file, offset: dataOffset, byteCount: file.byteCount - dataOffset)
      let header = try SafetensorsHeader(
        parsing: text, dataByteCount: data.byteCount, limits: limits)
      return Checkpoint(
        path: file.path, format: .safetensors, tensors: try header.tensors(in: data),
        metadata: header.metadata, files: [file]
      ) { () throws(GPUMergeError) in try file.checkUnchanged() }
    } catch {
      var error = error
      error.file = error.file ?? file.path
      throw error
    }
  }

  /// The bytes of the header, whose length is checked before anything is allocated for them.
  private static func headerText(
    of file: InputFile, limits: Limits
  ) throws(GPUMergeError) -> [UInt8] {
    let prefixByteCount = SafetensorsHeader.prefixByteCount
    guard file.byteCount >= prefixByteCount else {
      throw GPUMergeError(
        .truncated,
        "the file has \(byteCountText(file.byteCount)), less than the shortest safetensors file",
        offset: file.byteCount, advice: "It was probably cut short: copy or download it again")
    }
    let prefix = try file.bytes(at: 0, count: prefixByteCount)
    let length = SafetensorsHeader.byteCount(prefix: prefix[...])
    guard let byteCount = Int(exactly: length), byteCount <= limits.headerByteCount else {
      throw GPUMergeError(
        .headerSize,
        "this is no file that GPUMerge knows: if it were a safetensors file, its header would have "
          + "\(length) bytes, more than the limit of \(limits.headerByteCount)",
        offset: 0, advice: GPUMergeError.Kind.notACheckpoint.advice)
    }
    guard byteCount > 0 else {
      throw GPUMergeError(
        .headerJSON, "the header, which lists the tensors, is empty", offset: 0,
        advice: "The file was probably never finished writing: copy or download it again")
    }
    guard byteCount <= file.byteCount - prefixByteCount else {
      throw GPUMergeError(
        .truncated,
        "the file ends inside the header, \(byteCountText(byteCount - (file.byteCount - prefixByteCount))) "
          + "before its end",
        offset: file.byteCount, advice: "It was probably cut short: copy or download it again")
    }
    return try file.bytes(at: prefixByteCount, count: byteCount)
  }
}

/// A number of bytes for a message.
func byteCountText(_ count: Int) -> String { count == 1 ? "1 byte" : "\(count) bytes" }
