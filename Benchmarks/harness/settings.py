"""What the environment asks for; Documentation/Benchmarks.md explains it."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOOLS = ROOT / ".build/bench"
GPUMERGE = ROOT / ".build/release/gpumerge"
ENVIRONMENTS = ROOT / ".venv-bench"
RESULTS = ROOT / "Benchmarks/results"
DOCUMENTATION = ROOT / "Documentation"

FOLDER = pathlib.Path(os.environ.get("FOLDER", ROOT / ".bench"))
CASES = os.environ.get("CASES", "").split()
PROGRAMS = os.environ.get("PROGRAMS", "").split()
ROUNDS = int(os.environ.get("ROUNDS", "5"))
RIVAL_ROUNDS = int(os.environ.get("RIVAL_ROUNDS", str(ROUNDS)))
SIZE = os.environ.get("SIZE", "tinyllama")
KEEP = os.environ.get("KEEP") == "1"
RETUNE = os.environ.get("RETUNE") == "1"

# Fewer rounds, other sizes and chosen programs are for trying things out.
IS_PUBLISHED = ROUNDS >= 5 and SIZE == "tinyllama" and not PROGRAMS
