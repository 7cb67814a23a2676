#!/bin/bash
# Installs what gpumerge is built and tested with, on Debian and Ubuntu. Does nothing when all of it
# is there already.
set -euo pipefail

packages=(
  make zlib1g-dev opencl-headers ocl-icd-opencl-dev ocl-icd-libopencl1  # to build
  pocl-opencl-icd oclgrind  # OpenCL devices that every machine has
  clang-format python3 python3-venv strace procps  # to lint, make checkpoints, inject faults, find hangs
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done

if ((${#missing[@]})); then
  sudo=()
  if ((EUID != 0)); then sudo=(sudo); fi
  echo "installing ${missing[*]}"
  "${sudo[@]}" apt-get update -qq </dev/null
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
fi

if ! swift --version >/dev/null 2>&1; then
  echo "There is no swift in PATH: install Swift 6.3 or later (https://www.swift.org/install)" >&2
  exit 1
fi
