#!/bin/bash
# Makes checkpoints and merges them in every way there is, on an OpenCL device and on the CPU; both
# must give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

# Prints a command as one would type it, then runs it.
run() {
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  "$@"
}

say() { printf '\n# %s\n' "$*"; }

say "Building (the first time takes a few minutes)"
run Scripts/build.sh
PATH=$PWD/.build/release:$PATH

mkdir -p .demo
cd .demo
say "A base model and three that were fine-tuned from it: Llama's shapes, bfloat16, random weights"
run ../Scripts/make_checkpoints.py --size small --count 3 --format bin models

say "The OpenCL devices of this machine"
run gpumerge devices

say "The average, on the first OpenCL device"
run gpumerge --device 0 --force models/model-*.bin -o average.bin

say "A weighted average, written as safetensors"
run gpumerge --device 0 --force models/model-*.bin -o weighted.safetensors --weights 0.6,0.3,0.1

say "DARE: a tenth of what each model learned, drawn at random and scaled up, added to the base"
run gpumerge --device 0 --force --method dare_simple_average --base models/base.bin \
  --sparsity-ratio 0.9 --seed 42 models/model-*.bin -o dare.bin

say "The same from a configuration in mergekit's schema"
cat >merge.yml <<'YAML'
merge_method: linear
models:
  - model: models/model-1.bin
    parameters: {weight: 0.6}
  - model: models/model-2.bin
    parameters: {weight: 0.3}
  - model: models/model-3.bin
    parameters: {weight: 0.1}
YAML
run cat merge.yml
run gpumerge --device 0 --force --config merge.yml -o config.safetensors

say "Once more without OpenCL, on the CPU path"
run gpumerge --device cpu --force models/model-*.bin -o average-cpu.bin
run gpumerge --device cpu --force --method dare_simple_average --base models/base.bin \
  --sparsity-ratio 0.9 --seed 42 models/model-*.bin -o dare-cpu.bin

say "Bit for bit the same, wherever they were merged"
run sha256sum average.bin average-cpu.bin dare.bin dare-cpu.bin weighted.safetensors \
  config.safetensors
cmp average.bin average-cpu.bin
cmp dare.bin dare-cpu.bin
cmp weighted.safetensors config.safetensors

say "Done. The files are in .demo; 'make clean' removes them."
