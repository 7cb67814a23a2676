import GPUMerge
import SystemPackage

/// What is told about a finished merge.
struct MergeSummary {
  private let report: MergeReport

  init(_ report: MergeReport) { self.report = report }

  /// What the merge did, on one line.
  var line: String {
    let models = Quantity.items(report.models.count, "model")
    let output = escaped(report.output?.string ?? "", limit: 4096)
    let traffic = report.readByteCount + report.writtenByteCount
    return "merged \(models) -> \(output): \(Quantity.items(report.tensorCount, "tensor")), "
      + "\(Quantity.count(report.parameterCount)) parameters, "
      + "\(Quantity.bytes(report.readByteCount)) read, "
      + "\(Quantity.bytes(report.writtenByteCount)) written "
      + "in \(Quantity.time(seconds)) (\(Quantity.rate(traffic, seconds: seconds))) "
      + "on \(escaped(report.device, limit: 4096))"
      + (report.resumedByteCount > 0
        ? "; \(Quantity.bytes(report.resumedByteCount)) were finished before" : "")
  }

  /// What the data showed that a person should look at.
  var findings: [String] {
    var findings: [String] = []
    let source = report.base == nil ? "first model" : "base model"
    if let first = report.differingCounters.first {
      findings.append(
        "\(Quantity.items(report.differingCounters.count, "integer tensor")) of one element, "
          + "first '\(escaped(first.description))', not the same in all models: "
          + "the output has the value of the \(source)")
    }
    if let first = report.differingIntegers.first {
      findings.append(
        "\(Quantity.items(report.differingIntegers.count, "integer tensor")), first "
          + "'\(escaped(first.description))', not the same in all models: "
          + "the output has those of the \(source)")
    }
    if let first = report.nonFinite.first {
      findings.append(
        "\(Quantity.items(report.nonFinite.count, "tensor")) with NaN or infinity, first "
          + "'\(escaped(first.name.description))' with \(Quantity.items(first.count, "such element")) "
          + "from element \(first.firstElement) on")
    }
    return findings
  }

  /// The SHA-256 of the output's files, one a line, as `sha256sum --check` reads them.
  var checksums: String {
    report.files.map { file in
      let name = file.path.string
      guard name.contains(where: { "\\\n\r".contains($0) }) else {
        return "\(file.sha256 ?? "")  \(name)\n"
      }
      let escaped = name.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        .replacing("\r", with: "\\r")
      return "\\\(file.sha256 ?? "")  \(escaped)\n"
    }.joined()
  }

  /// Everything, for programs.
  var json: JSONValue {
    .object([
      ("method", .string(report.method)),
      ("parameters", .parameters(report.parameters)),
      ("inputs", .array(report.models.map(JSONValue.string))),
      ("base", report.base.map(JSONValue.string) ?? .null),
      ("output", report.output.map { .string($0.string) } ?? .null),
      ("tensor_count", .integer(report.tensorCount)),
      ("parameter_count", .integer(report.parameterCount)),
      ("bytes_read", .integer(report.readByteCount)),
      ("bytes_written", .integer(report.writtenByteCount)),
      ("bytes_resumed", .integer(report.resumedByteCount)),
      ("files", .array(report.files.map(file))),
      ("seconds", .number(seconds)),
      ("device", .string(report.device)),
      ("peak_memory_bytes", .integer(peakResidentByteCount())),
      ("staging_bytes", .integer(report.stagingByteCount)),
      ("non_finite", .array(report.nonFinite.map(nonFinite))),
      (
        "differing_counters",
        .array(report.differingCounters.map { .string($0.description) })
      ),
      (
        "differing_integers",
        .array(report.differingIntegers.map { .string($0.description) })
      ),
      ("warnings", .array((report.warnings + findings).map(JSONValue.string))),
      ("tensors", FateReport(report.tensors).json),
    ])
  }

  private func file(_ file: MergeReport.WrittenFile) -> JSONValue {
    .object([
      ("path", .string(file.path.string)), ("bytes", .integer(file.byteCount)),
      ("sha256", file.sha256.map(JSONValue.string) ?? .null),
    ])
  }

  private func nonFinite(_ tensor: MergeReport.NonFiniteTensor) -> JSONValue {
    .object([
      ("tensor", .string(tensor.name.description)),
      ("count", .integer(tensor.count)),
      ("first_element", .integer(tensor.firstElement)),
    ])
  }

  private var seconds: Double { report.duration / .seconds(1) }
}
