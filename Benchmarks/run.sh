#!/bin/bash
# Measures gpumerge against its yardstick and its rivals: see Documentation/Benchmarks.md.
set -euo pipefail
cd "$(dirname "$0")/.."
Scripts/build.sh
tools=.build/bench
Benchmarks/yardstick/build.sh $tools/yardstick
flags=(-std=c23 -O2 -Wall -Wextra -Werror)
clang "${flags[@]}" Benchmarks/tools/measure.c -o $tools/measure
clang "${flags[@]}" Benchmarks/tools/opencl_init.c -o $tools/opencl_init -lOpenCL
Benchmarks/rivals/install.sh
PYTHONPATH=Benchmarks exec python3 -m harness "$@"
