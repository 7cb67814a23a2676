"""Shows PyTorch, zipfile and unzip the files that the Swift tests laid out. Run by hand:

    mkdir /tmp/layout
    GPUMERGE_LAYOUT_FOLDER=/tmp/layout swift test --filter "files for other programs"
    python check_layout.py /tmp/layout
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import torch


def data(tensor):
    """The bytes of a contiguous tensor."""
    count = tensor.numel() * tensor.element_size()
    view = torch.empty(0, dtype=torch.uint8)
    return view.set_(tensor.untyped_storage(), tensor.storage_offset() * tensor.element_size(),
                     (count,), (1,))


def check(path):
    with zipfile.ZipFile(path) as archive:
        # 4 GiB of zeros have another CRC-32 than the 0 that stands for "not computed".
        if path.stem != "large":
            assert archive.testzip() is None
    if path.stem != "large":
        subprocess.run(["unzip", "-tq", path], check=True)
    for mmap in (False, True):
        state = torch.load(path, weights_only=True, mmap=mmap)
        for index, (name, tensor) in enumerate(state.items()):
            found = data(tensor)
            if path.stem == "large":
                assert not found.any()
                continue
            modulus = 2 if tensor.dtype == torch.bool else 251
            expected = (torch.arange(len(found)) * 7 + index) % modulus
            assert torch.equal(found, expected.to(torch.uint8)), (path, mmap, name)
            assert found.data_ptr() % 64 == 0 or not mmap or not len(found)
        own = getattr(state, "_metadata", None)
        print(path.name, "mmap" if mmap else "read", len(state), "tensors", own or "")
    if path.stem == "all":
        torch.save(state, path.with_suffix(".again"))
        assert torch.load(path.with_suffix(".again"), weights_only=True)._metadata == own
        torch.nn.Linear(2, 2).load_state_dict(state, strict=False)


for path in sorted(Path(sys.argv[1]).glob("*.pt")):
    check(path)
