#!/bin/bash
# Makes a virtual environment for each rival, and one for Intel's OpenCL runtime: .venv-bench/NAME.
#
# pip takes a CPU build of torch where it is configured to find one. What cannot be installed is
# told, and not measured.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

for requirements in Benchmarks/rivals/*.txt; do
  name=$(basename "$requirements" .txt)
  environment=.venv-bench/$name
  if ! cmp -s "$requirements" "$environment/installed.txt"; then
    echo "installing $name in $environment"
    python3 -m venv --clear "$environment" &&
      "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" &&
      cp "$requirements" "$environment/installed.txt" ||
      echo "$name cannot be installed, so it is not measured" >&2
  fi
done
