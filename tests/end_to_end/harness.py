"""What the end-to-end tests share: a small config, real clips made small, and readers for what a run
leaves behind. Standard library only, so that nothing of ditto checks itself."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tarfile
import tempfile
import unittest

DITTO = os.environ["DITTO"]
CLIPS = pathlib.Path(os.environ["DITTO_CLIPS"])
CONFIG = pathlib.Path(__file__).resolve().parents[2] / "configs" / "builtin.json"

# Small enough for a few seconds a run, large enough for every stage to do its work.
SMALL = {
    "clip.width": 192, "clip.height": 112, "clip.frames": 9, "clip.fps": 12,
    "curate.max_clips_per_source": 2, "curate.max_upscale": 8, "instruct.count": 2,
    "generate.iterations": 60, "output.preset": "veryfast", "run.unit_clips": 2, "run.seed": 7,
}


class TestCase(unittest.TestCase):
    """Gives each test a temporary directory with the sources `self.videos` and an output `self.out`."""

    source_names = ("bikes.mp4", "box.mp4", "Megamind.avi")

    def setUp(self):
        self.temporary = pathlib.Path(tempfile.mkdtemp(prefix="ditto-e2e-"))
        self.addCleanup(shutil.rmtree, self.temporary, ignore_errors=True)
        self.videos = self.temporary / "videos"
        self.videos.mkdir()
        self.out = self.temporary / "out"
        for name in self.source_names:
            shutil.copy(clip(name), self.videos / name)

    def ditto(self, *arguments, expect=0, **kwargs):
        result = subprocess.run([DITTO, *map(str, arguments)], capture_output=True, text=True,
                                errors="surrogateescape", timeout=600, **kwargs)
        if expect is not None:
            self.assertEqual(result.returncode, expect, f"{arguments}\n{result.stdout}\n{result.stderr}")
        return result

    def run_arguments(self, out=None, extra=(), **overrides):
        values = dict(SMALL)
        values.update({key.replace("__", "."): value for key, value in overrides.items()})
        sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        return ["run", CONFIG, "--input", self.videos, "--output", out or self.out, *sets, *extra]

    def run_ditto(self, out=None, extra=(), expect=0, **overrides):
        return self.ditto(*self.run_arguments(out, extra, **overrides), expect=expect)


def clip(name):
    """A real clip, cut to its first two seconds and scaled down; made once."""
    cache = pathlib.Path(tempfile.gettempdir()) / f"ditto-e2e-clips-{os.getuid()}"
    cache.mkdir(exist_ok=True)
    target = cache / name
    if not target.exists():
        part = cache / f"part-{os.getpid()}-{name}"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", CLIPS / name, "-t", "2.4", "-an",
                        "-vf", "scale=320:-2", "-q:v", "3", part], check=True)
        part.rename(target)
    return target


def samples(out):
    return [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]


def shard_digests(out):
    """Every file of shards/ by name with its SHA-256."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((out / "shards").iterdir())}


def shard_members(out):
    members = {}
    for path in sorted((out / "shards").glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                members[member.name] = (path.name, member, tar.extractfile(member).read())
    return members


def attempts(out, result="done"):
    """How often each stage ended with `result`, over all journals."""
    counts = {}
    for path in (out / "journal").glob("*.sqlite"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            for stage, count in db.execute(
                    "SELECT stage, COUNT(*) FROM attempts WHERE result=? GROUP BY stage", (result,)):
                counts[stage] = counts.get(stage, 0) + count
    return counts
