#!/bin/bash
# Runs a command that must end within a time. Where it does not, shows what every thread of its
# processes is doing and ends with 124.
#
#     limited.sh SECONDS COMMAND [ARGUMENT...]
set -uo pipefail
seconds=$1
shift

# In a session of its own, so that whatever it starts is found.
setsid "$@" &
session=$!
trap 'pkill -KILL -s $session; exit 130' INT TERM HUP

for ((waited = 0; waited < seconds; waited++)); do
  sleep 1
  kill -0 "$session" 2>/dev/null || { wait "$session"; exit; }
done

printf '\nIt has not ended within %s s:\n' "$seconds"
# A debugger is not worth having before it is needed.
if ! command -v gdb >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gdb \
    </dev/null >/dev/null 2>&1
fi
mapfile -t processes < <(pgrep -s "$session" | sort -rn)
# Stopped, as nothing is to change while one after the other is looked at.
kill -STOP "${processes[@]}"
for process in "${processes[@]}"; do
  printf '\n== %s: ' "$process"
  tr '\0' ' ' <"/proc/$process/cmdline" | cut -c1-200
  timeout 180 gdb --batch -p "$process" -ex 'thread apply all backtrace 30' 2>&1 |
    grep -E '^(Thread|#)' | cut -c1-200
  for task in "/proc/$process/task"/*; do
    echo "$(<"$task/comm"), in the kernel: $(<"$task/wchan")"
  done 2>/dev/null | sort | uniq -c
done
pkill -KILL -s "$session"
wait "$session" 2>/dev/null
exit 124
