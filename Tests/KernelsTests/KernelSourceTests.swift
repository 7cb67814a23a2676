import Kernels
import Testing

@Suite("OpenCL C sources")
struct KernelSourceTests {
  @Test("are whole, and name their kernel function", arguments: [gm_linear, gm_dare])
  func sources(family: gm_family) {
    let source = String(cString: gm_kernel_source(family))
    let name = String(cString: gm_kernel_name(family))
    #expect(source.contains("kernel void \(name)("))
    #expect(source.hasSuffix("}\n"))
  }

  @Test("the prelude begins with the types and is plain ASCII")
  func prelude() {
    var texts: [String] = []
    while let text = gm_kernel_prelude[texts.count] { texts.append(String(cString: text)) }
    #expect(texts.first?.contains("GPUMERGE_KERNEL_TYPES_H") == true)
    #expect(texts.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } && $0.hasSuffix("#endif\n") })
  }

  @Test("options carry every part of a kernel, and are cut at the capacity")
  func options() {
    let kernel = gm_kernel(
      family: gm_dare, input: gm_bf16, base: gm_f32, output: gm_f64, division: gm_divide_full,
      wide: true, first: false, last: true, inputs: 3)
    let expected =
      "-DIN_DTYPE=1 -DBASE_DTYPE=2 -DOUT_DTYPE=3 -DDIVISION=2 -DWIDE=1 -DFIRST=0 -DLAST=1 "
      + "-DINPUTS=3 -DSOFT_FP64=1 -DFAST_F32=0 -DRUNS=1"
    let target = gm_target(soft_fp64: true, fast_f32: false, runs: true)
    var buffer = [CChar](repeating: 1, count: 256)
    #expect(gm_kernel_options(kernel, target, &buffer, buffer.count) == expected.utf8.count)
    #expect(
      buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } == expected)
    #expect(gm_kernel_options(kernel, target, &buffer, 10) == expected.utf8.count)
    #expect(buffer[9] == 0)
  }

  @Test("parameters have the same layout on host and device")
  func layout() {
    #expect(MemoryLayout<gm_piece>.size == 176)
    #expect(MemoryLayout<gm_linear_parameters>.size == 152)
    #expect(MemoryLayout<gm_dare_parameters>.size == 48)
  }
}
