import json
import os
import pathlib
import subprocess
import unittest

from harness import TestCase

CLIPS = pathlib.Path(os.environ["DITTO_CLIPS"])
FAST = ("--set", "generate.iterations=40")


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def stream_of(path):
    """(width, height, frame rate, frames) by an independent reader."""
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
         "stream=width,height,r_frame_rate,nb_read_frames", "-of", "json", path],
        capture_output=True, text=True, check=True).stdout
    stream = json.loads(text)["streams"][0]
    return stream["width"], stream["height"], stream["r_frame_rate"], int(stream["nb_read_frames"])


@unittest.skipUnless((CLIPS / "bikes.mp4").exists(), "scripts/setup --clips brings the clips")
class StageTest(TestCase):
    def setUp(self):
        super().setUp()
        self.video = self.make_video("a.mkv", "192:112")
        self.keyframe = self.frame(self.video, 5, "k.png")

    def make_video(self, name, size, frames=11):
        path = self.folder / name
        ffmpeg("-i", CLIPS / "bikes.mp4", "-frames:v", frames, "-vf", f"scale={size},setsar=1", "-c:v", "ffv1",
               "-pix_fmt", "yuv444p", path)
        return path

    def frame(self, video, index, name, filters="null"):
        path = self.folder / name
        ffmpeg("-i", video, "-vf", f"select=eq(n\\,{index}),{filters}", "-frames:v", "1", "-update", "1", path)
        return path

    def generate(self, video, keyframe, *more, expect=0, index=5):
        return self.ditto("stage", "generate", "--video", video, "--keyframe-index", index, "--edited-keyframe",
                          keyframe, "--output", self.folder / "b.mp4", *FAST, *more, expect=expect)

    def test_a_clip_goes_through_every_stage(self):
        lines = self.ditto("stage", "instruct", "--video", self.video, "--count", "2").stdout.splitlines()
        instructions = [json.loads(line) for line in lines]
        self.assertEqual(len({i["text"] for i in instructions}), 2)

        text = "Turn it into a pencil sketch"
        edited, mask = self.folder / "q.png", self.folder / "m.png"
        self.ditto("stage", "edit", "--image", self.keyframe, "--instruction", text, "--output", edited,
                   "--mask-output", mask)
        self.assertEqual(stream_of(edited)[:2], (192, 112))
        self.assertEqual(stream_of(mask)[:2], (192, 112))

        self.generate(self.video, edited, "--instruction", text)
        self.assertEqual(stream_of(self.folder / "b.mp4"), (192, 112, "25/1", 11))
        first = (self.folder / "b.mp4").read_bytes()
        self.generate(self.video, edited, "--instruction", text)
        self.assertEqual((self.folder / "b.mp4").read_bytes(), first)

        self.ditto("stage", "enhance", "--source", self.video, "--edited", self.folder / "b.mp4", "--output",
                   self.folder / "c.mp4")
        self.assertEqual(stream_of(self.folder / "c.mp4"), (192, 112, "25/1", 11))
        for name, options in (("off", ["--strength", "0"]), ("none", ["--backend", "none"])):
            self.ditto("stage", "enhance", "--source", self.video, "--video", self.folder / "b.mp4", *options,
                       "--crf", "20", "--output", self.folder / f"{name}.mp4")
        self.assertEqual((self.folder / "off.mp4").read_bytes(), (self.folder / "none.mp4").read_bytes())
        self.assertLess((self.folder / "off.mp4").stat().st_size, (self.folder / "c.mp4").stat().st_size)
        judgement = json.loads(self.ditto("stage", "judge", "--source", self.video, "--edited",
                                          self.folder / "c.mp4", "--instruction", text).stdout)
        self.assertIsInstance(judgement["accepted"], bool)
        criteria = {score["criterion"] for score in judgement["scores"]}
        self.assertLessEqual({"instruction", "source", "quality", "temporal"}, criteria)

    def judge(self, edited, *more):
        return json.loads(self.ditto("stage", "judge", "--source", self.video, "--edited", edited, "--instruction",
                                     "Invert the colours", *more).stdout)

    def test_the_judge_says_what_is_wrong(self):
        inverted, mask = self.folder / "i.mkv", self.folder / "all.png"
        ffmpeg("-i", self.video, "-vf", "negate", "-c:v", "ffv1", inverted)
        ffmpeg("-f", "lavfi", "-i", "color=white:s=192x112", "-frames:v", "1", mask)
        key = ("--keyframe-index", 5, "--edited-keyframe", self.frame(inverted, 5, "i.png"))
        for more in ((), key, (*key, "--mask", mask)):
            self.assertTrue(self.judge(inverted, *more)["accepted"])
        other = self.judge(inverted, "--keyframe-index", 5, "--edited-keyframe",
                           self.frame(self.video, 5, "h.png", "hue=h=90:s=3"))
        self.assertEqual(other["fault"], "wrong_edit", other)

        copy = self.judge(self.video)
        self.assertFalse(copy["accepted"])
        self.assertEqual(copy["fault"], "unedited")
        self.assertEqual(copy["reasons"][0]["fault"], "unedited")
        self.assertTrue(copy["reason"].startswith("unedited: "), copy["reason"])
        shorter = self.folder / "s.mkv"
        ffmpeg("-i", inverted, "-frames:v", "7", "-c:v", "ffv1", shorter)
        self.assertEqual(self.judge(shorter)["fault"], "wrong_length")
        ffmpeg("-i", self.video, "-vf", "negate,scale=96:56", "-c:v", "ffv1", shorter)
        self.assertEqual(self.judge(shorter)["fault"], "wrong_size")
        both = self.ditto("stage", "judge", "--source", self.video, "--instruction", "Invert the colours", "--edited",
                          inverted, "--edited", shorter).stdout.splitlines()
        self.assertEqual([json.loads(line)["fault"] for line in both], ["", "wrong_size"])

    def test_several_keys_and_what_is_measured(self):
        keys = [self.frame(self.video, index, f"k{index}.png", "hue=h=120") for index in (2, 8)]
        result = self.generate(self.video, keys[0], "--keyframe-index", 8, "--edited-keyframe", keys[1], "--json", index=2)
        measured = json.loads(result.stdout)
        self.assertEqual([key["frame"] for key in measured["keys"]], [2, 8])
        self.assertEqual(len(measured["confidence"]), 11)
        self.assertTrue(all(0 <= c <= 1 for c in measured["confidence"]), measured)
        self.assertEqual([measured["confidence"][index] for index in (2, 8)], [1, 1])
        self.assertEqual(stream_of(self.folder / "b.mp4"), (192, 112, "25/1", 11))

        unpaired = self.generate(self.video, keys[0], "--keyframe-index", 8, expect=2)
        self.assertIn("as many --edited-keyframe as --keyframe-index", unpaired.stderr)
        twice = self.generate(self.video, keys[0], "--keyframe-index", 5, "--edited-keyframe", keys[1], expect=2)
        self.assertIn("5 is given twice", twice.stderr)
        late = self.generate(self.video, keys[0], "--keyframe-index", 11, "--edited-keyframe", keys[1], expect=2)
        self.assertIn("expected 0 to 10", late.stderr)

    def test_the_user_says_where_drawn_things_belong(self):
        keyframe = self.frame(self.video, 5, "drawn.png", "drawbox=60:40:50:36:purple:fill,drawbox=70:48:30:20:yellow:fill")
        for overlay, expected in (("scene", [1, 0]), ("screen", [0, 1])):
            measured = json.loads(self.generate(self.video, keyframe, "--overlay", overlay, "--json").stdout)
            self.assertEqual([measured["object_layers"], measured["screen_layers"]], expected, overlay)
        self.assertIn("--overlay", self.generate(self.video, keyframe, "--overlay", "sky", expect=2).stderr)

    def test_a_video_with_a_cut_is_refused(self):
        video = self.folder / "cut.mkv"
        ffmpeg("-i", CLIPS / "bikes.mp4", "-i", CLIPS / "box.mp4", "-filter_complex",
               "[0]trim=end_frame=6,scale=192:112,setsar=1,fps=25,setpts=N/25/TB[a];"
               "[1]trim=start_frame=150:end_frame=156,scale=192:112,setsar=1,setpts=N/25/TB[b];[a][b]concat",
               "-c:v", "ffv1", video)
        result = self.generate(video, self.keyframe, expect=1)
        self.assertIn("another shot begins at frame 6", result.stderr)
        self.assertFalse((self.folder / "b.mp4").exists())
        self.generate(video, self.keyframe, "--set", "generate.shot_threshold=0")
        self.assertTrue((self.folder / "b.mp4").exists())

    def test_curate_lists_clips_and_drops(self):
        result = self.ditto("stage", "curate", "--video", self.video, "--set", "clip.frames=5", "--set",
                            "clip.width=96", "--set", "clip.height=56")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertTrue(lines)
        self.assertTrue(all(("id" in line) != ("reason" in line) for line in lines), lines)
        drop = json.loads(self.ditto("stage", "curate", "--video", self.video).stdout)
        self.assertEqual(drop["reason"], "too_small")

    def test_an_odd_size_is_cropped_and_said(self):
        video = self.make_video("odd.mkv", "161:91")
        result = self.generate(video, self.frame(video, 5, "odd.png", "hue=h=120"))
        self.assertIn("161x91 is cropped to the even size 160x90", result.stderr)
        self.assertEqual(stream_of(self.folder / "b.mp4"), (160, 90, "25/1", 11))

    def test_a_key_frame_of_another_size_is_scaled_and_of_another_shape_refused(self):
        larger = self.frame(self.video, 5, "larger.png", "scale=384:224,hue=h=120")
        self.assertIn("is scaled to 192x112", self.generate(self.video, larger).stderr)
        square = self.frame(self.video, 5, "square.png", "scale=112:112,setsar=1")
        self.assertIn("expected a picture of 192x112", self.generate(self.video, square, expect=2).stderr)

    def test_wrong_arguments_write_nothing(self):
        self.assertIn("expected 0 to 10", self.generate(self.video, self.keyframe, expect=2, index=11).stderr)
        self.assertIn("expected 0 to 10", self.generate(self.video, self.keyframe, expect=2, index=-1).stderr)
        self.assertIn("none.mkv", self.generate("none.mkv", self.keyframe, expect=1).stderr)
        self.assertIn("generate.weights: the native backend needs",
                      self.generate(self.video, self.keyframe, "--backend", "native", expect=2).stderr)
        self.assertFalse((self.folder / "b.mp4").exists())
        self.assertIn(".mp4", self.usage_error("stage", "enhance", "--source", self.video, "--edited", self.video,
                                               "--output", "c.avi"))
        shorter = self.make_video("short.mkv", "192:112", frames=7)
        self.assertIn("as many frames", self.usage_error("stage", "enhance", "--source", self.video, "--edited", shorter,
                                                         "--output", "c.mp4"))
        self.assertIn("--edited-keyframe", self.usage_error("stage", "judge", "--source", self.video, "--edited",
                                                            self.video, "--instruction", "x", "--keyframe-index", "3"))
        self.assertIn("expected 0 to 10", self.usage_error(
            "stage", "judge", "--source", self.video, "--edited", self.video, "--instruction", "x", "--keyframe-index",
            "11", "--edited-keyframe", self.keyframe))

    def test_an_instruction_outside_the_repertoire_is_refused(self):
        result = self.ditto("stage", "edit", "--image", self.keyframe, "--instruction", "Compose a sonnet",
                            "--output", "q.png", expect=1)
        self.assertIn("refused", result.stderr)
        self.assertFalse((self.folder / "q.png").exists())


if __name__ == "__main__":
    unittest.main()
