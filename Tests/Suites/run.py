"""Plays other people's test data against the built program: `make suites`.

The data is no part of this project. It comes as an archive, which MARTLET_CORPORA names or which
lies beside the project's folder (`../shared/corpora.tar.gz`); without it the suites are skipped.
"""

import argparse
import os
import subprocess
import sys

import suite

import aiosmtpd
import chasquid
import native
import smuggling
import syntax

SUITES = (chasquid, aiosmtpd, syntax, smuggling)


def unpacked(archive, folder, name):
    """The folder of one set, unpacked where it is not there yet or the archive is newer."""
    path = os.path.join(folder, name)
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(archive):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(
            ["tar", "xzf", archive, "-C", folder, "--strip-components=1", f"corpora/{name}"],
            check=True)
        os.utime(path)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True, help="where the archive is unpacked to")
    parser.add_argument("names", nargs="*", help="the suites to play; all without")
    arguments = parser.parse_args()
    archive = os.environ.get("MARTLET_CORPORA") or os.path.join(
        suite.support.PROJECT, "..", "shared", "corpora.tar.gz")
    is_good = True
    for module in (*SUITES, *native.suites()):
        if arguments.names and module.NAME not in arguments.names:
            continue
        if not os.path.exists(archive):
            print(f"suite {module.NAME} skipped: {archive} is not there")
            continue
        results = module.run(unpacked(archive, arguments.folder, module.NAME.split("/")[0]))
        is_good = suite.report(module.NAME, results) and is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
