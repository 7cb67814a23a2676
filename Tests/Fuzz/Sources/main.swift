import Glibc

// gpumerge-fuzz TARGET [libFuzzer's options, corpora and files]

// libFuzzer starts itself again for some of its work, without the name of the target.
let variable = "GPUMERGE_FUZZ_TARGET"
let inherited = getenv(variable).map { String(cString: $0) }
let name = inherited ?? CommandLine.arguments.dropFirst().first
guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
  print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
  exit(name == nil ? 0 : EX_USAGE)
}
setenv(variable, target.name, 1)
FuzzTarget.chosen = target
exit(Driver.run(skipping: inherited == nil ? 1 : 0))
