#!/bin/bash
# Builds the yardstick for the processor of this machine: build.sh OUTPUT
set -euo pipefail
mkdir -p "$(dirname "$1")"
clang -std=c23 -O3 -march=native -ffp-contract=off -Wall -Wextra -Werror -pthread \
  "$(dirname "$0")"/*.c -o "$1" -lm
