"""Good clips among everything that a folder can hold: good ones come through, the rest is listed."""

import json
import os
import pathlib
import resource
import shutil
import subprocess
import unittest

import harness


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


class UglyTest(harness.TestCase):
    source_names = ("bikes.mp4", "box.mp4")

    def setUp(self):
        super().setUp()
        v = self.videos
        good = v / "bikes.mp4"
        moving = ["-f", "lavfi", "-i", "testsrc2=size=320x192:rate=24:duration=2"]
        (v / "empty.mp4").touch()
        (v / "text.mp4").write_text("this is no video\n" * 500)
        data = harness.clip("Megamind.avi").read_bytes()
        (v / "cut.avi").write_bytes(data[: len(data) // 50])
        mp4 = good.read_bytes()
        (v / "truncated.mp4").write_bytes(mp4[: len(mp4) // 3])
        ffmpeg("-f", "lavfi", "-i", "sine=duration=1", v / "audio.mp4")
        ffmpeg(*moving, "-frames:v", "1", v / "one_frame.mp4")
        ffmpeg("-f", "lavfi", "-i", "color=red:size=1x1:rate=24:duration=2,format=rgb24", "-c:v", "png", v / "1x1.mkv")
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=17x31:rate=24:duration=2", "-c:v", "ffv1", v / "17x31.mkv")
        ffmpeg("-f", "lavfi", "-i", "color=black:size=320x192:rate=24:duration=3", v / "black.mp4")
        # Good, though unusual: each must come through.
        unusual = self.temporary / "unusual"
        unusual.mkdir()
        source = harness.clip("Megamind.avi")
        ffmpeg("-i", source, "-vf", "select='not(eq(mod(n,5),2))',hue=h=40", "-fps_mode", "vfr", unusual / "vfr.mp4")
        ffmpeg("-i", harness.clip("box.mp4"), "-vf", "transpose=2,hue=h=90", "-metadata:s:v", "rotate=90", unusual / "phone.mp4")
        ffmpeg("-i", source, "-vf", "hflip,hue=h=180,format=yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=none",
               "-preset", "ultrafast", unusual / "hevc10.mp4")
        ffmpeg("-i", harness.clip("bikes.mp4"), "-vf", "vflip,hue=h=120,interlace", "-flags", "+ilme+ildct", "-c:v", "mpeg2video",
               "-q:v", "3", unusual / "interlaced.mpg")
        ffmpeg("-i", harness.clip("bikes.mp4"), "-vf", "hflip,negate", unusual / "a 'quoted\" name\nwith\ta newline.mp4")
        self.unusual = sorted(os.fsencode(path.name) for path in unusual.iterdir())
        for path in unusual.iterdir():
            shutil.move(path, v / path.name)
        ffmpeg("-i", harness.clip("box.mp4"), "-vf", "vflip,negate", self.temporary / "plain.mp4")
        os.rename(self.temporary / "plain.mp4", os.fsencode(v) + b"/n\xffme.mp4")
        self.unusual.append(b"n\xffme.mp4")
        shutil.copy(good, v / "twin of bikes.mp4")
        os.symlink(v / "nowhere.mp4", v / "dangling.mp4")
        (v / "loop").mkdir()
        os.symlink("..", v / "loop" / "back")
        os.mkfifo(v / "pipe.mp4")
        (v / "locked").mkdir()
        shutil.copy(good, v / "locked" / "hidden.mp4")
        os.chmod(v / "locked", 0)
        self.addCleanup(os.chmod, v / "locked", 0o755)

    def test_good_clips_come_through_and_the_rest_is_listed(self):
        # Few descriptors, so that a leak of them would show.
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        self.ditto(*self.run_arguments(), preexec_fn=limit)
        self.ditto("verify", self.out)
        clips = [json.loads(line) for line in (self.out / "clips.jsonl").read_text().splitlines()]
        drops = [json.loads(line) for line in (self.out / "clips.dropped.jsonl").read_text().splitlines()]
        came = {clip["source_path"] for clip in clips}
        for name in ["bikes.mp4", "box.mp4"]:
            self.assertTrue(name in came or f"locked/hidden.mp4" in came, name)
        escaped = {name: name.decode("utf-8", "backslashreplace").replace("\n", "\\x0a").replace("\t", "\\x09")
                   for name in self.unusual}
        for name in self.unusual:
            self.assertIn(escaped[name], came, f"dropped: {[d for d in drops if d['source_path'] == escaped[name]]}")
        portrait = next(clip for clip in clips if clip["source_path"] == "phone.mp4")
        self.assertEqual((portrait["width"], portrait["height"]), (112, 192))
        listed = {}
        for drop in drops:
            self.assertTrue(drop["reason"])
            listed.setdefault(drop["source_path"], []).append(drop)
        for name in ("empty.mp4", "text.mp4", "truncated.mp4", "audio.mp4", "one_frame.mp4", "1x1.mkv", "17x31.mkv",
                     "black.mp4", "dangling.mp4", "pipe.mp4"):
            self.assertIn(name, listed)
            self.assertNotIn(name, came)
        duplicates = [drop for drop in drops if drop["reason"] == "duplicate"]
        self.assertTrue(any(drop["source_path"] == "twin of bikes.mp4" for drop in duplicates))
        outcomes = {sample["outcome"] for sample in harness.samples(self.out)}
        self.assertIn("accepted", outcomes)
        self.assertNotIn("quarantined", outcomes)


if __name__ == "__main__":
    unittest.main()
