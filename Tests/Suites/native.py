"""Suites that are played inside a program of ours, `SuiteRunner`, since they are of parts that no
listener shows by itself: message authentication, the reading of mails, reports."""

import json
import os
import subprocess
from dataclasses import dataclass

import suite

RUNNER = os.environ.get("MARTLET_SUITE_RUNNER") or os.path.join(
    os.path.dirname(suite.support.BINARY), "SuiteRunner")


@dataclass
class NativeSuite:
    """A suite that the runner knows; of a name `set/part` the archive has `set`."""

    NAME: str

    def run(self, folder):
        lines = subprocess.run(
            [RUNNER, self.NAME, folder], check=True, capture_output=True, text=True).stdout
        return [suite.Result(**json.loads(line)) for line in lines.splitlines()]


def suites():
    names = subprocess.run([RUNNER], check=True, capture_output=True, text=True).stdout
    return [NativeSuite(name) for name in names.split()]
