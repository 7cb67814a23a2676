import Foundation

extension Scratch {
  /// Compiles a shared library from C, and returns its path.
  package func compileLibrary(_ code: String, options: [String] = []) throws -> String {
    try write(code, to: "driver.c")
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments =
      ["cc", "-shared", "-fPIC", "-w", "-o", "driver.so", "driver.c"] + options
    compiler.currentDirectoryURL = URL(fileURLWithPath: path)
    try compiler.run()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    return url("driver.so").path
  }
}
