#!/bin/bash
# Everything that must pass before a change goes in: lint, a build without warnings, the tests on
# every OpenCL runtime there is and on none, Oclgrind, the example.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .build/check
summaries=()

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

# tests NAME VARIABLE=VALUE...: runs all tests in an environment.
tests() {
  local name=$1 log=.build/check/$1.log attempt status
  shift
  step "tests: $name"
  # Drivers may hang: what all threads did then is shown, and the tests run once more. A second time it is a
  # failure.
  for attempt in 1 2; do
    status=0
    env "$@" Scripts/limited.sh "${TESTS_SECONDS:-1500}" \
      swift test --skip-build --disable-xctest >"$log" 2>&1 </dev/null || status=$?
    ((status == 124)) || break
    sed -n '/^It has not ended/,$p' "$log" | cut -c1-200 | head -400
    echo "tests: $name hung" >&2
  done
  if ((status != 0)); then
    grep -F '✘' "$log" | cut -c1-400 || tail -50 "$log"
    echo "tests: $name failed; all of it is in $log" >&2
    exit "$status"
  fi
  closing=$(grep -E 'Test run with [0-9]+ tests' "$log" | tail -1)
  echo "$closing"
  summaries+=("$name: $closing")
}

step lint
Scripts/lint.sh

step "build (warnings are errors)"
swift build --build-tests

step example
Scripts/example.sh

step Oclgrind
Scripts/oclgrind.sh .build/debug/gpumerge

step faults
Tests/Faults/run.sh --quick .build/debug/gpumerge

tests cpu GPUMERGE_OPENCL_LIBRARY=none GPUMERGE_REQUIRE_DEVICE=0
while read -r name icd; do
  if [[ $name != pocl ]]; then tests "$name" OCL_ICD_VENDORS="$icd"; fi
done < <(Scripts/opencl-runtimes.sh)
# Last, so that the last lines are the test runner's.
tests pocl OCL_ICD_VENDORS=/etc/OpenCL/vendors/pocl.icd \
  GPUMERGE_REQUIRE_DEVICE="${GPUMERGE_REQUIRE_DEVICE:-0}"

step done
printf '%s\n' "${summaries[@]}" "$closing"
