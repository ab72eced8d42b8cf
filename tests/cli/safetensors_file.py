"""Safetensors files from the standard library alone: {name: (dtype, shape, bytes)}."""
import array
import json
import math
import struct


def read(path):
    """(tensors, metadata)"""
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    metadata = header.pop("__metadata__", {})
    data = raw[8 + length:]
    return {name: (info["dtype"], info["shape"], data[slice(*info["data_offsets"])])
            for name, info in header.items()}, metadata


def write(path, tensors, metadata=None):
    header, data = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    if metadata:
        header["__metadata__"] = metadata
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def floats(tensor):
    dtype, _, content = tensor
    assert dtype == "F32", dtype
    return array.array("f", content)


def relative_error(found, expected):
    pairs = list(zip(floats(found), floats(expected), strict=True))
    return math.sqrt(sum((a - b) ** 2 for a, b in pairs) / sum(b * b for _, b in pairs))
