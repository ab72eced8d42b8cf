#!/usr/bin/env python3
"""Pictures of the edit repertoire: every program on key frames of real clips, tiled with captions.

    edit_sheet.py DITTO OUT.jpg [--only NAME,...] [--tasks global|local|all] [--frames bunny,street,square] [--strengths 1]
                                [--width 300] [--columns 6] [--keep DIR]

DITTO is the program. Each tile is made by `ditto stage edit`, from the first sample instruction that
`ditto stage edit --list` gives; the config key edit.strength is what --strengths varies. Tiles whose
edit is refused say why. Look at the result: no figure tells whether an edit looks like what was asked.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import textwrap

import cv2
import numpy as np

import clips

CAPTION = 16
# Local programs on a key frame that offers them; {name: [(frame, instruction)]}.
LOCAL = {
    "recolour": [("phone", "Make the red object green"), ("phone", "Tint the red object blue"),
                 ("bunny", "Make the greenery slightly red"), ("square", "Make the greenery purple"),
                 ("cup", "Make the background pink")],
    "darken": [("cup", "Darken the background")],
    "isolate": [("bunny", "Keep only the greenery in colour"), ("phone", "Keep only the red object in colour")],
    "material": [("phone", "Turn the red object into gold")],
    "add": [("phone", "Add a butterfly"), ("square", "Add a beach ball"), ("bunny", "Add a red hot-air balloon"),
            ("square", "Put an umbrella at the bottom"), ("street", "Add a paper lantern"), ("bunny", "Add a rainbow")],
    "replace": [("bunny", "Replace the greenery with lavender"), ("bunny", "Replace the sky with a glowing sunset"),
                ("square", "Turn the greenery into fresh snow"), ("square", "Turn the greenery into autumn leaves")],
}


def key_frame(name, width=832):
    frames = clips.load(name, 17, width)
    return np.ascontiguousarray(frames[16])


def caption(picture, text, width):
    height = round(picture.shape[0] * width / picture.shape[1])
    tile = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    tile = cv2.copyMakeBorder(tile, 0, CAPTION, 1, 1, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(tile, text[:int(width / 6.2)], (3, height + CAPTION - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1,
                cv2.LINE_AA)
    return tile


def refusal(reason, shape):
    picture = np.full(shape, 235, np.uint8)
    for i, line in enumerate(textwrap.wrap(reason, 48)[:9]):
        cv2.putText(picture, line, (10, 40 + 40 * i), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (60, 60, 60), 2, cv2.LINE_AA)
    return picture


def sheet(tiles, columns):
    height = max(t.shape[0] for t in tiles)
    tiles = [cv2.copyMakeBorder(t, 0, height - t.shape[0], 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
             for t in tiles]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    return np.vstack([np.hstack(tiles[i:i + columns]) for i in range(0, len(tiles), columns)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ditto")
    parser.add_argument("out")
    parser.add_argument("--only", default="")
    parser.add_argument("--tasks", choices=("global", "local", "all"), default="all")
    parser.add_argument("--frames", default="bunny,street,square")
    parser.add_argument("--strengths", default="1")
    parser.add_argument("--width", type=int, default=300)
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--quality", type=int, default=85)
    parser.add_argument("--keep", help="folder for the single pictures")
    args = parser.parse_args()
    listing = subprocess.run([args.ditto, "stage", "edit", "--list"], check=True, capture_output=True, text=True)
    programs = [json.loads(line) for line in listing.stdout.splitlines()]
    only = set(filter(None, args.only.split(",")))
    unknown = only - {p["program"] for p in programs}
    if unknown:
        parser.error("no program named " + ", ".join(sorted(unknown)))
    tiles = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(args.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)

        def source(name):
            path = folder / f"{name}.png"
            if not path.exists():
                cv2.imwrite(str(path), cv2.cvtColor(key_frame(name), cv2.COLOR_RGB2BGR))
            return path

        def add(name, instruction, strength, label):
            path = source(name)
            out = folder / f"{label.replace(' ', '_')}-{name}-{strength}.png"
            done = subprocess.run(
                [args.ditto, "stage", "edit", "--image", str(path), "--instruction", instruction, "--set",
                 f"edit.strength={strength}", "--output", str(out)], capture_output=True, text=True)
            picture = cv2.imread(str(out)) if done.returncode == 0 else \
                refusal(done.stderr.strip(), cv2.imread(str(path)).shape)
            mark = "" if strength == "1" else f" x{strength}"
            tiles.append(caption(picture, label + mark, args.width))

        for program in programs:
            name = program["program"]
            if only and name not in only:
                continue
            if args.tasks != "all" and not program["task"].startswith(args.tasks):
                continue
            for strength in args.strengths.split(","):
                if program["task"].startswith("global"):
                    for frame in args.frames.split(","):
                        add(frame, program["samples"][0], strength, name.replace("_", " "))
                else:
                    for frame, instruction in LOCAL.get(name, []):
                        add(frame, instruction, strength, instruction)
        cv2.imwrite(args.out, sheet(tiles, args.columns), [cv2.IMWRITE_JPEG_QUALITY, args.quality])
    print(f"{args.out}: {len(tiles)} tiles, {pathlib.Path(args.out).stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
