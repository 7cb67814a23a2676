#!/bin/bash
# Builds and runs the example, on the first OpenCL device or else the CPU, and on files.
set -euo pipefail
cd "$(dirname "$0")/.."
example=$PWD/Examples/AverageStateDicts
scratch=$PWD/.build/example

swift build --package-path "$example" --scratch-path "$scratch"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
Scripts/make_checkpoints.py --size tiny --count 2 "$folder" >/dev/null
cd "$folder"
"$scratch/debug/AverageStateDicts" model-1.safetensors model-2.safetensors
