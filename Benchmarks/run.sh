#!/bin/bash
# Measures merges of Llama-shaped bfloat16 checkpoints and prints a table of medians.
#
#   SIZE=tinyllama   tiny, small (0.13 GB a model) or tinyllama (2.2 GB)
#   MODELS=4         how many models are merged
#   RUNS=3           how often each merge is measured; the runs are interleaved
#   DEVICES="cpu 0"  where to merge; by default the CPU path and the first OpenCL device
#   FOLDER=.bench    where the checkpoints go: 5 of them and an output, 13 GB for tinyllama
#   KEEP=1           leaves them there for the next time
#   COLD=1           drops the page cache before each run, which takes root
#   MERGEKIT=path    measures this mergekit-pytorch as well; by default that of .venv-mergekit
set -euo pipefail
cd "$(dirname "$0")/.."
swift build -c release --product gpumerge
exec python3 Benchmarks/bench.py --gpumerge .build/release/gpumerge
