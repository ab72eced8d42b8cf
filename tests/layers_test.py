#!/usr/bin/env python3
"""Checks the layers: a file includes only layers below its own, and no file is too long."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What each layer may include besides itself.
BELOW = {"core": set()}
BELOW |= {layer: {"core"} for layer in ("config", "media", "text", "nn")}
for layer, direct in {
    "diffusion": {"nn"},
    "models": {"diffusion", "nn", "text"},
    "stages": {"models", "diffusion", "nn", "text", "media", "config"},
    "dataset": {"stages", "media", "config"},
    "pipeline": {"dataset", "stages", "media", "config", "nn"},
    "cli": {"pipeline", "dataset", "stages", "models", "diffusion", "nn", "text", "media", "config"},
}.items():
    BELOW[layer] = direct | {"core"}
MOST_LINES = {".h": 199, ".cuh": 199, ".cpp": 599, ".cu": 599}
INCLUDE = re.compile(r'^\s*#\s*include\s*"(?:ditto/)?([a-z_0-9]+)/', re.MULTILINE)


def files_of_layers():
    for folder in (ROOT / "include" / "ditto", ROOT / "src"):
        for path in sorted(folder.rglob("*")):
            if path.suffix in MOST_LINES:
                yield path.relative_to(folder).parts[0], path


class LayersTest(unittest.TestCase):
    def test_every_folder_is_a_layer(self):
        for folder in (ROOT / "include" / "ditto", ROOT / "src"):
            for entry in folder.iterdir():
                self.assertIn(entry.name, BELOW, f"{entry} is no layer")

    def test_includes_go_downwards(self):
        wrong = []
        for layer, path in files_of_layers():
            for included in INCLUDE.findall(path.read_text()):
                if included in BELOW and included != layer and included not in BELOW[layer]:
                    wrong.append(f"{path.relative_to(ROOT)} includes {included}")
        self.assertEqual(wrong, [])

    def test_files_are_short(self):
        long = []
        for _, path in files_of_layers():
            lines = path.read_text().count("\n")
            if lines > MOST_LINES[path.suffix]:
                long.append(f"{path.relative_to(ROOT)}: {lines} lines, at most {MOST_LINES[path.suffix]}")
        self.assertEqual(long, [])

    def test_the_test_sees_files(self):
        self.assertGreater(len(list(files_of_layers())), 30)


if __name__ == "__main__":
    sys.exit(unittest.main())
