"""Throughput of `ditto model run --entry tokenize` beside Hugging Face's tokenizers, one thread each:

    python tests/reference/speed_text.py build/release/bin/ditto CHECKPOINT [--rounds 3]

CHECKPOINT holds a byte-level tokenizer.json. The texts are what is at hand: transformers' sources, the descriptions
of the installed packages, and tokens of the vocabulary outside of the Latin scripts in random order. A round is a
pass of each, in turns; printed are the medians, and whether the ids are equal.
"""
import argparse
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tokenizers
import transformers
from safetensors.torch import load_file, save_file

SIZE = 1_500_000  # characters


def read_all(paths):
    text = ""
    for path in sorted(paths):
        text += path.read_text(errors="replace")
        if len(text) > SIZE:
            break
    return text[:SIZE]


def texts(reference):
    package = pathlib.Path(transformers.__file__).parent
    made = {"code": read_all(package.glob("models/*/modeling_*.py")),
            "english": read_all(package.parent.glob("*.dist-info/METADATA"))}
    words = [reference.decode([number]) for number in range(reference.get_vocab_size())]
    words = [word for word in words if "\ufffd" not in word and any(ord(c) > 0x2ff for c in word)]
    made["other scripts"] = "".join(random.Random(1).choices(words, k=SIZE // 6))
    made["lines of code"] = [line for line in made["code"].split("\n") if line]
    return made


def encoded(reference, text):
    if isinstance(text, list):
        return [reference.encode(line).ids for line in text]
    return [reference.encode(text).ids]


def compare(binary, checkpoint, reference, name, text, rounds, folder):
    save_file({}, folder / "in.safetensors", metadata={"arguments": json.dumps({"text": text})})
    command = [binary, "model", "run", "--weights", checkpoint, "--entry", "tokenize", "--threads", "1", "--passes", "2",
               "--inputs", folder / "in.safetensors", "--outputs", folder / "out.safetensors"]
    seconds = {"ditto": [], "tokenizers": []}
    for _ in range(rounds):
        run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
        seconds["ditto"] += map(float, re.search(r"seconds per pass: ([\d. ]+)", run.stderr + run.stdout)[1].split())
        begin = time.perf_counter()
        expected = encoded(reference, text)
        seconds["tokenizers"].append(time.perf_counter() - begin)
    out = load_file(folder / "out.safetensors")
    found = [row[mask.bool()].tolist() for row, mask in zip(out["input_ids"], out["attention_mask"])]
    size = sum(len(line.encode()) for line in (text if isinstance(text, list) else [text])) / 1e6
    speed = {who: size / statistics.median(values) for who, values in seconds.items()}
    print(f"| {name} | {size:.1f} | {speed['ditto']:.1f} | {speed['tokenizers']:.1f} | "
          f"{speed['ditto'] / speed['tokenizers']:.1f} | {'yes' if found == expected else 'NO'} |", flush=True)
    print("   ", {who: [round(value, 3) for value in values] for who, values in seconds.items()}, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    reference = tokenizers.Tokenizer.from_file(str(arguments.checkpoint / "tokenizer.json"))
    print("| text | MB | ditto, MB/s | tokenizers, MB/s | ratio | equal |\n| --- | --- | --- | --- | --- | --- |")
    for name, text in texts(reference).items():
        with tempfile.TemporaryDirectory(prefix="ditto-speed-") as folder:
            compare(arguments.binary, arguments.checkpoint, reference, name, text, arguments.rounds,
                    pathlib.Path(folder))


if __name__ == "__main__":
    main()
