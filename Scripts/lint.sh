#!/bin/bash
# Checks what a compiler does not: format, completeness, sizes.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
status=0

# files PATTERN...: the files of the working tree that match, known to git or new.
files() {
  git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
    if [[ -f $file ]]; then echo "$file"; fi
  done
}
mapfile -t swift < <(files '*.swift')
mapfile -t c < <(files '*.c' '*.h' '*.cl')

echo "swift format: ${#swift[@]} files"
swift format lint --strict --parallel "${swift[@]}" || status=1
echo "clang-format: ${#c[@]} files"
clang-format --dry-run -Werror "${c[@]}" || status=1
echo "rows of methods and kernels"
Scripts/check-rows.sh || status=1

long=$(wc -l "${swift[@]}" "${c[@]}" | awk '$2 != "total" && $1 > 400')
if [[ -n $long ]]; then printf 'files of more than 400 lines:\n%s\n' "$long"; fi
exit "$status"
