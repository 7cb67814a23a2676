/// The files of weights that an output consists of.
package struct OutputPlan: Sendable {
  /// One file: its name, and where each of its bytes comes from.
  package struct File: Sendable {
    package var name: String
    package var plan: MergePlan
  }

  package var files: [File]

  package init(files: [File]) { self.files = files }

  package var byteCount: Int { files.reduce(0) { $0 + $1.plan.layout.byteCount } }
  package var inputByteCount: Int { files.reduce(0) { $0 + $1.plan.inputByteCount } }
  package var isSharded: Bool { files.count > 1 }
}
