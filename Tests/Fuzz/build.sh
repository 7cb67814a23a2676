#!/bin/bash
# Builds gpumerge-fuzz, optimised, with AddressSanitizer and libFuzzer; prints its path.
set -euo pipefail
cd "$(dirname "$0")"

toolchain=$(dirname "$(dirname "$(realpath "$(command -v swiftc)")")")
driver=$(find "$toolchain/lib" -name "libclang_rt.fuzzer_no_main-$(uname -m).a" | head -1)
if [[ -z $driver ]]; then
  echo "There is no libFuzzer (libclang_rt.fuzzer_no_main) in the Swift toolchain $toolchain" >&2
  exit 1
fi
coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table
flags=(
  --scratch-path ../../.build/fuzz -c release --product gpumerge-fuzz --sanitize address
  -Xswiftc -sanitize-coverage=$coverage -Xcc -fsanitize-coverage=$coverage
  -Xswiftc -enable-testing  # Most parsers are internal to the library.
  -Xswiftc -use-ld=lld -Xlinker -u -Xlinker LLVMFuzzerRunDriver -Xlinker "$driver"
  -Xlinker -lstdc++
)
swift build "${flags[@]}" >&2
echo "$(swift build "${flags[@]}" --show-bin-path)/gpumerge-fuzz"
