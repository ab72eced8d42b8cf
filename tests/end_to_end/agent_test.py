"""The agent and the judge on Qwen2.5-VL: tiny, with random weights, but the whole way."""

import json
import pathlib
import subprocess
import unittest

import harness

FIXTURE = pathlib.Path(__file__).resolve().parents[1] / "reference" / "fixtures" / "qwen2_5_vl-agent"


def options(stage):
    return [part for key, value in (("weights", FIXTURE), ("device", "cpu"), ("dtype", "float32"), ("frames", 4))
            for part in ("--set", f"{stage}.{key}={value}")]


class AgentTest(harness.TestCase):
    source_names = ("bikes.mp4",)

    def video(self, name, filters):
        path = self.temporary / name
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", harness.clip("bikes.mp4"), "-frames:v", "8", "-vf",
                        "scale=96:64,setsar=1," + filters, "-c:v", "ffv1", path], check=True)
        return path

    def test_a_stage_instructs(self):
        command = ["stage", "instruct", "--backend", "native", *options("instruct"), "--set", "instruct.attempts=1",
                   "--video", self.video("a.mkv", "null"), "--count", 2]
        result = self.ditto(*command)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        # Random weights write no English: what isn't usable is dropped and said.
        self.assertGreaterEqual(len(lines) + result.stderr.count("dropped, "), 2)
        again = self.ditto(*command)
        self.assertEqual(again.stdout, result.stdout)
        self.assertEqual(self.said(again), self.said(result))

    def said(self, result):
        return [line[line.index("dropped, "):] for line in result.stderr.splitlines() if "dropped, " in line]

    def test_a_stage_judges(self):
        source, edited = self.video("a.mkv", "null"), self.video("b.mkv", "hue=h=120")
        command = ["stage", "judge", "--backend", "native", *options("judge"), "--source", source, "--instruction",
                   "Make it look like a dream", "--edited"]
        result = self.ditto(*command, edited)
        judgement = json.loads(result.stdout)
        model = judgement["measurements"]["model"]
        self.assertEqual(sorted(model), ["content", "instruction", "motion", "quality", "safety"])
        for answers in model.values():
            self.assertEqual(len(answers["scores"]), 3)
            self.assertTrue(all(1 <= score <= 10 for score in answers["scores"]))
        self.assertEqual(self.ditto(*command, edited).stdout, result.stdout)
        unedited = json.loads(self.ditto(*command, source).stdout)
        self.assertEqual(unedited["fault"], "unedited")
        self.assertNotIn("model", unedited["measurements"])

    def test_a_dataset_with_captions(self):
        instructions = self.temporary / "own.jsonl"
        instructions.write_text(json.dumps({"path": "bikes.mp4", "text": "Make it a snowy winter scene"}) + "\n")
        run = lambda: self.run_ditto(
            instruct__backend="native", instruct__weights=FIXTURE, instruct__device="cpu", instruct__frames=4,
            instruct__attempts=1, instruct__count=1, judge__backend="native", judge__weights=FIXTURE,
            judge__device="cpu", judge__frames=2, sources__instructions=instructions, clip__width=96, clip__height=64,
            clip__frames=9, curate__max_clips_per_source=1)
        run()
        stored = [json.loads(path.read_text())["result"] for path in (self.out / "work" / "instruct").rglob("*.json")]
        self.assertEqual(len(stored), 1)
        self.assertTrue(stored[0]["caption"])
        self.assertGreaterEqual(len(stored[0]["drops"]) + len(stored[0]["instructions"]), 2)
        for drop in stored[0]["drops"]:
            self.assertTrue(drop["text"] is not None and drop["fault"] and drop["detail"])
        for sample in harness.samples(self.out):
            self.assertEqual(sample["clip"]["caption"], stored[0]["caption"])
        weights = json.loads((self.out / "run.json").read_text())["weights"]
        self.assertEqual(len(weights["instruct"]), 64)
        self.assertEqual(len(weights["judge"]), 64)
        self.assertIn("nothing to do", run().stderr)

    def test_a_plan_knows_the_networks(self):
        sections = [part for stage in ("instruct", "judge")
                    for part in ("--set", f"{stage}.backend=native", *options(stage))]
        command = ["plan", harness.CONFIG, "--input", harness.clip("bikes.mp4"), "--set", "clip.width=96", "--set", "clip.height=64",
                   "--set", "clip.frames=9", *sections]
        plan = json.loads(self.ditto(*command, "--json").stdout)
        self.assertEqual(plan["not_timed"], ["instruct", "judge"])
        [model] = plan["models"]
        self.assertEqual(model["weights"], str(FIXTURE))
        self.assertTrue(model["on_host"])
        self.assertGreater(model["cache_bytes"], 0)
        self.assertGreater(plan["memory_bytes"], model["weight_bytes"] + model["cache_bytes"])
        self.assertIn("not timed", self.ditto(*command).stdout)

    def test_networks_are_a_part_of_the_memory(self):
        result = self.run_ditto(expect=2, judge__backend="native", judge__weights=FIXTURE, judge__device="cpu",
                                judge__dtype="float32", judge__slots=256, run__memory_megabytes=64, clip__width=96,
                                clip__height=64, clip__frames=9)
        self.assertIn("MB of networks", result.stderr)

    def test_a_known_sample_gets_the_caption_of_a_new_instructor(self):
        instructions = self.temporary / "own.jsonl"
        instructions.write_text(json.dumps({"path": "bikes.mp4", "text": "Make it a snowy winter scene"}) + "\n")
        common = dict(sources__instructions=instructions, clip__width=96, clip__height=64, clip__frames=9,
                      curate__max_clips_per_source=1, instruct__count=1)
        self.run_ditto(**common)
        before = {s["key"]: s for s in harness.samples(self.out)}
        own = min(before)
        self.assertEqual(before[own]["instruction"], "Make it a snowy winter scene")
        self.assertNotIn("caption", before[own]["clip"])
        edits = harness.attempts(self.out)["edit"]
        self.run_ditto(**common, instruct__backend="native", instruct__weights=FIXTURE, instruct__device="cpu",
                       instruct__dtype="float32", instruct__frames=4, instruct__attempts=1)
        after = {s["key"]: s for s in harness.samples(self.out)}[own]
        self.assertTrue(after["clip"]["caption"])
        self.assertNotEqual(after["fingerprints"]["instruct"], before[own]["fingerprints"]["instruct"])
        self.assertEqual(after["fingerprints"]["edit"], before[own]["fingerprints"]["edit"])
        self.assertEqual(harness.attempts(self.out)["edit"], edits)


if __name__ == "__main__":
    unittest.main()
