#!/bin/bash
# Runs the interoperability tests in a virtual environment of their own, .venv-interop.
#
# pip takes a CPU build of torch where it is configured to find one; otherwise it downloads the CUDA
# build, several gigabytes, without which that build cannot be imported. INTEROP_PYTHON names a
# Python that has the requirements already.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${INTEROP_PYTHON:-.venv-interop/bin/python}
if [[ -z ${INTEROP_PYTHON:-} ]] &&
  ! cmp -s Tests/Interop/requirements.txt .venv-interop/installed.txt; then
  python3 -m venv .venv-interop
  "$python" -m pip install --quiet --disable-pip-version-check -r Tests/Interop/requirements.txt
  cp Tests/Interop/requirements.txt .venv-interop/installed.txt
fi
swift build -c release --product gpumerge
GPUMERGE=$PWD/.build/release/gpumerge "$python" -m unittest discover \
  --start-directory Tests/Interop --pattern '*_tests.py' --verbose
