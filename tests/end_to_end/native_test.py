"""A run whose generator is VACE: tiny, with random weights, but the whole way."""

import json
import pathlib
import shutil
import unittest

import harness

FIXTURE = pathlib.Path(__file__).resolve().parents[1] / "reference" / "fixtures" / "pipeline-vace"


class NativeTest(harness.TestCase):
    source_names = ("bikes.mp4",)

    def native(self, weights=FIXTURE, expect=0, **more):
        return self.run_ditto(expect=expect, generate__backend="native", generate__weights=weights, generate__device="cpu",
                              generate__recipe="vdot-4", enhance__backend="none", clip__width=96, clip__height=64,
                              clip__frames=6, instruct__count=1, curate__max_clips_per_source=1, **more)

    def test_a_dataset_by_vace(self):
        self.native()
        sample, = harness.samples(self.out)
        self.assertIn(sample["outcome"], ("accepted", "rejected"))
        run = json.loads((self.out / "run.json").read_text())
        self.assertEqual(len(run["weights"]["generate"]), 64)
        again = self.native()
        self.assertIn("nothing to do", again.stderr)
        # The same weights elsewhere are the same; others are not.
        other = self.temporary / "other"
        shutil.copytree(FIXTURE, other)
        self.assertIn("nothing to do", self.native(weights=other).stderr)
        index = other / "scheduler" / "scheduler_config.json"
        index.write_text(index.read_text() + " ")
        self.assertNotIn("nothing to do", self.native(weights=other).stderr)

    def test_faults_of_the_config_come_before_any_work(self):
        result = self.native(weights=self.temporary / "none", expect=2)
        self.assertIn("none doesn't exist", result.stderr)
        self.assertFalse((self.out / "clips.jsonl").exists())
        self.assertIn("generate.control: depth", self.native(expect=2, generate__control="depth").stderr)


if __name__ == "__main__":
    unittest.main()
