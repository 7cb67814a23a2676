#!/usr/bin/env python3
"""Makes what each target starts from: the fixtures of the tests, taken apart, and short examples.

    seeds.py FOLDER
"""

import pathlib
import sys
import zipfile
import zlib

tests = pathlib.Path(__file__).resolve().parent.parent
fixtures = tests / "Fixtures"
largest = 32 << 10


def files(folder, *patterns):
    """The contents of the fixtures that are small enough to be mutated quickly."""
    for pattern in patterns:
        for path in sorted((fixtures / folder).glob(pattern)):
            if path.stat().st_size <= largest:
                yield path.read_bytes()


def archives():
    return [data for data in files("pytorch", "**/*.*") if data.startswith(b"PK")]


def pickles():
    """data.pkl of each archive, after a byte that forbids or allows unknown objects."""
    for path in sorted((fixtures / "pytorch").glob("**/*.pt")):
        if not zipfile.is_zipfile(path) or path.stem == "no_crc":
            continue
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith("/data.pkl") and archive.getinfo(name).file_size <= largest:
                    for flags in (b"\0", b"\1"):
                        yield flags + archive.read(name)


def deflated():
    """Streams with every kind of block, after what is wrong with the size and where to read."""
    texts = [b"", b"a", b"abc" * 500, bytes(range(256)) * 5, bytes(70_000)]
    for text in texts:
        for level, strategy in [(0, 0), (9, 0), (9, zlib.Z_FIXED), (6, zlib.Z_HUFFMAN_ONLY)]:
            compressor = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
            data = compressor.compress(text) + compressor.flush()
            if len(data) <= 4096:
                for error in (0, 1, 2):
                    yield bytes([error, 128]) + data
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts = [compressor.compress(b"xyz" * 9) + compressor.flush(zlib.Z_FULL_FLUSH) for _ in range(3)]
    yield bytes([1, 7]) + b"".join(parts) + compressor.flush()


def folders():
    index = b'{"metadata":{"total_size":12},"weight_map":{"a":"1.safetensors",' \
        b'"b":"1.safetensors","c":"2.safetensors"}}'
    yield index
    yield b'{"weight_map":{"c":"2.safetensors","\\u0061":"1.safetensors","b":"1.safetensors"}}'
    for config in files("folders", "*/config.json", "*/adapter_config.json"):
        yield index + b"\xff" + config
    yield from files("folders", "*/*index*.json")


def configurations():
    for path in sorted((tests.parent / "Examples").glob("*.yml")):
        yield path.read_bytes()
    yield b"models: [{model: a/b, parameters: {weight: 0.5}}, {model: 'c.bin', parameters: " \
        b"{weight: 1e-3}}]\nkeep: ['*norm*', x]\nonly: \"[!a]*\"\nmissing: present\ntied: yes\n" \
        b"dtype: bfloat16\nout_dtype: torch.float32\nmax_shard_size: 5GB\nallow_opaque: false\n"
    yield b"base_model: &b org/name@main\nmerge_method: dare_linear\nmodels:\n- model: *b\n" \
        b"- {model: ./x, parameters: }\nparameters:\n  weight: 2\n  normalize: false\n  seed: 7\n"
    yield b"? merge_method\n: |\n  linear\nweights: [1, 2.5, -.5]\nroot: a.b\nvariant: fp16\n" \
        b"integers: first\nbackbone_only: on\ncopy_code: true\n"


def journals():
    payload = bytes(range(256))
    plan = '{"plan":{"version":"0.1.0","recipe":"{}","inputs":[{"path":"a","bytes":8,' \
        '"modified":"1.5","inode":"7"}],"description":"d","outputs":[{"name":"out","bytes":256,' \
        '"layout":"x"}]}}\n'

    def record(begin, end, name="out"):
        crc = zlib.crc32(payload[begin:end])
        return f'{{"file":"{name}","begin":{begin},"end":{end},"crc32":{crc}}}\n'

    for text in [
        plan + record(0, 256),
        plan + record(0, 100) + record(100, 200) + record(200, 256),
        plan + record(64, 128) + record(0, 64) + record(0, 32) + '{"publishing":"123"}\n',
        plan + record(0, 7) + record(7, 9, "./out") + '{"file":"out","beg',
        plan + record(0, 10) + "no record\n" + record(10, 20),
    ]:
        yield text.encode()


def names():
    return [
        text.encode()
        for text in [
            "*.weight\nmodel.layers.0.weight", "layers.[0-3].?\nlayers.2.w", "[!a-c]*\nxyz",
            "[]]*[!]]\n]a", "**a*b*c\naabbcc", "[a-]-[^b]\n--^", "a\u00e9[\u00e8-\u00ea]\na\u00e9\u00e9",
        ]
    ]


def references():
    return [b"org/name", b"org/name@main", b"a.b/c-d_e@refs/pr/1", b"o/n@" + b"0123456789" * 4]


seeds = {
    "safetensors": lambda: files("safetensors", "*.safetensors"),
    "json": lambda: files("safetensors", "*.json"),
    "config-dtype": lambda: files("folders", "*/*.json"),
    "zip": archives,
    "torch-zip": archives,
    "torch-legacy": lambda: files("pytorch/legacy", "*.pt"),
    "pickle": pickles,
    "inflate": deflated,
    "any-file": lambda: [
        data[:2048]
        for data in files("", "safetensors/*.*", "pytorch/*.pt", "pytorch/[lr]*/*.*")
    ],
    "folder": folders,
    "configuration": configurations,
    "journal": journals,
    "glob": names,
    "hub": references,
}

for target, contents in seeds.items():
    folder = pathlib.Path(sys.argv[1]) / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(contents()):
        (folder / f"seed-{number:03}").write_bytes(data)
