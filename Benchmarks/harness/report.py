"""Tables in Documentation/Benchmarks.md, from the results in Benchmarks/results."""

import json
import statistics

from .cases import CASES
from .chart import write_chart
from .settings import DOCUMENTATION, RESULTS


def duration(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def times(row):
    return [run["seconds"] for run in row["runs"]]


def reference(row, rows):
    """The yardstick's median in the same group."""
    for other in rows:
        if other["group"] == row["group"] and other["program"].startswith(("yardstick", "disk")):
            return statistics.median(times(other)) if other["runs"] else None
    return None


def cells(row, rows):
    """One line of a table, as a dictionary of columns."""
    found = {"What": row["group"], "Program": row["program"]}
    if not row["runs"]:
        return found | {"Median (min-max)": "failed"}
    seconds = times(row)
    median = statistics.median(seconds)
    span = f"{duration(min(seconds))} - {duration(max(seconds))}"
    found |= {"Median (min-max)": f"{duration(median)} ({span})", "Runs": str(len(seconds))}
    yardstick = reference(row, rows)
    if yardstick:
        found["Ratio"] = f"{median / yardstick:.2f}"
    if "bytes" in row:
        found["GB/s"] = f"{row['bytes'] / median / 1e9:.2f}"
    processor = statistics.median(run["user"] + run["system"] for run in row["runs"])
    found["CPU"] = duration(processor)
    found["Peak MB"] = f"{max(run['peak'] for run in row['runs']) / 1e6:.0f}"
    if "error" in row:
        found["Error"] = f"{row['error']:.3f}"
    return found


def table(rows):
    lines = [cells(row, rows) for row in rows]
    columns = [
        "What",
        "Program",
        "Median (min-max)",
        "Runs",
        "Ratio",
        "GB/s",
        "CPU",
        "Peak MB",
        "Error",
    ]
    columns = [column for column in columns if any(line.get(column) for line in lines)]
    text = ["| " + " | ".join(columns) + " |"]
    rule = ["---" if column in ("What", "Program") else "---:" for column in columns]
    text.append("| " + " | ".join(rule) + " |")
    for line in lines:
        text.append("| " + " | ".join(line.get(column, "") for column in columns) + " |")
    return "\n".join(text)


def section(case, result):
    machine = result["machine"]
    where = ", ".join(machine[key] for key in ("processor", "memory", "system", "disk"))
    versions = "; ".join(machine["versions"])
    text = f"### {case.title}\n\n{table(result['rows'])}\n\n"
    for row in result["rows"]:
        if "failure" in row:
            text += f"{row['program']} failed: `{row['failure'].splitlines()[-1]}`\n\n"
    return text + f"{machine['date']}: {where}. {versions}.\n"


def load(case):
    path = RESULTS / f"{case.id}.json"
    return json.loads(path.read_text()) if path.exists() else None


def save(case, result):
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{case.id}.json").write_text(json.dumps(result, indent=1) + "\n")


def publish():
    """Replaces what is between the markers by what is in the results."""
    results = [(case, load(case)) for case in CASES]
    results = [(case, result) for case, result in results if result]
    chart = DOCUMENTATION / "benchmarks.svg"
    image = f"![Seconds of each program]({chart.name})\n\n" if write_chart(chart, results) else ""
    path = DOCUMENTATION / "Benchmarks.md"
    begin, end = "<!-- begin results -->", "<!-- end results -->"
    before, rest = path.read_text().split(begin, 1)
    _, after = rest.split(end, 1)
    sections = "\n".join(section(case, result) for case, result in results)
    path.write_text(f"{before}{begin}\n\n{image}{sections}\n{end}{after}")
