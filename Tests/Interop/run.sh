#!/bin/bash
# Runs the interoperability tests in a virtual environment of their own, .venv-interop.
#
# pip takes a CPU build of torch where it is configured to find one; otherwise it downloads the CUDA
# build, several gigabytes, without which that build cannot be imported. INTEROP_PYTHON names a
# Python that has the requirements already.
#
# Transformers 5 is one of the requirements. Version 4 goes to a folder of its own, where only the
# processes look that try it.
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=.venv-interop
python=${INTEROP_PYTHON:-$environment/bin/python}

# install FILE OPTION...: installs what a file of requirements lists, unless that is done.
install() {
  local file=$1 done=$environment/$1
  shift
  if ! cmp -s "Tests/Interop/$file" "$done"; then
    "$python" -m pip install --quiet --disable-pip-version-check \
      -r "Tests/Interop/$file" "$@"
    cp "Tests/Interop/$file" "$done"
  fi
}

if [[ -z ${INTEROP_PYTHON:-} ]]; then
  if [[ ! -e $python ]]; then python3 -m venv $environment; fi
  install requirements.txt
fi
mkdir -p $environment
install requirements-transformers-4.txt --no-deps --upgrade --target $environment/transformers-4

Scripts/build.sh
GPUMERGE=$PWD/.build/release/gpumerge GPUMERGE_CACHE= \
  TRANSFORMERS_4=$PWD/$environment/transformers-4 PYTHONDONTWRITEBYTECODE=1 "$python" -m unittest discover \
  --start-directory Tests/Interop --pattern '*_tests.py' --verbose
