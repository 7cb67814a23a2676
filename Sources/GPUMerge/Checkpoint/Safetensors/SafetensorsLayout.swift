/// Lays out safetensors files, byte for byte as the safetensors library does.
package enum SafetensorsLayout {
  /// Places tensors in a file: sorted by dtype (descending in the order of `DType`, so that wide
  /// elements come first and all are aligned), then by the bytes of their names.
  ///
  /// The offsets of the result are in the order of `tensors`. Names that are tied to tensors are
  /// recorded in the metadata as `save_model` of the safetensors library does, so that its
  /// `load_model` knows that nothing is missing.
  package static func layout(
    _ tensors: [OutputTensor], ties: [TiedTensor] = [], metadata: [(key: String, value: String)],
    limits: Limits = Limits()
  ) throws(GPUMergeError) -> OutputLayout {
    try checkNames(tensors)
    let metadata =
      metadata + ties.map { ($0.name.description, tensors[$0.step].name.description) }
    let order = tensors.indices.sorted {
      tensors[$0].dtype == tensors[$1].dtype
        ? tensors[$0].name < tensors[$1].name
        : tensors[$0].dtype.rawValue > tensors[$1].dtype.rawValue
    }
    var header = Array("{".utf8)
    // A tensor takes some hundred bytes.
    header.reserveCapacity(128 * tensors.count)
    try append(metadata, to: &header)
    var ends: [Int] = []
    var end = 0
    for index in order {
      if header.count > 1 { header.append(UInt8(ascii: ",")) }
      let begin = end
      end = try self.end(of: tensors[index], from: begin)
      try append(tensors[index], data: begin..<end, to: &header)
      ends.append(end)
    }
    header.append(UInt8(ascii: "}"))
    // Spaces up to a multiple of 8 align the data, as they follow a prefix of 8 bytes.
    header.append(contentsOf: repeatElement(0x20, count: -header.count & 7))
    guard header.count <= limits.headerByteCount else {
      throw GPUMergeError(
        .headerSize,
        "the header would take \(header.count) bytes, more than the limit of "
          + "\(limits.headerByteCount)",
        advice: "Merge fewer tensors, or tensors with shorter names, into one file")
    }
    return try outputLayout(order: order, ends: ends, header: header)
  }

  private static func outputLayout(
    order: [Int], ends: [Int], header: [UInt8]
  ) throws(GPUMergeError) -> OutputLayout {
    let prefix = (0..<SafetensorsHeader.prefixByteCount).map {
      UInt8(truncatingIfNeeded: header.count >> ($0 * 8))
    }
    let dataOffset = prefix.count + header.count
    let (byteCount, overflow) = dataOffset.addingReportingOverflow(ends.last ?? 0)
    guard !overflow else { throw tooLarge(nil) }
    var offsets = Array(repeating: dataOffset, count: order.count)
    for (index, begin) in zip(order, [0] + ends) { offsets[index] += begin }
    return OutputLayout(
      tensorOffsets: offsets, literals: [.init(offset: 0, bytes: prefix + header)],
      byteCount: byteCount)
  }

  private static func checkNames(_ tensors: [OutputTensor]) throws(GPUMergeError) {
    let reserved = TensorName("\(SafetensorsHeader.metadataKey)")
    var names: Set<TensorName> = []
    names.reserveCapacity(tensors.count)
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw GPUMergeError(
          .duplicateKey, "two tensors have this name", subject: tensor.name.description)
      }
      guard tensor.name != reserved else {
        throw GPUMergeError(
          .duplicateKey, "safetensors reserves this name for its metadata",
          subject: tensor.name.description, advice: "Write a .bin file, which can hold it")
      }
    }
  }

  /// Where the data of a tensor ends that begins at `begin`.
  private static func end(of tensor: OutputTensor, from begin: Int) throws(GPUMergeError) -> Int {
    var count = 1
    for dimension in tensor.shape {
      let (next, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow else { throw tooLarge(tensor) }
      count = next
    }
    let (bits, isTooLarge) = count.multipliedReportingOverflow(by: tensor.dtype.bitWidth)
    let (end, isTooFar) = begin.addingReportingOverflow(bits / 8)
    guard !isTooLarge, !isTooFar else { throw tooLarge(tensor) }
    guard bits % 8 == 0 else {
      throw GPUMergeError(
        .sizeMismatch,
        "\(count) elements of \(tensor.dtype.bitWidth) bits do not fill whole bytes",
        subject: tensor.name.description)
    }
    return end
  }

  private static func tooLarge(_ tensor: OutputTensor?) -> GPUMergeError {
    GPUMergeError(.overflow, "the size overflows 64 bits", subject: tensor?.name.description)
  }
}

extension SafetensorsLayout {
  private static func append(
    _ metadata: [(key: String, value: String)], to header: inout [UInt8]
  ) throws(GPUMergeError) {
    guard !metadata.isEmpty else { return }
    header.append(contentsOf: "\"\(SafetensorsHeader.metadataKey)\":{".utf8)
    var keys: Set<TensorName> = []
    for (index, pair) in metadata.enumerated() {
      guard keys.insert(TensorName(pair.key)).inserted else {
        throw GPUMergeError(.duplicateKey, "the metadata has this key twice", subject: pair.key)
      }
      if index > 0 { header.append(UInt8(ascii: ",")) }
      header.appendJSONString(pair.key.utf8)
      header.append(UInt8(ascii: ":"))
      header.appendJSONString(pair.value.utf8)
    }
    header.append(UInt8(ascii: "}"))
  }

  private static func append(
    _ tensor: OutputTensor, data: Range<Int>, to header: inout [UInt8]
  ) throws(GPUMergeError) {
    guard let dtype = tensor.dtype.safetensorsName else {
      throw GPUMergeError(
        .badDType, "safetensors cannot hold \(tensor.dtype.torchName ?? "\(tensor.dtype)") tensors",
        subject: tensor.name.description, advice: "Write a .bin file, which can hold them")
    }
    header.appendJSONString(tensor.name.utf8)
    header.append(contentsOf: #":{"dtype":"#.utf8)
    header.appendJSONString(dtype.utf8)
    header.append(contentsOf: #","shape":"#.utf8)
    header.appendJSONArray(tensor.shape)
    header.append(contentsOf: #","data_offsets":"#.utf8)
    header.appendJSONArray([data.lowerBound, data.upperBound])
    header.append(UInt8(ascii: "}"))
  }
}
