#!/bin/bash
# Checks that every merge method and every kernel family has all of its parts, by name: see
# Documentation/AddingAMethod.md.
set -euo pipefail
cd "$(dirname "$0")/.."
problems=0

# need WHAT TEXT FILE...: TEXT occurs in one of the files.
need() {
  local what=$1 text=$2
  shift 2
  if ! grep -rqwF -- "$text" "$@" 2>/dev/null; then
    echo "$what: there is no '$text' in $*" >&2
    problems=$((problems + 1))
  fi
}

kernels=Sources/Kernels
for source in "$kernels"/cl/*.cl; do
  family=$(basename "$source" .cl)
  if [[ ! -e $kernels/cpu/$family.c ]]; then
    echo "$family: there is no $kernels/cpu/$family.c" >&2
    problems=$((problems + 1))
  fi
  need "$family" "kernel void $family" "$source"
  need "$family" "gm_$family" $kernels/include/kernel_types.h
  need "$family" "gm_${family}_parameters" $kernels/include/kernel_types.h
  need "$family" "cl/$family.cl" $kernels/sources.c
  need "$family" "gm_$family" Sources/GPUMerge/Methods/ElementwiseOperation.swift
  need "$family" "gm_$family" Tests
done

while IFS=: read -r file name; do
  type=$(grep -oP 'public struct \K\w+(?=: MergeAlgorithm)' "$file")
  need "$type" "$type.name" Sources/GPUMerge/Methods/MergeMethods.swift
  need "$type" "$type" Tests/GPUMergeTests
  need "$type" "$name" Tests/Interop
  need "$type" "$name" README.md
  need "$type" "$name" Documentation/Numerics.md
  need "$type" "merge_method: $name" "Examples/$name.yml"
done < <(grep -HoP 'static let name = "\K\w+' Sources/GPUMerge/Methods/*.swift)

((problems == 0))
