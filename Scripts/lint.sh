#!/bin/bash
# Checks what a compiler does not: format, completeness, sizes.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t swift < <(git ls-files --cached --others --exclude-standard \
  '*.swift' | while read -r file; do [[ -e $file ]] && echo "$file"; done)
mapfile -t c < <(git ls-files --cached --others --exclude-standard \
  'Sources/*.c' 'Sources/*.h' 'Sources/*.cl' 'Benchmarks/*.c' |
  while read -r file; do [[ -e $file ]] && echo "$file"; done)

echo "swift format: ${#swift[@]} files"
swift format lint --strict --parallel "${swift[@]}"
echo "clang-format: ${#c[@]} files"
clang-format --dry-run -Werror "${c[@]}"
echo "rows of methods and kernels"
Scripts/check-rows.sh

long=$(wc -l "${swift[@]}" "${c[@]}" | awk '$2 != "total" && $1 > 400')
if [[ -n $long ]]; then echo "files of more than 400 lines:" && echo "$long"; fi
