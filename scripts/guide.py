#!/usr/bin/env python3
"""Follows a guide: writes the files that a section of a document shows, and runs its commands.

    python3 scripts/guide.py --martlet .build/debug/martlet docs/moving.md Mailgun

SECTION is how the heading ends (`## From Mailgun`). In it

- a block `yaml` whose first line is `# PATH` is a file. One that the project has is compared with it;
  any other is written,
- the blocks `sh` are one script, run in a new folder that has the project's `rules` and `samples`,
- blocks in any other language are for readers.

The ports 2525 and 8080 of the page become free ones, so that guides may be followed side by side. The
status is 0 where every command has succeeded within --seconds; else it is 1, and what failed is printed.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PORTS = ["2525", "8080"]


class Failure(Exception):
    """Why a guide cannot be followed."""


def section(text, name):
    """What stands below the heading of the second level that ends with `name`."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    for heading, body in zip(parts[1::2], parts[2::2]):
        if heading.split()[-1].lower() == name.lower():
            return body
    raise Failure(f"there is no section “{name}”; there are: {', '.join(parts[1::2])}")


def blocks(body):
    """Language and text of each fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL)


def write(text, folder):
    """The file that a block is."""
    first, _, _ = text.partition("\n")
    named = re.fullmatch(r"# ([\w./-]+\.\w+)", first)
    if not named:
        return
    path = pathlib.PurePosixPath(named[1])
    if path.is_absolute() or ".." in path.parts:
        raise Failure(f"{path} is no path below the folder")
    ours = PROJECT / path
    if ours.exists():
        if ours.read_text(encoding="utf-8") != text.removeprefix(first + "\n"):
            raise Failure(f"the block “# {path}” is not what the file has")
        return
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def free_ports():
    """As many as are wanted, all at once, so that none is given twice."""
    probes = [socket.socket() for _ in PORTS]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [str(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def run(script, folder, martlet, seconds):
    (folder / "bin").mkdir()
    (folder / "bin/martlet").symlink_to(martlet)
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    environment.pop("MARTLET_CONFIG", None)
    output = folder / "output"
    (folder / "script").write_text(script, encoding="utf-8")
    with output.open("wb") as file:
        # A group of its own: what runs behind the script ends with it.
        shell = subprocess.Popen(
            ["sh", "-eux", "script"], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            cwd=folder, env=environment, start_new_session=True)
        try:
            shell.wait(timeout=seconds)
            status = f"the commands ended with {shell.returncode}" if shell.returncode else None
        except subprocess.TimeoutExpired:
            status = f"the commands were not done after {seconds} s"
        finally:
            try:
                os.killpg(shell.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            shell.wait()
    if status:
        logs = [path for path in sorted(folder.rglob("log")) if path.is_file()]
        told = [output, *logs]
        raise Failure("\n".join([status, *(
            f"--- {path.name}\n" + "\n".join(
                path.read_text(encoding="utf-8", errors="replace").splitlines()[-40:])
            for path in told)]))


def follow(document, name, martlet, seconds):
    body = section(pathlib.Path(document).read_text(encoding="utf-8"), name)
    for port, free in zip(PORTS, free_ports()):
        body = re.sub(rf"\b{port}\b", free, body)
    found = blocks(body)
    script = "".join(text for language, text in found if language == "sh")
    if not script:
        raise Failure(f"the section “{name}” has no commands")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-guide-"))
    try:
        for name in ("rules", "samples"):
            (folder / name).symlink_to(PROJECT / name)
        for language, text in found:
            if language == "yaml":
                write(text, folder)
        run(script, folder, martlet, seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--martlet", required=True, help="the program")
    parser.add_argument("--seconds", type=int, default=120, help="for all commands")
    parser.add_argument("document")
    parser.add_argument("section")
    arguments = parser.parse_args()
    try:
        follow(arguments.document, arguments.section, pathlib.Path(arguments.martlet).resolve(),
               arguments.seconds)
    except Failure as failure:
        sys.exit(f"{arguments.document}, {arguments.section}: {failure}")


if __name__ == "__main__":
    main()
