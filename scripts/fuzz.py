#!/usr/bin/env python3
"""Runs each fuzz target for a while, from the kept inputs and the golden dialogs on.

Says how long it will take, and for each target what it starts from, how far it is and what it
found. Ends with 0 where all held, with 1 where something was found (and says how to see it again),
with 2 where the fuzzer itself failed. What it has learnt stays in var/fuzz, and the next run goes
on from there.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time

PROJECT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
KEPT = os.path.join(PROJECT, "Tests/Fixtures/fuzz")
DIALOGS = os.path.join(PROJECT, "Tests/Fixtures/dialogs")
INPUT_BYTES_MAX = 8192
# For one input; none should take a hundredth of it.
SECONDS_MAX = 20
# Between two lines of progress.
PROGRESS_SECONDS = 30


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--fuzzer", required=True, help="the built program")
    options.add_argument("--minutes", type=float, default=10, help="for each target")
    options.add_argument("--target", help="one target instead of all")
    options.add_argument("--work", default=os.path.join(PROJECT, "var/fuzz"))
    arguments = options.parse_args()
    known = subprocess.run([arguments.fuzzer], capture_output=True, text=True, check=False)
    targets = known.stdout.split()
    if arguments.target:
        if arguments.target not in targets:
            fail(f"no target is called {arguments.target}; there are: {' '.join(targets)}")
        targets = [arguments.target]
    print(f"{arguments.minutes:g} min for each of {len(targets)} targets: {' '.join(targets)}",
          flush=True)
    finds = [find for target in targets for find in fuzz(target, arguments)]
    for target, path in finds:
        print(f"\n{target} fails for {path}; to see it again:\n"
              f"  FUZZ_TARGET={target} {arguments.fuzzer} {path} </dev/null\n"
              f"to make it smaller, add: -minimize_crash=1 -max_total_time=60\n"
              f"to keep it once it is mended: cp {path} Tests/Fixtures/fuzz/{target}/NAME.input")
    print(f"found: {len(finds)}" if finds else "all held", flush=True)
    sys.exit(1 if finds else 0)


def fail(text):
    print(text, file=sys.stderr)
    sys.exit(2)


def fuzz(target, arguments):
    """One target's run; answers its finds."""
    work = os.path.join(arguments.work, target)
    learnt, seeds, finds = (os.path.join(work, name) for name in ("learnt", "seeds", "finds"))
    for folder in (seeds, finds):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (learnt, seeds, finds):
        os.makedirs(folder, exist_ok=True)
    write_seeds(target, seeds)
    log = os.path.join(work, "log")
    print(f"{target:14} begins with {len(os.listdir(seeds))} inputs and "
          f"{len(os.listdir(learnt))} that it has learnt; its log is {log}", flush=True)
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [arguments.fuzzer, f"-max_total_time={round(arguments.minutes * 60)}",
             f"-max_len={INPUT_BYTES_MAX}", f"-timeout={SECONDS_MAX}", "-rss_limit_mb=2048",
             "-print_final_stats=1", f"-artifact_prefix={finds}/", learnt, seeds],
            # A trap under a pipe would wait for the backtracer; the runtime's own leaks are known.
            env={**os.environ, "FUZZ_TARGET": target, "SWIFT_BACKTRACE": "enable=no",
                 "ASAN_OPTIONS": "detect_leaks=0"},
            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    status = watch(target, log, process)
    report(target, log, status)
    found = [(target, os.path.join(finds, name)) for name in sorted(os.listdir(finds))]
    # Inputs that are slow without being too slow are told, and are no finds.
    found = [(target, path) for target, path in found if "/slow-unit-" not in path]
    if status != 0 and not found:
        fail(f"{target}: the fuzzer ended with {status}: {log}")
    return found


def watch(target, log, process):
    """Tells how far it is until it ends; answers its status."""
    start = time.monotonic()
    while True:
        try:
            return process.wait(PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            states = re.findall(r"^#(\d+).*\bcov: (\d+)", text_of(log), re.MULTILINE)
            inputs, edges = states[-1] if states else ("0", "0")
            print(f"{target:14} {inputs:>10} inputs, {edges:>6} edges after "
                  f"{round(time.monotonic() - start)} s", flush=True)


def text_of(log):
    with open(log, encoding="utf-8", errors="replace") as file:
        return file.read()


def report(target, log, status):
    text = text_of(log)
    executed = re.findall(r"number_of_executed_units: (\d+)", text)
    covered = re.findall(r"\bcov: (\d+)", text)
    print(f"{target:14} {int(executed[-1]) if executed else 0:>10} inputs, "
          f"{covered[-1] if covered else '?':>6} edges, {'held' if status == 0 else 'FAILED'}",
          flush=True)


def write_seeds(target, folder):
    """The kept inputs; for sessions and command lines the clients' side of the dialogs, too."""
    kept = os.path.join(KEPT, target)
    for name in os.listdir(kept) if os.path.isdir(kept) else []:
        shutil.copy(os.path.join(kept, name), folder)
    if target not in ("session", "commands"):
        return
    for name in sorted(os.listdir(DIALOGS)):
        with open(os.path.join(DIALOGS, name), "rb") as file:
            lines = file.read().split(b"\n")
        content = b"".join(sent(line) for line in lines).replace(b"ours.test", b"ours.example")
        # The first byte of an input chooses among settings: SessionChoices in
        # Tests/FuzzTargets/SessionTarget.swift. The second and the last have tight limits, the last
        # two late commits.
        for choices in (b"\x40", b"\x41", b"\xc0", b"\xc1"):
            with open(os.path.join(folder, f"{name}-{choices.hex()}"), "wb") as file:
                file.write(choices + content)


def sent(line):
    """What a line of a dialog makes the client send; Tests/InboundSMTPTests/Dialog.swift."""
    if line.startswith(b"C: "):
        return line[3:] + b"\r\n"
    if line.startswith(b"C! "):
        return re.sub(rb"\\(x..|.)", unescaped, line[3:])
    return b"\0T\0" if line.startswith(b"T:") else b""


def unescaped(match):
    kind = match[1]
    if kind.startswith(b"x"):
        return bytes([int(kind[1:], 16)])
    return {b"r": b"\r", b"n": b"\n", b"0": b"\0"}.get(kind, kind)


if __name__ == "__main__":
    main()
