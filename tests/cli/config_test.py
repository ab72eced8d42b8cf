import json
import os
import subprocess
import unittest

from harness import CONFIGS, DITTO, TestCase


class ConfigTest(TestCase):
    def test_check_accepts_the_default_profile(self):
        result = self.ditto("config", "check", CONFIGS / "builtin.json")
        self.assertEqual(result.stdout, "")
        self.assertIn("is valid", result.stderr)

    def test_check_reports_every_problem_on_a_line_of_its_own(self):
        path = self.write("c.json", '{"clip": {"fps": 0, "widht": 64}, "genrate": {}}')
        lines = self.usage_error("config", "check", path, "--set", "edit.strength=99").splitlines()
        self.assertEqual(len(lines), 4)
        self.assertTrue(all(line.startswith("error: ") for line in lines), lines)
        self.assertIn(f"{path}: clip.widht: ", lines[1])
        self.assertIn("did you mean clip.width?", lines[1])
        self.assertIn("did you mean generate?", lines[2])
        self.assertIn("--set: edit.strength: ", lines[3])

    def test_check_wants_a_file(self):
        self.assertIn("CONFIG", self.usage_error("config", "check"))
        self.assertIn("none.json: No such file", self.usage_error("config", "check", "none.json"))

    def test_show_prints_every_key_and_can_be_read_back(self):
        shown = self.ditto("config", "show").stdout
        self.assertEqual(json.loads(shown)["clip"]["fps"], 20)
        path = self.write("all.json", shown)
        self.assertEqual(self.ditto("config", "show", path).stdout, shown)

    def test_show_applies_overrides(self):
        shown = json.loads(self.ditto("config", "show", "--set", "clip.fps=29.97", "--set", "output.dir=1",
                                      "--input", "a", "--input", "b", CONFIGS / "builtin.json").stdout)
        self.assertEqual(shown["clip"]["fps"], 29.97)
        self.assertEqual(shown["output"]["dir"], "1")
        self.assertEqual(shown["sources"]["input"], ["a", "b"])

    def test_schema_lists_the_keys_that_show_prints(self):
        schema = json.loads(self.ditto("config", "schema").stdout)["properties"]
        shown = json.loads(self.ditto("config", "show").stdout)
        for section, keys in shown.items():
            self.assertEqual(list(schema[section]["properties"]), list(keys))

    def test_a_config_can_come_from_a_pipe(self):
        shown = subprocess.run([DITTO, "config", "show", "/dev/stdin"], input='{"clip": {"fps": 24}}',
                               capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertEqual(json.loads(shown)["clip"]["fps"], 24)

    def test_names_that_are_not_utf8_can_be_shown(self):
        result = self.ditto("config", "show", "--output", b"out\xff".decode(errors="surrogateescape"))
        self.assertEqual(json.loads(result.stdout)["output"]["dir"], "out\\xff")


class OutputTest(TestCase):
    def run_into(self, stdout, **kwargs):
        return subprocess.run([DITTO, "config", "schema"], stdout=stdout, stderr=subprocess.PIPE, text=True,
                              timeout=60, **kwargs)

    def test_a_reader_that_has_gone_is_no_fault(self):
        reader, writer = os.pipe()
        os.close(reader)
        result = self.run_into(writer)
        os.close(writer)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_closed_stdout_is_no_crash(self):
        result = self.run_into(None, preexec_fn=lambda: os.close(1))
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_full_disk_is_a_fault(self):
        with open("/dev/full", "w") as full:
            result = self.run_into(full)
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output", result.stderr)

    def test_there_is_no_colour_without_a_terminal(self):
        self.assertNotIn("\033", self.usage_error("config", "check", "none.json"))


if __name__ == "__main__":
    unittest.main()
