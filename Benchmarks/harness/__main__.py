"""python3 -m harness [report]: measures cases, or only writes the documentation again."""

import sys

from . import checkpoints, report, runner
from .cases import CASES
from .machine import machine
from .settings import CASES as ASKED
from .settings import IS_PUBLISHED, ROUNDS
from .startup import measure_startup


def chosen():
    known = {case.id: case for case in CASES}
    for name in ASKED:
        if name not in known:
            raise SystemExit(f"there is no case {name}: CASES are {' '.join(known)}")
    return [case for case in CASES if case.id in ASKED or (not ASKED and not case.on_demand)]


def run(case):
    print(f"{case.id}: {case.title}", flush=True)
    if case.id == "startup":
        rows = measure_startup()
    else:
        rows = []
        for group in case.groups:
            rows += runner.measure_group(group)
            checkpoints.remove_made(after_group=True)
    return {"case": case.id, "rounds": ROUNDS, "machine": machine(), "rows": rows}


def main():
    if sys.argv[1:] == ["report"]:
        report.publish()
        return
    runner.prepare()
    try:
        for case in chosen():
            result = run(case)
            print(f"\n{report.section(case, result)}", flush=True)
            if IS_PUBLISHED:
                report.save(case, result)
                report.publish()
    finally:
        checkpoints.remove_made()
    if not IS_PUBLISHED:
        print("Documentation stays as it is: these are not the usual SIZE, PROGRAMS and ROUNDS.")


if __name__ == "__main__":
    main()
