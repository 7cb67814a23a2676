# The commands of this project. `make help` lists them.
#
# Every target installs what it needs first (Debian and Ubuntu packages, as root or with sudo).

.DEFAULT_GOAL := help
.PHONY: help setup demo build test lint format bench interop faults fuzz size sanitize check clean

help: ## List the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

setup: ## Install the packages that gpumerge is built and tested with
	@Scripts/setup.sh

demo: setup ## Merge checkpoints before your eyes, on an OpenCL device and on the CPU
	@Scripts/demo.sh

build: setup ## Build the program, .build/release/gpumerge, to run on any machine
	@Scripts/build.sh

test: setup ## Run all tests
	swift test --disable-xctest

lint: setup ## Check format, completeness and sizes
	@Scripts/lint.sh

format: setup ## Format all sources
	@Scripts/format.sh

bench: setup ## Measure against a yardstick, mergekit and fusion_bench (SIZE=small ROUNDS=1 for a quick try)
	@Benchmarks/run.sh

interop: setup ## Check against PyTorch and safetensors, in a virtual environment of its own
	@Tests/Interop/run.sh

faults: setup ## Kill merges at every system call, fail their disks, change their inputs (10 minutes)
	@Tests/Faults/run.sh

fuzz: setup ## Search for files that break a parser, with libFuzzer (FUZZ_SECONDS=60 for each parser)
	@Tests/Fuzz/run.sh

size: setup ## Merge large tensors, models of 7 billion parameters and 100 models (SIZE_FOLDER=/tmp, 20 GB)
	@Tests/Size/run.sh

sanitize: setup ## Run the tests with the address, undefined-behaviour and thread sanitizers (an hour)
	@Scripts/sanitize.sh

check: setup ## Everything that must pass before a change goes in
	@Scripts/check.sh

clean: ## Remove everything that was built or made
	rm -rf .build .build-asan .build-tsan .demo .bench .venv-interop .venv-bench
