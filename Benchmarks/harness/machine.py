"""What results are to be read with: the machine, the versions, the date."""

import datetime
import functools
import os
import pathlib
import platform
import re
import subprocess

from .settings import ENVIRONMENTS, FOLDER, GPUMERGE, ROOT


@functools.cache
def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)", text, re.M)
    family = re.search(r"^model\s*: (.*)", text, re.M)
    name = model.group(1) if model else platform.machine()
    return f"{name} (model {family.group(1)})" if family else name


def output_of(*command):
    try:
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    except OSError:
        return ""
    return run.stdout.strip()


def package(environment, *names):
    """The versions of packages of a virtual environment."""
    code = "import importlib.metadata as m, sys; print(*(m.version(n) for n in sys.argv[1:]))"
    versions = output_of(ENVIRONMENTS / environment / "bin/python", "-c", code, *names).split()
    return ", ".join(f"{name} {version}" for name, version in zip(names, versions))


def versions():
    # The tables, which change while this runs, are not what is measured.
    commit = output_of("git", "-C", ROOT, "describe", "--always")
    if output_of("git", "-C", ROOT, "status", "--porcelain", "--", "Sources", "Package.swift"):
        commit += "-dirty"
    found = [f"{output_of(GPUMERGE, '--version')} ({commit})"]
    found.append(f"PoCL {output_of('dpkg-query', '-W', '-f', '${Version}', 'pocl-opencl-icd')}")
    found.append(package("opencl", "intel-opencl-rt"))
    found.append(package("mergekit", "mergekit", "torch"))
    found.append(package("fusion_bench", "fusion_bench", "torch"))
    return [version for version in found if version]


def machine():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    isa = "AVX-512" if "avx512bw" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "processor": f"{os.cpu_count()} x {processor()}, {isa}",
        "memory": f"{memory / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "disk": output_of("findmnt", "-n", "-v", "-o", "SOURCE,FSTYPE", "-T", FOLDER).replace(
            " ", ", "
        ),
        "versions": versions(),
    }
