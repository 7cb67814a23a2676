"""Writes the safetensors fixtures and, beside each, what the safetensors library reads in it.

Run by hand; the small output is committed:

    pip install safetensors==0.8.0 torch==2.13.0
    python Tests/Fixtures/make_safetensors.py

`NAME.safetensors` is the file. `NAME.json` is the oracle: metadata and tensors in the order of their
data, names as hexadecimal UTF-8 (JSON parsers are what is under test), data as hexadecimal.
`canonical` says that the library itself wrote the file, so that our layout must match it byte for byte.
"""

import json
import pathlib

import safetensors
import torch
from safetensors.torch import save

FOLDER = pathlib.Path(__file__).parent / "safetensors"
PT = {"format": "pt"}


def tensor(dtype, shape):
    """Bytes that differ everywhere, seen as the dtype; any bits are a legal value."""
    count = 1
    for dimension in shape:
        count *= dimension
    if dtype == torch.bool:
        return (torch.arange(count) % 3 == 1).reshape(shape)
    size = torch.empty(0, dtype=dtype).element_size()
    raw = (torch.arange(count * size) * 37 + 11).to(torch.uint8)
    return raw.view(dtype).reshape(shape)


def by_hand(header, data=b""):
    """A file with exactly this header, as other writers could write it."""
    header = header.encode() if isinstance(header, str) else header
    return len(header).to_bytes(8, "little") + header + data


def entry(dtype, shape, begin, end):
    return '{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}' % (dtype, shape, begin, end)


def oracle(file, canonical):
    """What the library reads: the tensors by its Rust core, their order by a plain JSON parser."""
    length = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + length])
    metadata = header.pop("__metadata__", None) or {}
    tensors = dict(safetensors.deserialize(file))
    assert set(tensors) == set(header)
    order = sorted(header, key=lambda name: header[name]["data_offsets"])
    return {
        "canonical": canonical,
        "metadata": [[key, value] for key, value in metadata.items()],
        "tensors": [
            {
                "name": name.encode().hex(),
                "dtype": tensors[name]["dtype"],
                "shape": tensors[name]["shape"],
                "data": bytes(tensors[name]["data"]).hex(),
            }
            for name in order
        ],
    }


def canonical_files():
    dtypes = [
        torch.bool, torch.uint8, torch.int8, torch.float8_e5m2, torch.float8_e4m3fn,
        torch.float8_e8m0fnu, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.int16,
        torch.uint16, torch.float16, torch.bfloat16, torch.int32, torch.uint32, torch.float32,
        torch.complex64, torch.float64, torch.int64, torch.uint64,
    ]
    tensors = {str(dtype): tensor(dtype, (3, 5)) for dtype in dtypes}
    tensors["float4"] = tensor(torch.uint8, (3, 4)).view(torch.float4_e2m1fn_x2)
    yield "every_dtype", save(tensors, PT)
    yield "scalars_and_empty", save(
        {
            "scalar": tensor(torch.float32, ()), "none": tensor(torch.float32, (0,)),
            "b.none": tensor(torch.int64, (3, 0, 2)), "a": tensor(torch.float32, (1, 1, 2)),
        }, PT)
    yield "no_tensors", save({}, PT)
    yield "no_metadata", save({"w": tensor(torch.float16, (3,))})
    names = [
        "", "caf\u00e9", "cafe\u0301", "\U0001f600", "a\"b\\c/d", "\b\t\n\f\r\0\x01\x1f\x7f",
        "\u2028\u0080\uffff", "../etc/passwd", " ", "Z", "a", "\u00df", "\ud7ff\ue000",
    ]
    yield "unicode_names", save({name: tensor(torch.uint8, (2,)) for name in names}, PT)
    value = "line\nbreak \"quoted\" \u00e9\u0301 \x00\x1f\x7f \\ / \U0001f600"
    yield "odd_metadata", save({"w": tensor(torch.float32, (1,))}, {value: value})


def files_by_hand():
    two = bytes(range(16))
    yield "unaligned_data", by_hand('{"w":' + entry("F64", [2], 0, 16) + "}", two)
    yield "page_padding", by_hand(
        b" \t\r\n" * 128 + b'{"w":' + entry("F32", [4], 0, 16).encode() + b"}" + b" \n" * 9, two)
    yield "spaces_everywhere", by_hand(
        '{ "w" :\n{\t"dtype" : "F32" , "shape"\r: [ 2 , 2 ] , "data_offsets" : [ 0 , 16 ] } } ', two)
    yield "null_metadata", by_hand('{"__metadata__":null,"w":' + entry("U8", [16], 0, 16) + "}", two)
    yield "empty_header", by_hand("{}")
    yield "empty_metadata", by_hand('{"__metadata__":{}}')
    yield "metadata_last", by_hand(
        '{"w":' + entry("U8", [16], 0, 16) + ',"__metadata__":{"z":"1","a":"2","\\u00e9":"\\ud83d\\ude00",'
        '"e\\u0301":""}}', two)
    yield "escaped_names", by_hand(
        '{"\\u0077\\/\\"\\\\\\b\\f\\n\\r\\t":' + entry("U8", [1], 0, 1) + ',"\\ud83d\\uDE00":'
        + entry("U8", [1], 1, 2) + ',"caf\\u00e9":' + entry("U8", [1], 2, 3) + ',"cafe\\u0301":'
        + '{"d\\u0074ype":"U\\u0038","sh\\u0061pe":[1],"data_offset\\u0073":[3,4]}}', two[:4])
    yield "data_in_other_order", by_hand(
        '{"c":{"data_offsets":[9,13],"shape":[1],"dtype":"F32"},"empty":' + entry("F64", [0], 9, 9)
        + ',"a":' + entry("U8", [1], 8, 9) + ',"b":' + entry("F64", [], 0, 8) + "}", two[:13])
    # The library reads these dtypes and cannot write them from Python.
    yield "float6", by_hand(
        '{"a":' + entry("F6_E3M2", [4], 0, 3) + ',"b":' + entry("F6_E2M3", [2, 4], 3, 9) + "}", two[:9])
    # Its length, 0x280, is also how a pickle begins.
    yield "pickle_prefix", by_hand(
        b'{"w":' + entry("U8", [16], 0, 16).encode() + b"}" + b" " * (0x280 - 55), two)


def main():
    FOLDER.mkdir(exist_ok=True)
    for canonical, files in [(True, canonical_files()), (False, files_by_hand())]:
        for name, file in files:
            (FOLDER / f"{name}.safetensors").write_bytes(file)
            text = json.dumps(oracle(file, canonical), indent=1)
            (FOLDER / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
