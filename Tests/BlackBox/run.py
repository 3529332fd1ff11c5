#!/usr/bin/env python3
"""Runs the black-box tests, a few files at once, each in a process and with a limit of its own.

    run.py [PATTERN…]        files by name, as `test_topics.py`; all of them without one

What a file prints is shown when it has ended. The last line says which files failed, if any; exit
code 1 then. MARTLET_BINARY names the program, as for the tests themselves."""

import concurrent.futures
import contextlib
import fnmatch
import os
import signal
import subprocess
import sys
import tempfile
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
# Most tests wait more than they work.
AT_ONCE = 3
# The longest file takes two minutes where nothing else runs.
LIMIT_SECONDS = 900


def run(name):
    """The seconds that a file took, whether it passed, and what it printed."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "unittest", "-v", name.removesuffix(".py")], cwd=FOLDER,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        note = ""
        try:
            process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            note = f"{name} did not end within {LIMIT_SECONDS} s\n"
            # Interrupted, it says where it was; the servers that it started end with it.
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        printed = output.read().decode(errors="replace") + note
    return time.monotonic() - begin, process.returncode == 0 and not note, printed


def main(patterns):
    files = sorted(name for name in os.listdir(FOLDER) if fnmatch.fnmatch(name, "test_*.py"))
    chosen = [name for name in files
              if not patterns or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
    if not chosen:
        sys.exit(f"run.py: no file is named {' or '.join(patterns)} in {FOLDER}")
    failed = []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = {pool.submit(run, name): name for name in chosen}
        for ended in concurrent.futures.as_completed(running):
            name = running[ended]
            seconds, is_passed, output = ended.result()
            print(f"{output}{name}: {'ok' if is_passed else 'FAILED'} in {seconds:.0f} s\n",
                  flush=True)
            if not is_passed:
                failed.append(name)
    if failed:
        sys.exit(f"{len(failed)} of {len(chosen)} files failed: {' '.join(sorted(failed))}")
    print(f"{len(chosen)} files passed")


if __name__ == "__main__":
    main(sys.argv[1:])
