"""Checks every claim of the builtin instructor on clips of known content, at full size.

    tests/quality/instructions.py BUILD_DIRECTORY [--clips 200] [--seed 11]

The clips, what is true of them and the checks are those of tests/stages/instruct_truth_test.cpp, whose
quick form runs with the other tests; this runs it over 200 clips of five instructions each and prints
how many texts are distinct and which tasks were given. Exit status 1 when a claim is wrong, when fewer
than four fifths of the texts are distinct, or when the mix of tasks is not the configured one.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="a build directory, such as build/release")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--seed", type=int, default=11, help="which clips; 1 or more")
    options = parser.parse_args()
    test = options.build / "bin" / "ditto_stages_test"
    if not test.exists():
        sys.exit(f"{test} is not there: build it first (scripts/build)")
    result = subprocess.run([test, "--gtest_filter=InstructTruth.*"], capture_output=True, text=True,
                            env={**os.environ, "DITTO_TRUTH_CLIPS": str(options.clips),
                                 "DITTO_TRUTH_SEED": str(options.seed)})
    summary = re.search(r"^\d+ clips, .*$", result.stdout, re.MULTILINE)
    if summary is None or result.returncode != 0:
        print(result.stdout)
        sys.exit(1)
    head, targets, tasks = summary.group(0).split("; ")
    print(head, targets, tasks, sep="\n")


if __name__ == "__main__":
    main()
