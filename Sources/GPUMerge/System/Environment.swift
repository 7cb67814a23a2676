import Glibc

/// The environment variables of this process.
enum Environment {
  /// The value of a variable, nil if it is not set.
  static func value(of name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// All variables, each as NAME=VALUE.
  static var all: [String] {
    var variables: [String] = []
    var entry = environ
    while let text = entry.pointee {
      variables.append(String(cString: text))
      entry += 1
    }
    return variables
  }
}
