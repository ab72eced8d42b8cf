import json
import os
import unittest

from harness import TestCase


class DoctorTest(TestCase):
    """Also the smoke test of LibTorch, OpenCV and FFmpeg in one process."""

    def test_nothing_fails_on_a_machine_that_built_ditto(self):
        document = json.loads(self.ditto("doctor", "--json").stdout)
        self.assertTrue(document["usable"])
        results = {check["name"]: check for check in document["checks"]}
        for name in ("cpu", "libtorch", "opencv", "faces", "ffmpeg", "sqlite"):
            self.assertEqual(results[name]["result"], "ok", results[name])
        self.assertIn("libx264 works", results["ffmpeg"]["detail"])

    def test_the_text_has_a_line_for_each_check(self):
        names = [check["name"] for check in json.loads(self.ditto("doctor", "--json").stdout)["checks"]]
        lines = self.ditto("doctor").stdout.splitlines()
        self.assertEqual([line.split()[1] for line in lines], names)
        self.assertTrue(all(line.split()[0] in ("ok", "warn", "fail") for line in lines))

    def test_missing_data_of_the_face_detector_is_a_warning(self):
        environment = {**os.environ, "DITTO_HAARCASCADES": "/nowhere"}
        document = json.loads(self.ditto("doctor", "--json", env=environment).stdout)
        self.assertTrue(document["usable"])
        check = next(c for c in document["checks"] if c["name"] == "faces")
        self.assertEqual(check["result"], "warn")
        self.assertIn("/nowhere/haarcascade_frontalface_alt2.xml is not there", check["detail"])
        self.assertIn("opencv-data", check["detail"])


if __name__ == "__main__":
    unittest.main()
