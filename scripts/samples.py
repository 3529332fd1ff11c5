#!/usr/bin/env python3
"""Runs each sample by the commands of its README and mails over SMTP, and the commands of the moving
guides: prints “sample NAME ok” or “sample NAME FAILED: why” for each. Status 1 where one failed.

    samples.py --martlet BINARY [NAME…]
"""

import argparse
import os
import re
import subprocess
import sys
import unittest

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GUIDES = os.path.join(PROJECT, "docs/moving.md")


def run(case):
    """Runs the tests of a sample, and tells how it went; answers whether it went well."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    texts = [text for _, text in result.errors + result.failures]
    if not texts:
        print(f"sample {case.name} ok", flush=True)
        return True
    why = next((line for line in texts[0].splitlines() if "Error: " in line), "")
    print(f"sample {case.name} FAILED: {why.partition('Error: ')[2]}", *texts, sep="\n", flush=True)
    return False


def follow_guides(martlet):
    """Runs the commands of each section of the page; answers whether all went well."""
    with open(GUIDES, encoding="utf-8") as file:
        names = re.findall(r"^## From (.+)$", file.read(), re.M)
    went_well = bool(names)
    for name in names:
        done = subprocess.run(
            [sys.executable, os.path.join(PROJECT, "scripts/guide.py"), "--martlet", martlet,
             GUIDES, name], capture_output=True, text=True, check=False)
        why = "ok" if done.returncode == 0 else f"FAILED: {done.stderr.strip()}"
        print(f"sample moving-from-{name.lower()} {why}", flush=True)
        went_well = went_well and done.returncode == 0
    return went_well


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--martlet", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    os.environ["MARTLET_BINARY"] = options.martlet
    sys.path.insert(0, os.path.join(PROJECT, "Tests/BlackBox"))
    import test_samples

    cases = [case for case in test_samples.SampleCase.__subclasses__()
             if not options.names or case.name in options.names]
    outcomes = [run(case) for case in cases]
    if not options.names:
        outcomes.append(follow_guides(options.martlet))
    return 0 if outcomes and all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
