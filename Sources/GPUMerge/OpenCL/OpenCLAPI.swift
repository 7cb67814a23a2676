package import OpenCLLoader

/// The functions of an OpenCL library.
///
/// Everything that calls OpenCL is given one of these, so that a test can replace a function by one
/// that fails.
package final class OpenCLAPI: Sendable {
  package let functions: opencl_api

  package init(_ functions: opencl_api) { self.functions = functions }

  /// The system's OpenCL library, opened when it is first asked for.
  package static let system: Result<OpenCLAPI, Missing> = {
    var problem: UnsafePointer<CChar>?
    if let functions = opencl_load(&problem) { return .success(OpenCLAPI(functions.pointee)) }
    return .failure(Missing(reason: problem.map { String(cString: $0) } ?? "cannot open OpenCL"))
  }()

  /// There is no OpenCL library, or it is not usable.
  package struct Missing: Error, Sendable {
    package var reason: String
  }
}
