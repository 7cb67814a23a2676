#!/bin/bash
# Merges large and many models. SIZE_FOLDER names a folder with 20 GB of room; /tmp without it.
set -euo pipefail
cd "$(dirname "$0")/../.."
Scripts/build.sh
GPUMERGE=$PWD/.build/release/gpumerge GPUMERGE_CACHE= PYTHONDONTWRITEBYTECODE=1 \
  python3 -m unittest discover --start-directory Tests/Size --pattern '*_tests.py' --verbose
