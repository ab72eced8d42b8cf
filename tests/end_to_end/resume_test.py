"""The same bytes whatever the workers, the split and the kill points; only what changed is redone."""

import random
import signal
import subprocess
import time
import unittest

import harness


class ResumeTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.run_ditto(out=self.temporary / "reference")
        self.reference = harness.shard_digests(self.temporary / "reference")
        self.assertTrue(self.reference)

    def test_workers_and_tasks_give_the_same_bytes(self):
        self.run_ditto(out=self.temporary / "one", run__workers=1)
        self.assertEqual(harness.shard_digests(self.temporary / "one"), self.reference)
        for task in ("0/3", "1/3", "2/3"):
            self.run_ditto(extra=["--task", task])
        self.ditto("merge", self.out)
        self.assertEqual(harness.shard_digests(self.out), self.reference)
        self.ditto("verify", self.out)

    def test_tasks_at_the_same_time_share_the_curation(self):
        tasks = [subprocess.Popen([harness.DITTO, *map(str, self.run_arguments(extra=["--task", f"{i}/2"]))],
                                  stderr=subprocess.DEVNULL) for i in range(2)]
        self.assertEqual([task.wait(timeout=300) for task in tasks], [0, 0])
        self.ditto("merge", self.out)
        self.assertEqual(harness.shard_digests(self.out), self.reference)

    def test_killed_runs_continue_to_the_same_bytes(self):
        rng = random.Random(5)
        kills = 0
        for _ in range(4):
            process = subprocess.Popen([harness.DITTO, *map(str, self.run_arguments())],
                                       stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.3, 3.0))
            if process.poll() is None:
                kills += 1
                process.kill()
            process.wait()
        self.assertGreater(kills, 0)
        self.run_ditto()
        self.assertEqual(harness.shard_digests(self.out), self.reference)
        self.ditto("verify", self.out)

    def test_sigterm_stops_cleanly_and_is_resumable(self):
        for number in (signal.SIGTERM, signal.SIGUSR1):
            process = subprocess.Popen([harness.DITTO, *map(str, self.run_arguments(run__seed=number))],
                                       stderr=subprocess.PIPE, text=True)
            time.sleep(1.5)
            process.send_signal(number)
            _, messages = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 75, messages)
            self.assertIn(number.name, messages)
        result = self.run_ditto(expect=75, run__deadline="1s", run__seed=99)
        self.assertIn("deadline", result.stderr)
        self.run_ditto()
        self.assertEqual(harness.shard_digests(self.out), self.reference)

    def test_only_what_changed_is_redone_and_explain_says_so(self):
        out = self.temporary / "reference"
        key = next(s["key"] for s in harness.samples(out) if s["outcome"] == "accepted")
        total = len([s for s in harness.samples(out) if s["stage"] not in ("edit", "gate")])

        explained = self.ditto("explain", out, key, "--set", "judge.min_quality=1.5").stdout
        self.assertRegex(explained, r"enhance +kept")
        self.assertRegex(explained, r"judge +redone")
        self.assertRegex(explained, r"min_quality: .* -> 1.5")
        before = harness.attempts(out)
        self.run_ditto(out=out, judge__min_quality=1.5)
        after = harness.attempts(out)
        redone = {stage: after[stage] - before.get(stage, 0) for stage in after}
        self.assertEqual(redone["judge"], total)
        for stage in ("instruct", "edit", "gate", "prepare", "generate", "motion", "enhance"):
            self.assertEqual(redone.get(stage, 0), 0, stage)
        self.ditto("verify", out)

        explained = self.ditto("explain", out, key, "--set", "enhance.strength=0.25").stdout
        self.assertRegex(explained, r"generate +kept")
        self.assertRegex(explained, r"enhance +redone")
        self.run_ditto(out=out, judge__min_quality=1.5, enhance__strength=0.25)
        final = harness.attempts(out)
        redone = {stage: final[stage] - after.get(stage, 0) for stage in final}
        self.assertEqual((redone["enhance"], redone["judge"]), (total, total))
        for stage in ("instruct", "edit", "gate", "prepare", "generate"):
            self.assertEqual(redone.get(stage, 0), 0, stage)
        self.ditto("verify", out)


if __name__ == "__main__":
    unittest.main()
