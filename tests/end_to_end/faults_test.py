"""Full disks, clashing processes, vanished sources."""

import os
import subprocess
import unittest

import harness


class FaultsTest(harness.TestCase):
    def test_a_full_disk_is_told_and_the_same_command_completes_later(self):
        mount = self.temporary / "disk"
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", mount],
                          capture_output=True).returncode != 0:
            self.skipTest("only root can mount a small disk")
        self.addCleanup(subprocess.run, ["umount", mount])
        result = self.run_ditto(out=mount / "out", expect=1, run__min_free_megabytes=0)
        self.assertRegex(result.stderr, "No space left on device|disk is full")
        subprocess.run(["mount", "-o", "remount,size=500M", mount], check=True)
        self.run_ditto(out=mount / "out", run__min_free_megabytes=0)
        self.ditto("verify", mount / "out")
        self.run_ditto()
        self.assertEqual(harness.shard_digests(mount / "out"), harness.shard_digests(self.out))

    def test_too_little_free_space_is_refused_before_work(self):
        result = self.run_ditto(expect=1, run__min_free_megabytes=9e6)
        self.assertIn("run.min_free_megabytes", result.stderr)

    def test_a_clip_that_cannot_fit_is_refused_before_work(self):
        result = self.run_ditto(expect=2, run__memory_megabytes=64, clip__width=1920, clip__height=1080)
        self.assertIn("run.memory_megabytes", result.stderr)
        self.assertFalse(self.out.exists())

    def test_two_processes_cannot_be_the_same_task(self):
        first = subprocess.Popen([harness.DITTO, *map(str, self.run_arguments())], stderr=subprocess.DEVNULL)
        try:
            while first.poll() is None and not list(self.out.glob("journal/*.sqlite")):
                pass
            second = self.run_ditto(expect=2)
            self.assertIn("another ditto", second.stderr)
        finally:
            self.assertEqual(first.wait(timeout=300), 0)

    def test_a_source_that_vanishes_is_quarantined_and_can_be_retried(self):
        self.ditto("curate", *self.run_arguments()[1:])
        # The manifest stays valid: same name, size and time, but other bytes.
        victim = self.videos / "box.mp4"
        stat = victim.stat()
        victim.write_bytes(b"\0" * stat.st_size)
        os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        self.run_ditto(expect=3)
        outcomes = {sample["outcome"] for sample in harness.samples(self.out)}
        self.assertIn("quarantined", outcomes)
        self.assertIn("accepted", outcomes)
        self.ditto("verify", self.out)
        victim.write_bytes(harness.clip("box.mp4").read_bytes())
        os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        self.run_ditto(expect=3)
        self.run_ditto(extra=["--retry-quarantined"])
        self.assertNotIn("quarantined", {sample["outcome"] for sample in harness.samples(self.out)})


if __name__ == "__main__":
    unittest.main()
