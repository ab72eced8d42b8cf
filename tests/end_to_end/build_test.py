"""A folder of real videos in, a verified dataset out."""

import json
import resource
import subprocess
import unittest

import harness


class BuildTest(harness.TestCase):
    def test_builds_a_verified_dataset_and_does_nothing_twice(self):
        self.run_ditto()
        samples = harness.samples(self.out)
        clips = (self.out / "clips.jsonl").read_text().splitlines()
        self.assertGreaterEqual(len(clips), 3)
        self.assertEqual(len({sample["key"] for sample in samples}), len(samples))
        accepted = [sample for sample in samples if sample["outcome"] == "accepted"]
        self.assertGreaterEqual(len(accepted), len(samples) // 2)
        self.ditto("verify", self.out)
        self.assertIn("<html", (self.out / "report.html").read_text())

        members = harness.shard_members(self.out)
        for sample in accepted:
            key = sample["key"]
            for role in ("source.mp4", "edited.mp4", "keyframe.png", "edited_keyframe.png", "txt", "json"):
                self.assertIn(f"{key}.{role}", members)
            self.assertEqual(members[f"{key}.txt"][2].decode(), sample["instruction"])
            self.assertEqual(members[f"{key}.source.mp4"][1].mtime, 0)
            for role in ("source.mp4", "edited.mp4"):
                self.assertEqual(self.frames(members[f"{key}.{role}"][2]), (9, 192, 112))
            self.assertNotEqual(members[f"{key}.source.mp4"][2], members[f"{key}.edited.mp4"][2])
            text = members[f"{key}.json"][2].decode()
            self.assertNotIn(str(self.temporary), text)
            self.assertIn("hashes", json.loads(text))

        before = {path: path.stat().st_mtime_ns for path in (self.out / "shards").iterdir()}
        done = harness.attempts(self.out)
        before_cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
        again = self.run_ditto()
        after_cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
        # In time of the CPU, so that other tests beside this one don't count; a second on an idle machine.
        used = [after - before for before, after in zip(before_cpu[:2], after_cpu[:2])]
        self.assertLess(sum(used), 2.0)
        self.assertIn("nothing to do", again.stderr)
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in (self.out / "shards").iterdir()})
        self.assertEqual(done, harness.attempts(self.out))

    def frames(self, mp4):
        path = self.temporary / "member.mp4"
        path.write_bytes(mp4)
        fields = subprocess.run(
            ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries",
             "stream=nb_read_frames,width,height", "-of", "json", path],
            check=True, capture_output=True, text=True).stdout
        stream = json.loads(fields)["streams"][0]
        return int(stream["nb_read_frames"]), stream["width"], stream["height"]

    def test_a_users_instructions_come_first_and_refusals_are_outcomes(self):
        lines = [{"path": "bikes.mp4", "text": "Turn it into a pencil sketch"},
                 {"path": "bikes.mp4", "text": "Replace the fjord with a zeppelin hangar"}]
        path = self.temporary / "mine.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.run_ditto(sources__instructions=path, curate__max_clips_per_source=1)
        texts = {sample["instruction"]: sample for sample in harness.samples(self.out)}
        self.assertIn(lines[0]["text"], texts)
        refused = texts[lines[1]["text"]]
        self.assertEqual((refused["outcome"], refused["stage"]), ("rejected", "edit"))
        self.assertTrue(refused["reason"])

    def test_a_clip_with_a_cut_is_rejected_by_the_generator(self):
        joined = self.temporary / "cut.mp4"
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", self.videos / "bikes.mp4", "-i", self.videos / "box.mp4",
             "-filter_complex", "[0]fps=12,scale=192:112,setsar=1,trim=end_frame=6[a];[1]fps=12,scale=192:112,setsar=1,"
             "trim=end_frame=6,setpts=PTS-STARTPTS[b];[a][b]concat", "-q:v", "3", joined], check=True)
        for path in self.videos.iterdir():
            path.unlink()
        joined.rename(self.videos / "cut.mp4")
        # Curation is kept from seeing it.
        self.run_ditto(curate__shot_threshold=100, curate__max_clips_per_source=1)
        samples = harness.samples(self.out)
        self.assertTrue(samples)
        reached = [sample for sample in samples if sample["stage"] not in ("edit", "gate")]
        self.assertTrue(reached, samples)
        for sample in reached:
            self.assertEqual((sample["outcome"], sample["stage"]), ("rejected", "generate"))
            self.assertIn("another shot begins at frame", sample["reason"])
            self.assertTrue(sample["details"]["generate"]["cuts"])
        self.ditto("verify", self.out)

    def test_usage_errors_exit_2_before_any_work(self):
        result = self.run_ditto(expect=2, judge__min_qualty=3)
        self.assertIn("judge.min_qualty", result.stderr)
        self.assertIn("min_quality", result.stderr)
        self.assertFalse(self.out.exists())
        self.ditto("run", harness.CONFIG, "--input", self.temporary / "nowhere", "--output", self.out, expect=2)
        self.run_ditto(expect=2, extra=["--task", "3/3"])


if __name__ == "__main__":
    unittest.main()
