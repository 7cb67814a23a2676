#!/bin/bash
# Merges with each method under Oclgrind, which simulates a device and reports accesses out of bounds,
# races and wrong calls. The results must be those of the CPU path.
#
#     oclgrind.sh GPUMERGE
set -euo pipefail
gpumerge=$(realpath "$1")
scripts=$(realpath "$(dirname "$0")")
runtime=/usr/lib/oclgrind/liboclgrind-rt-icd.so
if [[ ! -e $runtime ]]; then echo "Oclgrind is not installed: skipped" && exit 0; fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$scripts/make_checkpoints.py" --size tiny --count 3 . >/dev/null
echo "$runtime" >oclgrind.icd
# Not OCLGRIND_UNINITIALIZED: with it, Oclgrind 21.10 crashes on kernel arguments that are structures.
# Kernels are compiled, not taken from earlier runs.
export GPUMERGE_CACHE=
export OCLGRIND_DATA_RACES=1 OCLGRIND_CHECK_API=1
export OCLGRIND_LOG=$folder/log
# Optimised code calls functions of LLVM (llvm.usub.sat) that Oclgrind 21.10 does not have, and so does inlined
# code (llvm.experimental.noalias.scope.decl).
export OCLGRIND_BUILD_OPTIONS="-cl-opt-disable -DGM_KEEPS_CALLS"

models=(model-*.safetensors)

merge() {
  OCL_ICD_VENDORS=$folder/oclgrind.icd "$gpumerge" --quiet --device 0 --require-device --force \
    "${models[@]}" -o device.safetensors "$@"
  "$gpumerge" --quiet --device cpu --force "${models[@]}" -o cpu.safetensors "$@"
  if [[ -s log ]]; then
    head -50 log >&2
    exit 1
  fi
  cmp device.safetensors cpu.safetensors
  echo "no fault: ${*:-simple_average}"
}

merge
merge --weights 0.5,0.3,-0.1
merge --dtype float64
merge --method dare_simple_average --base base.safetensors --sparsity-ratio 0.3 --seed 1
merge --method dare_simple_average --base base.safetensors --sparsity-ratio 0.3 --dtype float32
for dtype in float8_e4m3fn float8_e5m2fnuz; do
  merge --dtype $dtype
  for model in model-*.safetensors; do
    "$gpumerge" --quiet --device cpu "$model" --dtype $dtype -o "$dtype-$model"
  done
done
for dtype in float8_e4m3fn float8_e5m2fnuz; do
  models=("$dtype"-*.safetensors)
  merge
done
