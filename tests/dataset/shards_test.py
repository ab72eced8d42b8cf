#!/usr/bin/env python3
"""Reads a merged output directory with Python's standard library alone: shards_test.py DIR.

What a user of WebDataset relies on: tarfile opens the shards, the headers are as promised, the
members of a sample are contiguous, and the digests in shards/NNNNNN.json are those of hashlib.
"""
import hashlib
import json
import pathlib
import re
import sys
import tarfile

ROLES = ["source.mp4", "edited.mp4", "keyframe.png", "edited_keyframe.png", "mask.png", "txt", "json"]


def check(condition, *what):
    if not condition:
        sys.exit("shards_test: " + " ".join(map(str, what)))


def read_samples(tar):
    """(key, {role: bytes}) in the order of the archive, as WebDataset groups them."""
    key, sample = None, {}
    for member in tar:
        check(member.isreg() and member.mode == 0o444 and member.mtime == 0, "header of", member.name)
        check(member.uid == member.gid == 0 and not member.uname and not member.gname, member.name)
        match = re.fullmatch(r"([A-Za-z0-9_-]+)\.([a-z0-9_.]+)", member.name)
        check(match, "name", member.name)
        if match[1] != key:
            if key is not None:
                yield key, sample
            key, sample = match[1], {}
        sample[match[2]] = tar.extractfile(member).read()
    if key is not None:
        yield key, sample


def main(out):
    out = pathlib.Path(out)
    lines = [json.loads(line) for line in (out / "samples.jsonl").read_text("utf-8").splitlines()]
    accepted = {line["key"]: line for line in lines if line["outcome"] == "accepted"}
    order, seen = [line["key"] for line in lines if line["outcome"] == "accepted"], []
    tars = sorted((out / "shards").glob("*.tar"))
    check([path.name for path in tars] == [f"{i:06}.tar" for i in range(len(tars))], "numbers")
    for path in tars:
        data = path.read_bytes()
        check(len(data) % 10240 == 0 and data[257:265] == b"ustar\x0000", path, "is no USTAR")
        companion = json.loads(path.with_suffix(".json").read_text("utf-8"))
        check(companion["sha256"] == hashlib.sha256(data).hexdigest(), path, "SHA-256")
        check(companion["bytes"] == len(data), path, "bytes")
        with tarfile.open(path, "r:") as tar:
            digests = {m.name: hashlib.sha256(tar.extractfile(m).read()).hexdigest() for m in tar}
            check({m["name"]: m["sha256"] for m in companion["members"]} == digests, path, "members")
        with tarfile.open(path, "r|") as tar:  # as a stream, as WebDataset does
            for key, sample in read_samples(tar):
                check(key not in seen, key, "is not contiguous or there twice")
                seen.append(key)
                check(list(sample) == [role for role in ROLES if role in sample], key, "order")
                check(set(ROLES) - set(sample) <= {"mask.png"}, key, "lacks members")
                record = json.loads(sample["json"])
                line = accepted[key]
                check(record["key"] == key and line["shard"] == path.stem, key, "shard")
                check(sample["txt"].decode("utf-8") == record["instruction"] == line["instruction"], key)
                for role, field in (("source.mp4", "source_video"), ("edited.mp4", "edited_video")):
                    digest = hashlib.sha256(sample[role]).hexdigest()
                    check(record["hashes"][field] == digest, key, field)
                check(all(line[field] == record[field] for field in record), key, "differs from its line")
    check(seen == order, "samples.jsonl and the shards differ in their samples or order")
    print(f"{len(tars)} shards, {len(seen)} samples")


if __name__ == "__main__":
    main(sys.argv[1])
