"""Measures gpumerge: see run.sh for the settings."""

import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZE = os.environ.get("SIZE", "tinyllama")
MODELS = int(os.environ.get("MODELS", "4"))
RUNS = int(os.environ.get("RUNS", "3"))
FOLDER = pathlib.Path(os.environ.get("FOLDER", ROOT / ".bench"))
METHODS = {
    "simple_average": [],
    "weighted_average": ["--weights", ",".join(f"0.{digit + 1}" for digit in range(MODELS))],
    "dare_simple_average": ["--base", "{base}", "--sparsity-ratio", "0.9", "--seed", "42"],
}


def make_checkpoints():
    folder = FOLDER / f"{SIZE}-{MODELS}"
    if not (folder / "done").exists():
        maker = [sys.executable, ROOT / "Scripts/make_checkpoints.py", folder]
        subprocess.run([*maker, "--size", SIZE, "--count", str(MODELS)], check=True)
        (folder / "done").touch()
    return folder


def devices(gpumerge):
    if "DEVICES" in os.environ:
        return os.environ["DEVICES"].split()
    listed = subprocess.run([gpumerge, "devices", "--json"], capture_output=True, check=True)
    return ["cpu"] + ["0" for _ in json.loads(listed.stdout)[:1]]


def prepare():
    """Leaves nothing for the disk to do, and on demand nothing in the page cache."""
    os.sync()
    if os.environ.get("COLD") == "1":
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n")


def measure(command):
    """Runs a command; returns its output, seconds and peak memory in bytes."""
    prepare()
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} failed with {process.returncode}")
    return output, seconds, usage.ru_maxrss * 1024


def gpumerge_run(gpumerge, device, method, folder):
    options = [option.format(base=folder / "base.safetensors") for option in METHODS[method]]
    models = sorted(folder.glob("model-*.safetensors"))
    command = [gpumerge, *models, "--method", method, *options, "--device", device]
    command += ["-o", FOLDER / "merged.safetensors", "--force", "--quiet", "--json"]
    output, seconds, _ = measure(command)
    report = json.loads(output)
    return {
        "program": f"gpumerge, {report['device']}",
        "method": method,
        "seconds": seconds,
        "read": report["bytes_read"],
        "written": report["bytes_written"],
        "peak": report["peak_memory_bytes"],
    }


def mergekit_run(mergekit, folder):
    """mergekit's own average of the same files."""
    models = sorted(folder.glob("model-*.safetensors"))
    config = FOLDER / "mergekit.yml"
    lines = ["merge_method: linear", "dtype: bfloat16", "models:"]
    for model in models:
        lines += [f"  - model: {model}", "    parameters: {weight: 1.0}"]
    config.write_text("\n".join(lines) + "\n")
    output = FOLDER / "mergekit-output"
    shutil.rmtree(output, ignore_errors=True)
    _, seconds, peak = measure([mergekit, config, output])
    written = sum(path.stat().st_size for path in output.rglob("*.safetensors"))
    read = sum(path.stat().st_size for path in models)
    shutil.rmtree(output)
    return {
        "program": "mergekit-pytorch",
        "method": "linear",
        "seconds": seconds,
        "read": read,
        "written": written,
        "peak": peak,
    }


def cases(gpumerge, folder):
    for method in METHODS:
        for device in devices(gpumerge):
            yield lambda device=device, method=method: gpumerge_run(
                gpumerge, device, method, folder
            )
    mergekit = os.environ.get("MERGEKIT", str(ROOT / ".venv-mergekit/bin/mergekit-pytorch"))
    if os.access(mergekit, os.X_OK):
        yield lambda: mergekit_run(mergekit, folder)


def print_table(results):
    print("| Program and device | Method | Seconds (min-max) | Read GB/s | Written GB/s | Peak MB |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for runs in results:
        seconds = [run["seconds"] for run in runs]
        median, first = statistics.median(seconds), runs[0]
        peak = max(run["peak"] for run in runs)
        print(
            f"| {first['program']} | {first['method']} "
            f"| {median:.2f} ({min(seconds):.2f}-{max(seconds):.2f}) "
            f"| {first['read'] / median / 1e9:.2f} | {first['written'] / median / 1e9:.2f} "
            f"| {peak / 1e6:.0f} |"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gpumerge", type=pathlib.Path, required=True)
    gpumerge = parser.parse_args().gpumerge.resolve()
    folder = make_checkpoints()
    try:
        measured = list(cases(gpumerge, folder))
        results = [[] for _ in measured]
        for run in range(RUNS):
            # Interleaved, so that a slow minute of the machine does not hit one case alone.
            for case, runs in zip(measured, results):
                runs.append(case())
                last = runs[-1]
                name = f"{last['program']}, {last['method']}"
                print(f"run {run + 1}: {name}: {last['seconds']:.2f} s", flush=True)
    finally:
        (FOLDER / "merged.safetensors").unlink(missing_ok=True)
        if os.environ.get("KEEP") != "1":
            shutil.rmtree(folder)
    print(f"\n{MODELS} models of size {SIZE}, median of {RUNS} runs, {os.cpu_count()} processors,")
    print(f"Linux {platform.release()}, page cache {'cold' if os.environ.get('COLD') else 'warm'}\n")
    print_table(results)


if __name__ == "__main__":
    main()
