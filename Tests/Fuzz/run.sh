#!/bin/bash
# Fuzzes the parsers, one after the other, and fails if one of them breaks a rule.
#
#     run.sh [--minimise] [TARGET...]
#
# FUZZ_SECONDS is the time for each target, 60 by default. What is found is kept in .build/fuzz/finds;
# `gpumerge-fuzz TARGET FILE` runs one such file again. What reaches code that nothing else reached
# is kept in .build/fuzz/corpus, from which the next run goes on. --minimise puts the least that
# reaches as much into Tests/Fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=Tests/Fuzz
work=.build/fuzz
seconds=${FUZZ_SECONDS:-60}

minimise=false
if [[ ${1:-} == --minimise ]]; then
  minimise=true
  shift
fi
fuzz=$("$here/build.sh")
targets=("$@")
if ((${#targets[@]} == 0)); then mapfile -t targets < <("$fuzz"); fi

TMPDIR=$(mktemp -d -p "$([[ -w /dev/shm ]] && echo /dev/shm || echo /tmp)")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
# Without the quarantine, the memory that counts is what the parser holds.
export ASAN_OPTIONS=quarantine_size_mb=1:allocator_may_return_null=0
# libFuzzer writes the report.
export SWIFT_BACKTRACE=enable=no
"$here/seeds.py" "$work/seeds"
mkdir -p "$work/finds" "$work/log"

dictionary() {
  case $1 in
    safetensors | json | config-dtype | folder | journal) echo json ;;
    zip | torch-zip) echo zip ;;
    pickle | torch-legacy | any-file) echo pickle ;;
    configuration) echo yaml ;;
    glob) echo glob ;;
  esac
}

# options TARGET: those of libFuzzer. A small file, however bad, takes at most 10 s and 512 MiB, and
# nothing that it says makes more than 64 MiB at once.
options() {
  local dictionary
  dictionary=$(dictionary "$1")
  if [[ -n $dictionary ]]; then echo "-dict=$here/dictionaries/$dictionary.dict"; fi
  printf '%s\n' -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=72 -max_len=65536 \
    -artifact_prefix="$work/finds/$1-" -print_final_stats=1
}

if $minimise; then
  for target in "${targets[@]}"; do
    from=$work/minimise/$target/from
    to=$work/minimise/$target/to
    rm -rf "$from" "$to"
    mkdir -p "$from" "$to" "$work/corpus/$target" "$here/corpus/$target"
    # Small inputs only, what reaches most first, and none that seeds.py makes anyway.
    find "$here/corpus/$target" "$work/corpus/$target" -type f -size -1025c -exec cp {} "$from" \;
    cp "$work/seeds/$target"/* "$to"
    mapfile -t options < <(options "$target")
    "$fuzz" "$target" "${options[@]}" -set_cover_merge=1 -use_counters=0 "$to" "$from" \
      >"$work/log/$target.merge" 2>&1
    rm -f "$to"/seed-* "$here/corpus/$target"/*
    find "$to" -type f -exec cp {} "$here/corpus/$target" \;
    echo "$target: $(find "$here/corpus/$target" -type f | wc -l) inputs"
  done
  exit
fi

broken=()
printf '%-14s %9s %12s %9s %9s\n' target seconds executions edges inputs
for target in "${targets[@]}"; do
  log=$work/log/$target
  mkdir -p "$work/corpus/$target" "$here/corpus/$target"
  mapfile -t options < <(options "$target")
  start=$SECONDS
  status=0
  "$fuzz" "$target" "${options[@]}" -max_total_time="$seconds" \
    "$work/corpus/$target" "$here/corpus/$target" "$work/seeds/$target" >"$log" 2>&1 || status=$?
  progress=$(grep -aoE '#[0-9]+.*cov: [0-9]+.*' "$log" | tail -1)
  printf '%-14s %9s %12s %9s %9s\n' "$target" "$((SECONDS - start))" \
    "$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")" \
    "$(sed -nE 's/.*cov: ([0-9]+).*/\1/p' <<<"$progress")" \
    "$(sed -nE 's/.*corp: ([0-9]+).*/\1/p' <<<"$progress")"
  if ((status != 0)); then
    broken+=("$target")
    grep -aE 'BROKEN RULE|Fatal error|ERROR: |SUMMARY|Test unit written' "$log" | cut -c1-500 >&2
  fi
done

if ((${#broken[@]})); then
  echo "Found something in: ${broken[*]}. The whole reports are in $work/log, the inputs in $work/finds" >&2
  exit 1
fi
