/// Finds weights that mean nothing without the scales stored beside them.
///
/// Averaging either, or both, gives numbers that are nobody's weights.
package enum QuantizationRule {
  /// The quantized weights of a model with one of their companions each, and the other way around.
  ///
  /// - float8 (and smaller): `X_scale`, `X_scale_inv`, `X.scale` and the like beside `X`, and
  ///   `input_scale`, `scale_weight` and the like beside `weight`.
  /// - int8, uint8 and packed int32 weights of bitsandbytes (`SCB`, `absmax`, `quant_state`), GPTQ and
  ///   AWQ (`qweight`, `qzeros`, `scales`) and compressed-tensors (`weight_packed`).
  package static func partners(in model: LoadedModel) -> [TensorName: TensorName] {
    var partners: [TensorName: TensorName] = [:]
    var moduleCompanions: [[UInt8]: [TensorName]]?
    for tensor in model.tensors where isQuantized(tensor) {
      let index = moduleCompanions ?? companions(in: model)
      moduleCompanions = index
      let name = tensor.name.utf8
      let module = Array(name.prefix(upTo: name.lastIndex(of: UInt8(ascii: ".")) ?? 0))
      let found = (index[name] ?? []) + (index[module] ?? [])
      for companion in found where companion != tensor.name {
        partners[companion] = partners[companion] ?? tensor.name
        partners[tensor.name] = partners[tensor.name] ?? companion
      }
    }
    return partners
  }

  private static func isQuantized(_ tensor: TensorInfo) -> Bool {
    switch tensor.dtype {
    case .float8E4M3, .float8E5M2, .float8E4M3FNUZ, .float8E5M2FNUZ, .float4E2M1, .float6E2M3,
      .float6E3M2:
      true
    case .int8, .uint8, .int32:
      packedWeights.contains { $0.elementsEqual(lastComponent(of: tensor.name)) }
    default: false
    }
  }

  /// Companions of one tensor, by what follows its name.
  private static let suffixes = [
    "_scale", "_scale_inv", "_scales", "_scale_2", "_absmax", ".scale", ".scales", ".absmax",
    ".scale_inv", "_zero_point", ".quant_map", ".nested_absmax",
  ].map { Array($0.utf8) }
  /// Companions of a module's weight, by their last component.
  private static let components = [
    "SCB", "absmax", "scales", "qzeros", "scale_weight", "scale_input", "weight_scale",
    "weight_scale_inv", "input_scale", "weight_zero_point", "g_idx",
  ].map { Array($0.utf8) }
  private static let packedWeights = ["weight", "qweight", "weight_packed"].map { Array($0.utf8) }

  /// All tensors named like companions, by the names of the tensors or modules that they belong to.
  private static func companions(in model: LoadedModel) -> [[UInt8]: [TensorName]] {
    var result: [[UInt8]: [TensorName]] = [:]
    for tensor in model.tensors {
      let name = tensor.name.utf8
      for suffix in suffixes where name.suffix(suffix.count).elementsEqual(suffix) {
        result[Array(name.dropLast(suffix.count)), default: []].append(tensor.name)
      }
      let component = lastComponent(of: tensor.name)
      if components.contains(where: { $0.elementsEqual(component) }) {
        result[Array(name.dropLast(component.count + 1)), default: []].append(tensor.name)
      } else if let state = stateOwner(of: name) {
        result[state, default: []].append(tensor.name)
      }
    }
    return result
  }

  /// The tensor that a `X.quant_state.bitsandbytes__nf4` belongs to.
  private static func stateOwner(of name: [UInt8]) -> [UInt8]? {
    let marker = Array(".quant_state".utf8)
    guard let start = name.indices.first(where: { name[$0...].starts(with: marker) }) else {
      return nil
    }
    return Array(name[..<start])
  }

  private static func lastComponent(of name: TensorName) -> ArraySlice<UInt8> {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return name.utf8[...] }
    return name.utf8[(dot + 1)...]
  }
}
