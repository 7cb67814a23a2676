"""What is measured: cases of groups, and each group a job for some programs."""

import dataclasses
from collections.abc import Callable

from . import checkpoints
from .job import Job
from .settings import SIZE

RIVALS = ("mergekit", "fusion_bench")
OURS = ("cpu", "pocl", "intel")
EVERYONE = ("yardstick", *OURS, *RIVALS)


@dataclasses.dataclass(frozen=True)
class Group:
    """Programs that do one job on the same files, in turns."""

    label: str
    job: Callable[[], Job]
    programs: tuple[str, ...]
    cold: bool = False


@dataclasses.dataclass(frozen=True)
class Case:
    id: str
    title: str
    groups: tuple[Group, ...] = ()
    # Takes disk or time that not everyone has.
    on_demand: bool = False


def standard(method):
    base, models = checkpoints.llama(SIZE, 4)
    return Job(method, tuple(models), base if method == "dare_simple_average" else None)


def average(models):
    return Job("simple_average", tuple(models))


def _comparison(id, method, programs):
    size = "2.2 GB" if SIZE == "tinyllama" else f"the size {SIZE}"
    title = f"`{method}`, 4 models of {size}, bfloat16"
    return Case(id, title, (Group("", lambda: standard(method), programs),))


def _sizes():
    counts = [
        Group(
            f"{count} models of 0.13 GB",
            lambda count=count: average(checkpoints.llama("small", 32)[1][:count]),
            ("yardstick", "cpu", "pocl", "intel"),
        )
        for count in (2, 4, 32)
    ]
    large = Group("4 models of 2.2 GB", lambda: standard("simple_average"), ("yardstick", *OURS))
    return Case("sizes", "`simple_average` of few and many, small and large", (*counts, large))


def _layout(count, elements):
    return [(f"layers.{index:06}.weight", (elements,)) for index in range(count)]


def _shapes():
    """Types and layouts that could each meet a slow path."""
    even = _layout(64, 1 << 21)
    mixed = ["BF16", "F16", "F32", "F8_E4M3"]
    kinds = [
        ("bfloat16", "bf16", ["BF16"] * 4, even, 0),
        ("float16", "f16", ["F16"] * 4, even, 0),
        ("float32", "f32", ["F32"] * 4, even, 0),
        ("float8_e4m3fn", "f8", ["F8_E4M3"] * 4, even, 0),
        ("bfloat16, float16, float32 and float8", "mixed", mixed, even, 0),
        ("bfloat16 at odd offsets", "odd", ["BF16"] * 4, even, 1),
        ("100,000 tensors of 1 KB", "tiny-tensors", ["BF16"] * 4, _layout(100_000, 512), 0),
        ("one tensor", "giant", ["BF16"] * 4, _layout(1, 1 << 27), 0),
    ]
    groups = tuple(
        Group(
            label,
            lambda name=name, types=types, layout=layout, padding=padding: average(
                checkpoints.random_models(f"shapes-{name}", types, layout, padding)
            ),
            OURS,
        )
        for label, name, types, layout, padding in kinds
    )
    return Case("shapes", "4 models of random numbers, 134 million elements each", groups)


def _cold():
    job = Group("", lambda: standard("simple_average"), ("disk", "cpu", "pocl", "intel"), True)
    return Case("cold", "`simple_average`, 4 models of 2.2 GB, not in the page cache", (job,))


def _large():
    job = Group(
        "",
        lambda: average(checkpoints.repeated("llama7b", 3)),
        ("disk", "cpu", "pocl", "intel"),
        True,
    )
    title = "`simple_average`, 3 models of 13 GB, not in the page cache"
    return Case("large", title, (job,), on_demand=True)


CASES = (
    _comparison("simple_average", "simple_average", EVERYONE),
    _comparison("weighted_average", "weighted_average", EVERYONE),
    _comparison("dare", "dare_simple_average", (*OURS, *RIVALS)),
    _sizes(),
    _shapes(),
    _cold(),
    _large(),
    # Has no files to speak of: see startup.py.
    Case("startup", "Starting"),
)
