#!/bin/bash
# Measures gpumerge on every OpenCL device of a machine, compares outputs with those of the CPU path, and
# says which of the bars for GPUs are met: see "On a GPU" in Documentation/Benchmarks.md.
#
# Needs bash, coreutils, an OpenCL loader (libOpenCL.so.1, or what GPUMERGE_OPENCL_LIBRARY names) and a
# gpumerge that was built with --static-swift-stdlib. Nothing is installed.
set -uo pipefail
export LC_ALL=C

usage="usage: gpu.sh [--program PATH] [--folder FOLDER] [--output FOLDER]
  --program  the gpumerge to measure (default: .build/release/gpumerge, else that in PATH)
  --folder   where models go for a while, 4 GB: on the disk that matters (default: /tmp)
  --output   where the results go (default: gpu-results)"

fail() {
  echo "gpu.sh: $1" >&2
  exit "${2:-1}"
}

program='' folder=/tmp output=gpu-results
while (($#)); do
  case $1 in
    --help | -h)
      echo "$usage"
      exit
      ;;
    --program | --folder | --output)
      (($# > 1)) || fail "$1 needs a value"$'\n'"$usage" 64
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    *) fail "what is '$1'?"$'\n'"$usage" 64 ;;
  esac
done
if [[ -z $program ]]; then
  program=${BASH_SOURCE[0]%/*}/../.build/release/gpumerge
  [[ -x $program ]] || program=$(command -v gpumerge) ||
    fail "there is no gpumerge: name it with --program" 66
fi
program=$(realpath -- "$program")
"$program" --version >/dev/null || fail "$program does not run" 66
mkdir -p -- "$output" || fail "cannot create $output" 73
output=$(realpath -- "$output")
work=$(mktemp -d -- "$folder/gpumerge-gpu-XXXXXX") || fail "cannot write to $folder" 73
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP

summary=$output/summary.txt
: >"$summary" || fail "cannot write to $output" 73
say() { printf '%s\n' "$*" | tee -a -- "$summary"; }
failures=0
# verdict PASSES TEXT: a line of the summary, of which those that do not pass are counted.
verdict() {
  if (($1)); then say "  pass  $2"; else
    say "  FAIL  $2"
    ((failures += 1))
  fi
}

# --- Models: safetensors files with a header written here and the numbers from a counter.

little_endian_64() {
  local byte
  for byte in 0 8 16 24 32 40 48 56; do printf '%b' "\\x$(printf %02x $(($1 >> byte & 255)))"; done
}

# model FILE TYPE WIDTH SEED: two tensors, of 8 million elements and of an odd number of them.
model() {
  local large=$((8192 * 1024 * $3)) all=$((8192 * 1024 * $3 + 4099 * $3)) header
  header="{\"embed.weight\":{\"dtype\":\"$2\",\"shape\":[8192,1024],\"data_offsets\":[0,$large]},"
  header+="\"norm.weight\":{\"dtype\":\"$2\",\"shape\":[4099],\"data_offsets\":[$large,$all]}}"
  while ((${#header} % 8)); do header+=' '; done
  {
    little_endian_64 ${#header}
    printf %s "$header"
    # Digits of consecutive numbers, each 6 bits of which become one of 16 bytes: numbers of both signs
    # from 2^-15 to 2.
    seq "$4"00000000 "$4"99999999 | base64 -w 0 |
      tr 'A-Za-z0-9+/' '\070-\077\270-\277\070-\077\270-\277\070-\077\270-\277\070-\077\270-\277' |
      head -c "$all"
  } >"$1"
}

# --- The machine and its devices.

{
  "$program" --version
  uname -srm
  while IFS= read -r line; do
    if [[ $line == "model name"* ]]; then
      echo "${line#*: }, $(nproc) processors"
      break
    fi
  done </proc/cpuinfo
  read -r line </proc/meminfo && echo "$line"
  df -h -- "$work"
} >"$output/machine.txt" 2>&1
"$program" devices >"$output/devices.txt" || fail "gpumerge devices failed"
"$program" devices --json >"$output/devices.json" || fail "gpumerge devices failed"
say "gpumerge $("$program" --version), $(date -u +%Y-%m-%d), on:"
say "$(cat -- "$output/devices.txt")"

indices=() types=()
rest=$(<"$output/devices.json")
while [[ $rest =~ \"index\":([0-9]+),(.*)$ ]]; do
  indices+=("${BASH_REMATCH[1]}")
  rest=${BASH_REMATCH[2]}
  [[ $rest =~ \"type\":\"([a-z]+)\" ]] && types+=("${BASH_REMATCH[1]}")
done
((${#indices[@]})) || fail "there is no OpenCL device to measure: see $output/devices.txt" 69

# --- What gpumerge measures.

# bench DEVICE NAME: gpumerge bench as text and as JSON.
bench() {
  echo "measuring device $1 ..." >&2
  "$program" bench --device "$1" --folder "$work" >"$output/bench-$2.txt" &&
    "$program" bench --device "$1" --folder "$work" --json >"$output/bench-$2.json"
}

# percent SHARE: a share of 1 in whole percent, rounded down.
percent() {
  local millionths
  printf -v millionths %.6f "$1"
  echo $((10#${millionths/./} / 10000))
}

# judge TYPE SHARE TEXT: a bar of 85 %, which is none for CPUs.
judge() {
  local share
  share=$(percent "$2")
  if [[ $1 == cpu ]]; then say "  -     $3: $share % (the bars are for GPUs and accelerators)"; else
    verdict $((share >= 85)) "$3: $share % (at least 85 %)"
  fi
}

# bars INDEX TYPE: compares what bench measured with the bars.
bars() {
  local json rest
  json=$(<"$output/bench-$1.json")
  rest=$json
  while [[ $rest =~ \"kernel\":\"([a-z_]+)\",\"dtype\":\"([a-z0-9]+)\",\"bytes_per_second\":[0-9.eE+-]+,\"share_of_copy\":([0-9.eE+-]+)(.*)$ ]]; do
    rest=${BASH_REMATCH[4]}
    case ${BASH_REMATCH[1]} in
      accumulate_* | drop_and_rescale)
        judge "$2" "${BASH_REMATCH[3]}" \
          "${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}, of the copy on the device"
        ;;
    esac
  done
  if [[ $json =~ \"in_memory_merge\":[^}]*\"share_of_upload\":([0-9.eE+-]+) ]]; then
    say "  -     merge in memory, of the pinned upload: $(percent "${BASH_REMATCH[1]}") % (the host copies it first)"
  fi
  if [[ $json =~ \"pinned_merge\":[^}]*\"share_of_upload\":([0-9.eE+-]+) ]]; then
    judge "$2" "${BASH_REMATCH[1]}" "merge in pinned memory, of the pinned upload"
  else
    say "  -     merge in memory: the device works in the host's memory, there is no upload"
  fi
}

bench cpu cpu || fail "gpumerge bench --device cpu failed"

# --- Merges on a device and on the CPU path.

declare -A expected
# merge DEVICE METHOD COUNT TYPE: the SHA-256 of a merge.
merge() {
  local models=() index
  for ((index = 1; index <= $3; index++)); do models+=("$work/$4-$index.safetensors"); done
  local options=(--device "$1" --force --sha256 -o "$work/merged.safetensors")
  [[ $1 == cpu ]] || options+=(--require-device)
  case $2 in
    weighted)
      local weights=1
      for ((index = 2; index <= $3; index++)); do weights+=,0.$index; done
      options+=(--weights "$weights")
      ;;
    dare) options+=(--method dare_simple_average --seed 42 --base "$work/$4-0.safetensors") ;;
  esac
  local line
  line=$("$program" "${models[@]}" "${options[@]}" 2>>"$output/merges.txt") || return
  # What the program has read back, and what is really there.
  [[ ${line%% *} == "$(sha256sum <"$work/merged.safetensors" | head -c 64)" ]] || return
  echo "${line%% *}"
}

# compare DEVICE: merges of every sort, on a device and on the CPU path.
compare() {
  local type count method equal=0 all=0 sum
  for type in BF16 F32; do
    for count in 3 20; do
      for method in simple weighted dare; do
        sum=$(merge "$1" $method $count $type)
        ((all += 1))
        if [[ -n $sum && $sum == "${expected[$type $count $method]}" ]]; then ((equal += 1)); else
          say "        $method of $count $type models differs: ${sum:-it failed, see merges.txt}"
        fi
      done
    done
  done
  verdict $((equal == all)) "outputs equal to those of the CPU path: $equal of $all"
}

echo "making models ..." >&2
for ((seed = 0; seed <= 20; seed++)); do
  model "$work/BF16-$seed.safetensors" BF16 2 $((seed + 1))
  model "$work/F32-$seed.safetensors" F32 4 $((seed + 1))
done
: >"$output/merges.txt"
echo "merging on the CPU path ..." >&2
for type in BF16 F32; do
  for count in 3 20; do
    for method in simple weighted dare; do
      expected[$type $count $method]=$(merge cpu $method $count $type)
      [[ -n ${expected[$type $count $method]} ]] ||
        fail "the CPU path cannot merge: see $output/merges.txt"
    done
  done
done

for position in "${!indices[@]}"; do
  index=${indices[position]} type=${types[position]}
  say "device $index ($type)"
  if bench "$index" "$index"; then bars "$index" "$type"; else verdict 0 "gpumerge bench"; fi
  compare "$index"
done
if ((${#indices[@]} > 1)); then
  all=$(IFS=, && echo "${indices[*]}")
  say "devices $all together"
  compare "$all"
  say "--device all"
  compare all
fi

if ((failures)); then say "$failures of the bars are not met"; else say "all bars that apply are met"; fi
say "Everything is in $output."
((failures == 0))
