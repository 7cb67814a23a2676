#!/bin/bash
# Builds .build/release/gpumerge: optimised, and with Swift's libraries in it, so that it starts in a few
# milliseconds and needs no Swift where it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
swift build -c release --static-swift-stdlib --product gpumerge
