import re
import unittest

from harness import TestCase

COMMAND = re.compile(r"^  ([a-z]+) {2,}\S", re.MULTILINE)


def commands_in(help_text):
    return COMMAND.findall(help_text.partition("Subcommands:")[2])


class HelpTest(TestCase):
    def test_every_subcommand_has_help_with_an_example(self):
        names = commands_in(self.ditto("--help").stdout)
        self.assertIn("config", names)
        for name in names:
            text = self.ditto(name, "--help").stdout
            self.assertRegex(text, r"Examples?:\n  .*ditto ", name)
            for inner in commands_in(text):
                self.assertRegex(self.ditto(name, inner, "--help").stdout, r"Examples?:\n  .*ditto ", f"{name} {inner}")

    def test_exit_codes_are_documented(self):
        text = self.ditto("help", "exit-codes").stdout
        for status in ("0", "1", "2", "3", "4", "75", "130"):
            self.assertRegex(text, rf"(?m)^ +{status}  \w")

    def test_help_on_a_subcommand(self):
        self.assertIn("schema", self.ditto("help", "config").stdout)
        self.assertIn("Subcommands", self.ditto("help").stdout)
        self.assertIn('did you mean "config"?', self.usage_error("help", "confg"))

    def test_version(self):
        self.assertRegex(self.ditto("--version").stdout, r"^ditto \d+\.\d+\.\d+\n$")

    def test_nothing_at_all_is_a_usage_error_with_help(self):
        self.assertIn("Subcommands", self.usage_error())

    def test_unknown_names_get_the_nearest(self):
        self.assertIn('unknown command "confgi"; did you mean "config"?', self.usage_error("confgi"))
        self.assertIn('unknown command "chekc"; did you mean "check"?', self.usage_error("config", "chekc"))
        self.assertIn('unknown option "--markdwon"; did you mean "--markdown"?',
                      self.usage_error("config", "schema", "--markdwon"))
        self.assertIn('unexpected argument "more"', self.usage_error("config", "schema", "more"))

    def test_a_missing_subcommand_is_named(self):
        self.assertIn("check, show, schema", self.usage_error("config"))

    def test_global_options_may_follow_the_subcommand(self):
        path = self.write("c.json", "{}")
        self.assertEqual(self.ditto("config", "check", path, "--quiet").stderr, "")
        self.assertEqual(self.ditto("-q", "config", "check", path).stderr, "")
        self.assertIn("excludes", self.usage_error("-q", "-v", "config", "check", path))


if __name__ == "__main__":
    unittest.main()
