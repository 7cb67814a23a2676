#!/bin/bash
# Runs the tests with the sanitizers: address (with leaks) and undefined behaviour together, then
# threads. Swift has no undefined-behaviour sanitizer on Linux, so that one is for the C sources alone.
#
#     sanitize.sh [address] [thread] [-- OPTION...]
#
# Options are those of swift test, such as --filter. Each sanitizer has a build folder of its own, and
# takes many times as long as the tests alone.
set -euo pipefail
cd "$(dirname "$0")/.."
suppressions=$PWD/Scripts/sanitizers

sanitizers=()
while (($# > 0)) && [[ $1 != -- ]]; do
  sanitizers+=("$1")
  shift
done
if (($# > 0)); then shift; fi
if ((${#sanitizers[@]} == 0)); then sanitizers=(address thread); fi

# tests NAME [OPTION...]: builds with a sanitizer and runs the tests, where OpenCL is a run of its own.
tests() {
  local name=$1 folder=.build-${1:0:1}san status=0
  local log=$folder/tests.log
  local -a build=(--sanitize="$name" --scratch-path "$folder" -Xcc -Wno-pass-failed)
  shift
  # Sanitized loops are not vectorized, which the kernels ask for.
  case $name in
    address) build+=(-Xcc -fsanitize=undefined) ;;
    # See Sources/GPUMerge/System/Mutex.swift.
    thread) build+=(-Xswiftc -DTHREAD_SANITIZER) ;;
  esac
  printf '\n== %s (%s s): build\n' "$name" "$SECONDS"
  swift build --build-tests "${build[@]}"
  printf '\n== %s (%s s): tests\n' "$name" "$SECONDS"
  swift test --skip-build --disable-xctest "${build[@]}" "$@" >"$log" 2>&1 </dev/null || status=$?
  if grep -qE '^(==[0-9]+==ERROR|WARNING: ThreadSanitizer|.*: runtime error: )' "$log"; then
    grep -nE -A20 '^(==[0-9]+==ERROR|WARNING: ThreadSanitizer|.*: runtime error: )' "$log" | head -100
    status=1
  fi
  if ((status != 0)); then
    grep -F '✘' "$log" | cut -c1-400 || tail -50 "$log"
    echo "$name: failed; all of it is in $log" >&2
    exit "$status"
  fi
  grep -E 'Test run with [0-9]+ tests' "$log" | tail -1
}

# Without OpenCL, unless it is asked for by GPUMERGE_OPENCL_LIBRARY=libOpenCL.so.1: drivers are not
# instrumented, and how their threads hand work to each other is not seen.
export GPUMERGE_OPENCL_LIBRARY=${GPUMERGE_OPENCL_LIBRARY:-none} GPUMERGE_REQUIRE_DEVICE=0

# The tests look at what a crashing child process leaves, so that crashes are not the sanitizer's.
export ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigfpe=0
export LSAN_OPTIONS=suppressions=$suppressions/leak.txt:print_suppressions=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigfpe=0:suppressions=$suppressions/thread.txt:print_suppressions=0

for sanitizer in "${sanitizers[@]}"; do
  case $sanitizer in
    # The limits of memory and time that these hold are not those of sanitized programs; address spaces
    # of 160 MB have no room for a sanitizer, and six descriptors are too few for it.
    address) tests address --skip HostileCost --skip outOfMemory --skip noDescriptors \
      --skip ExitStatusTests/descriptors "$@" ;;
    # The tests of kernels and methods against exact arithmetic take an hour, most of it in that. With a
    # limit on the size of files, as on the page of errors, this sanitizer itself ends with a signal.
    thread) tests thread --skip HostileCost --skip outOfMemory --skip ExitStatusTests/descriptors \
      --skip ErrorPageTests --skip KernelsTests --skip MethodTests "$@" ;;
    *) echo "sanitize.sh: there is no sanitizer '$sanitizer' here: address or thread" >&2 && exit 64 ;;
  esac
done
