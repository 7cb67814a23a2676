"""What is to be merged."""

import dataclasses
import pathlib

SPARSITY_RATIO = 0.9
SEED = 42


@dataclasses.dataclass(frozen=True)
class Job:
    method: str
    models: tuple[pathlib.Path, ...]
    base: pathlib.Path | None = None

    @property
    def inputs(self):
        """All files that are read."""
        return ([self.base] if self.base else []) + list(self.models)

    @property
    def weights(self):
        """0.1, 0.2, ...: their sum is not exact, as those of users are not."""
        if self.method != "weighted_average":
            return None
        return [round(0.1 * (index + 1), 1) for index in range(len(self.models))]

    @property
    def weights_text(self):
        return ",".join(map(str, self.weights))

    @property
    def bytes_read(self):
        return sum(path.stat().st_size for path in self.inputs)
