import Glibc

// gpumerge-fuzz TARGET [libFuzzer's options and corpora]

guard CommandLine.argc > 1, let target = FuzzTarget.named(CommandLine.arguments[1]) else {
  print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
  exit(CommandLine.argc > 1 ? EX_USAGE : 0)
}
FuzzTarget.chosen = target
exit(Driver.run(target.name))
