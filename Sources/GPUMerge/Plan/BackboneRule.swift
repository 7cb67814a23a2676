/// Which tensors belong to the repeated blocks of a network, for
/// ``TensorSelection/backboneOnly``.
///
/// Checkpoints do not say so, but names do. A tensor belongs to a block when its name has
///
/// - a component that is, or ends in an underscore and, `layers`, `layer`, `blocks` or `block`, or
///   that is `h` (GPT-2), `resblocks` (CLIP) or `stages` (ConvNeXt), with the block's number as the
///   next component: `model.layers.0.mlp.up_proj.weight`, `encoder.block.0.layer.1.layer_norm.weight`,
/// - such a component with a number at its end and the block's number next: ResNet's
///   `layer1.0.conv1.weight`,
/// - or a component `encoder_layer_0` (torchvision's ViT),
///
/// and no component in front of that says that it is something else, such as a head made of several
/// layers: one that is, or ends in an underscore and, `head`, `embed`, `embedding`, `embeddings`,
/// `classifier` or `projector`.
///
/// Embeddings, norms after the last block, poolers and heads do not belong to a block.
public enum BackboneRule {
  /// Whether a tensor of this name belongs to a block.
  public static func isBackbone(_ name: TensorName) -> Bool {
    let components = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    for (index, component) in components.enumerated().dropLast() {
      if isSomethingElse(component) { return false }
      if isNumber(components[index + 1]), index + 2 < components.count, isList(component) {
        return true
      }
      if isNumberedBlock(component) { return true }
    }
    return false
  }

  private static let words = ["layers", "layer", "blocks", "block"].map { Array($0.utf8) }
  private static let lists = ["h", "resblocks", "stages"].map { Array($0.utf8) }
  private static let others = [
    "head", "embed", "embedding", "embeddings", "classifier", "projector",
  ].map { Array($0.utf8) }

  /// `layers`, `transformer_blocks`, `h`, `layer1`.
  private static func isList(_ component: ArraySlice<UInt8>) -> Bool {
    let stem = component.prefix { !isDigit($0) }
    guard component[stem.endIndex...].allSatisfy(isDigit) else { return false }
    return words.contains { $0.elementsEqual(lastWord(of: stem)) }
      || lists.contains { $0.elementsEqual(component) }
  }

  private static func isSomethingElse(_ component: ArraySlice<UInt8>) -> Bool {
    others.contains { $0.elementsEqual(lastWord(of: component)) }
  }

  /// `encoder_layer_0`.
  private static func isNumberedBlock(_ component: ArraySlice<UInt8>) -> Bool {
    let stem = Array("encoder_layer_".utf8)
    return component.starts(with: stem) && isNumber(component.dropFirst(stem.count))
  }

  private static func lastWord(of component: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let underscore = component.lastIndex(of: UInt8(ascii: "_")) else { return component }
    return component[(underscore + 1)...]
  }

  private static func isNumber(_ component: ArraySlice<UInt8>) -> Bool {
    !component.isEmpty && component.allSatisfy(isDigit)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
