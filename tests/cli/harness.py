"""What the tests of the command line share. Standard library only."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

DITTO = os.environ["DITTO"]
CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"


class TestCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ditto-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def ditto(self, *arguments, expect=0, **kwargs):
        kwargs.setdefault("cwd", self.folder)
        result = subprocess.run([DITTO, *map(str, arguments)], capture_output=True, text=True,
                                errors="surrogateescape", timeout=250, **kwargs)
        self.assertEqual(result.returncode, expect, f"{arguments}\n{result.stdout}\n{result.stderr}")
        return result

    def usage_error(self, *arguments, **kwargs):
        """The message of a command that ends with status 2 and prints nothing to stdout."""
        result = self.ditto(*arguments, expect=2, **kwargs)
        self.assertEqual(result.stdout, "")
        return result.stderr
