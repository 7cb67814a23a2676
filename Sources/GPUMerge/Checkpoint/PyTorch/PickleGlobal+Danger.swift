// Names that have no place in any checkpoint.
extension PickleGlobal {
  /// Whether `module.name` is a common means to run something.
  ///
  /// Nothing is ever run, whatever the name. But who finds these in a file should not pass over them.
  static func isDangerous(module: String, name: String) -> Bool {
    let module = module == "__builtin__" ? "builtins" : module
    let parts = module.split(separator: ".", omittingEmptySubsequences: false)
    guard let package = parts.first, !package.isEmpty, !name.isEmpty else { return true }
    if package == "builtins" { return !harmlessBuiltins.contains(name) }
    // A name with dots leads through attributes, such as `torch.serialization` to `os.system`.
    let path = name.split(separator: ".", omittingEmptySubsequences: false)
    return dangerousModules.contains(String(package))
      || path.dropLast().contains { dangerousModules.contains(String($0)) || $0.hasPrefix("__") }
      || dangerousNames.contains("\(module).\(name)") || dangerousNames.contains("\(module).*")
  }

  private static let harmlessBuiltins: Set<String> = [
    "Ellipsis", "NotImplemented", "bool", "bytes", "dict", "float", "frozenset", "int", "list",
    "long", "object", "range", "slice", "str", "tuple", "type", "unicode", "xrange",
  ]

  private static let dangerousModules: Set<String> = [
    "_io", "_pickle", "_posixsubprocess", "_thread", "_winapi", "aiohttp", "asyncio", "bdb",
    "cPickle", "cProfile", "cffi", "cloudpickle", "codeop", "ctypes", "dill", "ensurepip", "ftplib",
    "gc", "httplib", "idlelib", "imp", "importlib", "io", "marshal", "mmap", "multiprocessing",
    "nt",
    "ntpath", "operator", "os", "pdb", "pickle", "pip", "pkg_resources", "pkgutil", "popen2",
    "posix", "posixpath", "pty", "pydoc", "requests", "runpy", "setuptools", "shelve", "shutil",
    "smtplib", "socket", "socketserver", "ssl", "subprocess", "sys", "tempfile", "timeit", "urllib",
    "urllib2", "webbrowser", "xmlrpc", "zipimport",
  ]

  private static let dangerousNames: Set<String> = [
    "code.*", "commands.*", "numpy.load", "profile.*", "numpy.testing._private.utils.*",
    "torch.load", "torch.hub.*", "torch.jit.load",
    "torch.serialization.load", "torch.storage._load_from_bytes", "torch.utils.cpp_extension.*",
    "types.CodeType", "types.FunctionType", "types.LambdaType",
  ]
}
