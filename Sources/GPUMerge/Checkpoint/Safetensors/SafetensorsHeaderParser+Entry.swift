extension SafetensorsHeaderParser {
  /// The fields of a tensor, as far as they have been read; positions are indices in the text.
  private struct Fields {
    var dtype: DType?
    var shape: (position: Int, elementCount: Int)?
    var range: (position: Int, begin: Int, end: Int)?
  }

  /// Reads the object of one tensor and keeps it as an entry.
  mutating func appendEntry(named name: JSONString) throws(GPUMergeError) {
    do throws(GPUMergeError) {
      guard name.end - name.start <= limits.nameByteCount else {
        throw scanner.error(
          "the name is longer than \(limits.nameByteCount) bytes", .headerSize, at: name.start)
      }
      guard entries.count < limits.tensorCount else {
        throw scanner.error(
          "the file has more than \(limits.tensorCount) tensors", .headerSize, at: name.start)
      }
      let position = scanner.position
      let fields = try fields()
      let entry = try entry(named: name, fields, at: position)
      entries.append(entry)
    } catch {
      var error = error
      if error.kind != .duplicateKey { error.subject = name.value(in: scanner.text) }
      throw error
    }
  }

  private mutating func fields() throws(GPUMergeError) -> Fields {
    var fields = Fields()
    try scanner.beginObject("an object with the tensor's dtype, shape and data_offsets")
    while let key = try scanner.nextKey() {
      if key.isSame(as: "dtype", in: scanner.text) {
        fields.dtype = try dtype()
      } else if key.isSame(as: "shape", in: scanner.text) {
        fields.shape = try shape()
      } else if key.isSame(as: "data_offsets", in: scanner.text) {
        fields.range = try range()
      } else {
        throw scanner.error(
          "the header has the unknown field '\(escaped(key.value(in: scanner.text)))'",
          at: key.start - 1,
          advice:
            "A tensor has dtype, shape and data_offsets; have the file's author save it without more"
        )
      }
    }
    return fields
  }

  private func entry(
    named name: JSONString, _ fields: Fields, at position: Int
  ) throws(GPUMergeError) -> SafetensorsHeader.Entry {
    guard let dtype = fields.dtype else { throw missing("dtype", at: position) }
    guard let shape = fields.shape else { throw missing("shape", at: position) }
    guard let range = fields.range else { throw missing("data_offsets", at: position) }
    let (bits, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.bitWidth)
    guard !overflow else {
      throw scanner.error("the tensor's size is too large", .overflow, at: shape.position)
    }
    guard bits % 8 == 0 else {
      throw scanner.error(
        "\(shape.elementCount) elements of \(dtype.bitWidth) bits do not fill whole bytes",
        .sizeMismatch, at: shape.position)
    }
    guard range.end - range.begin == bits / 8 else {
      // If it also leaves the file, it is the range that is wrong rather than the shape.
      let isOutside = range.end > dataByteCount
      throw scanner.error(
        "the data_offsets span \(range.end - range.begin) bytes, but the dtype and the shape take "
          + "\(bits / 8)" + (isOutside ? ", and they leave the file" : ""),
        isOutside ? .offset : .sizeMismatch, at: range.position)
    }
    return SafetensorsHeader.Entry(
      name: name.start, shape: shape.position, dtype: dtype, begin: range.begin, end: range.end)
  }

  private func missing(_ field: String, at position: Int) -> GPUMergeError {
    scanner.error("the header says no \(field) of the tensor", at: position)
  }
}

extension SafetensorsHeaderParser {
  private mutating func dtype() throws(GPUMergeError) -> DType {
    _ = scanner.peek()
    let position = scanner.position
    do throws(GPUMergeError) {
      let string = try scanner.string("a dtype in double quotes")
      let name = string.value(in: scanner.text)
      if let dtype = DType(safetensorsName: name) { return dtype }
      throw scanner.error("the dtype '\(escaped(name))' is unknown", at: position)
    } catch {
      var error = error
      error.kind = .badDType
      let known = DType.allCases.compactMap(\.safetensorsName).joined(separator: ", ")
      error.advice = "Have its author save it with one of \(known)"
      throw error
    }
  }

  private mutating func shape() throws(GPUMergeError) -> (position: Int, elementCount: Int) {
    _ = scanner.peek()
    let position = scanner.position
    var rank = 0
    var product = 1
    var hasZero = false
    try reading(as: .badShape) { scanner throws(GPUMergeError) in
      try scanner.beginArray("an array of dimensions")
    }
    while try scanner.nextElement() {
      rank += 1
      guard rank <= limits.dimensionCount else {
        throw scanner.error(
          "the tensor has more than \(limits.dimensionCount) dimensions", .badShape, at: position)
      }
      let dimension = try dimension()
      hasZero = hasZero || dimension == 0
      // A dimension of 0 does not excuse others that overflow: whoever multiplies them would.
      let (next, overflow) = product.multipliedReportingOverflow(by: max(dimension, 1))
      guard !overflow else {
        throw scanner.error("the product of the dimensions is too large", .overflow, at: position)
      }
      product = next
    }
    return (position, hasZero ? 0 : product)
  }

  private mutating func dimension() throws(GPUMergeError) -> Int {
    let value = try reading(as: .badShape) { scanner throws(GPUMergeError) in
      try scanner.unsignedInteger("a dimension, a whole number from 0 on")
    }
    guard let dimension = Int(exactly: value) else {
      throw scanner.error("the dimension \(value) is too large", .overflow, at: scanner.position)
    }
    return dimension
  }

  private mutating func range() throws(GPUMergeError) -> (position: Int, begin: Int, end: Int) {
    _ = scanner.peek()
    let position = scanner.position
    try scanner.beginArray("an array of two offsets")
    let begin = try offset()
    let end = try offset()
    guard try !scanner.nextElement() else {
      throw scanner.error("there are more than two data_offsets", at: position)
    }
    guard begin <= end else {
      throw scanner.error(
        "the data ends at \(end), before it begins at \(begin)", .offset, at: position)
    }
    return (position, begin, end)
  }

  private mutating func offset() throws(GPUMergeError) -> Int {
    guard try scanner.nextElement() else {
      throw scanner.error("there are fewer than two data_offsets", at: scanner.position - 1)
    }
    let value = try scanner.unsignedInteger("an offset, a whole number from 0 on")
    guard let offset = Int(exactly: value) else {
      throw scanner.error("the offset \(value) is too large", .overflow, at: scanner.position)
    }
    return offset
  }

  /// Reads something whose errors all have the kind `kind`.
  private mutating func reading<T>(
    as kind: GPUMergeError.Kind, _ read: (inout JSONScanner) throws(GPUMergeError) -> T
  ) throws(GPUMergeError) -> T {
    do throws(GPUMergeError) {
      return try read(&scanner)
    } catch {
      var error = error
      error.kind = kind
      throw error
    }
  }
}
