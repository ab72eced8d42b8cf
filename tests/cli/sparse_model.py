"""Checkpoints of any size that hold nothing: complete headers, and holes for the data."""

import json
import os
import re
import struct

BYTES = {"F32": 4, "BF16": 2, "F16": 2, "F8_E4M3": 1, "U8": 1, "I8": 1, "I64": 8}


def unfolded(tensors):
    """{"blocks.[0-2].weight": shape} -> "blocks.0.weight" ... (see tests/reference/published.py)."""
    names = {}
    for name, shape in tensors.items():
        span = re.fullmatch(r"(.*?)\[(\d+)-(\d+)\](.*)", name)
        for number in range(int(span[2]), int(span[3]) + 1) if span else [None]:
            names[f"{span[1]}{number}{span[4]}" if span else name] = shape
    return names


def size_of(dtype, shape):
    size = BYTES[dtype]
    for one in shape:
        size *= one
    return size


def write_file(path, tensors):
    """`tensors`: name -> (dtype, shape)"""
    header, end = {}, 0
    for name, (dtype, shape) in tensors.items():
        begin, end = end, end + size_of(dtype, shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(path, 8 + len(text) + end)


def write_directory(folder, config, tensors, stem="diffusion_pytorch_model", shard_bytes=5 << 30):
    """config.json and weights, in shards with an index where they are larger than one shard."""
    folder.mkdir(parents=True)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    shards, filled = [{}], 0
    for name, (dtype, shape) in tensors.items():
        if shards[-1] and filled + size_of(dtype, shape) > shard_bytes:
            shards.append({})
            filled = 0
        shards[-1][name] = (dtype, shape)
        filled += size_of(dtype, shape)
    if len(shards) == 1:
        write_file(folder / f"{stem}.safetensors", shards[0])
        return
    places = {}
    for number, shard in enumerate(shards, 1):
        file = f"{stem}-{number:05}-of-{len(shards):05}.safetensors"
        write_file(folder / file, shard)
        places.update(dict.fromkeys(shard, file))
    total = sum(size_of(*one) for one in tensors.values())
    (folder / f"{stem}.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": total}, "weight_map": places}))
