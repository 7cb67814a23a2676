#!/bin/bash
# Runs the tests of faults: kills at every system call, failing disks, inputs that change.
#
#     run.sh [--quick] [GPUMERGE]
#
# --quick leaves out those that try every system call.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests=(fault_tests place_tests process_tests exhaustive_tests)
if [[ ${1:-} == --quick ]]; then
  shift
  tests=(fault_tests place_tests process_tests)
fi
program=${1:-}
if [[ -z $program ]]; then
  Scripts/build.sh
  program=.build/release/gpumerge
fi
program=$(realpath "$program")
cd Tests/Faults
GPUMERGE=$program GPUMERGE_CACHE= PYTHONDONTWRITEBYTECODE=1 python3 -m unittest --verbose "${tests[@]}"
