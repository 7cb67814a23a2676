#!/bin/bash
# Formats all sources in place.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files -z --cached --others --exclude-standard '*.swift' | xargs -0 -r swift format -i
git ls-files -z --cached --others --exclude-standard \
  'Sources/*.c' 'Sources/*.h' 'Sources/*.cl' | xargs -0 -r clang-format -i
