import GPUMerge
import Testing

@Suite("Weights that are quantized with scales")
struct QuantizationTests {
  /// Tensors of two elements, hand-made: nothing of them is read.
  private func model(_ label: String, _ tensors: KeyValuePairs<String, DType>) -> LoadedModel {
    let storage = TensorStorage(byteCount: 64) { _ in }
    return LoadedModel(
      label: label,
      tensors: tensors.enumerated().map { index, tensor in
        TensorInfo(
          name: TensorName(tensor.key), dtype: tensor.value, shape: [2], source: storage,
          layout: .contiguous(byteOffset: 8 * index))
      })
  }

  private func failure(
    _ tensors: KeyValuePairs<String, DType>, selection: TensorSelection = TensorSelection()
  ) throws(GPUMergeError) -> GPUMergeError? {
    let planner = Planner(
      models: [model("a", tensors), model("b", tensors)], base: nil,
      algorithm: SimpleAverageAlgorithm(), dtype: nil, selection: selection)
    do throws(GPUMergeError) {
      _ = try planner.plan()
      return nil
    } catch {
      return error
    }
  }

  static let layouts: [(KeyValuePairs<String, DType>, String)] = [
    (["l.weight": .float8E4M3, "l.weight_scale": .float32], "l.weight_scale"),
    (["l.weight": .float8E4M3, "l.weight_scale_inv": .float32], "l.weight_scale_inv"),
    (["l.weight": .float8E5M2, "l.input_scale": .float32], "l.input_scale"),
    (["l.weight": .float8E4M3, "l.scale_weight": .float32], "l.scale_weight"),
    (["l.weight": .int8, "l.SCB": .float32], "l.SCB"),
    (["l.weight": .uint8, "l.weight.absmax": .float32], "l.weight.absmax"),
    (
      ["l.weight": .uint8, "l.weight.quant_state.bitsandbytes__nf4": .uint8],
      "l.weight.quant_state.bitsandbytes__nf4"
    ),
    (["l.qweight": .int32, "l.qzeros": .int32], "l.qzeros"),
    (["l.qweight": .int32, "l.scales": .float16], "l.scales"),
    (["l.weight_packed": .int32, "l.weight_scale": .bfloat16], "l.weight_scale"),
    (["weight": .float8E4M3, "weight_scale": .float32], "weight_scale"),
  ]

  @Test("are refused with the name of the scales", arguments: layouts)
  func refused(tensors: KeyValuePairs<String, DType>, companion: String) throws {
    let error = try #require(try failure(tensors))
    #expect(error.kind == .dtypeMismatch)
    #expect(error.subject == tensors[0].key)
    #expect(error.problem.contains("'\(companion)'"))
    #expect(error.advice?.contains("Dequantize") == true)
  }

  @Test("are refused when only the scales would be merged")
  func scalesAlone() throws {
    var selection = TensorSelection()
    selection.keep = ["*.weight"]
    let tensors: KeyValuePairs<String, DType> = [
      "l.weight": .float8E4M3, "l.weight_scale": .float32,
    ]
    #expect(try failure(tensors, selection: selection)?.subject == "l.weight_scale")
    selection.keep = ["l.*"]
    #expect(try failure(tensors, selection: selection) == nil)
  }

  @Test("are told from tensors that only have such names")
  func plain() throws {
    #expect(try failure(["l.weight": .float32, "l.weight_scale": .float32]) == nil)
    #expect(try failure(["l.weight": .float8E4M3, "m.weight_scale": .float32]) == nil)
    #expect(try failure(["l.num_batches_tracked": .int64, "l.scales": .float32]) == nil)
  }
}
