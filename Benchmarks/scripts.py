#!/usr/bin/env python3
"""Scripts: how fast mails that were accepted before are given to a program that is started for each,
against how fast the helper that starts it does that alone.

The program is true(1), which reads nothing; as many run at once in both cases. The two take turns;
each figure is the median of ROUNDS. Prints one figure a line; see docs/benchmarks.md.
"""

import argparse
import contextlib
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time

from servers import MARTLET_PORT, REST_SECONDS, Martlet, cpu_seconds, smtp_source, workspace

BYTES, SESSIONS, AT_ONCE = 10_240, 50, 16
PROGRAM = "/bin/true"

RULES = """\
ruleSet: bench
rules:
  - name: all
    recipients: [bench.example]
    actions: [{invoke: {handler: script}}]
"""


def acting(server):
    """Mails whose handler has not ended."""
    path = server.folder / "data" / "spool" / "martlet.sqlite"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as link:
        return link.execute("SELECT COUNT(*) FROM mail WHERE state = 'acting'").fetchone()[0]


def drained(server, peers, mails):
    """The rate at which mails are given to the program once no more come, and the CPU seconds of a
    mail from its beginning."""
    before = cpu_seconds(server.pid)
    smtp_source(peers, server.port, SESSIONS, mails, BYTES, True)
    begun, waiting = time.monotonic(), acting(server)
    if waiting < mails / 4:
        sys.exit(f"only {waiting} of {mails} mails waited when the last was accepted; see --mails")
    while acting(server) > 0:
        if time.monotonic() > begun + 300:
            sys.exit(f"{acting(server)} mails wait after 300 s")
        time.sleep(0.05)
    rate = waiting / (time.monotonic() - begun)
    time.sleep(REST_SECONDS)
    return rate, (cpu_seconds(server.pid) - before) / mails


def alone(bare, folder, mails):
    found = subprocess.run(
        [bare, PROGRAM, str(mails), str(AT_ONCE), folder], check=True, capture_output=True,
        text=True)
    return float(found.stdout)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--bare", required=True, help="BareHandlers")
    parser.add_argument("--peers", required=True, type=pathlib.Path, help="holds postfix/root")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mails", type=int, default=6_000, help="of one run")
    options = parser.parse_args()
    folder = workspace()
    server = Martlet(
        folder, options.martlet, rules=RULES, port=MARTLET_PORT,
        settings=f"handlers: {{script: {{command: [{PROGRAM}]}}}}\n")
    rates, costs, bare = [], [], []
    try:
        for _ in range(options.rounds):
            bare.append(alone(options.bare, folder / "bare", options.mails))
            rate, cost = drained(server, options.peers.resolve(), options.mails)
            rates.append(rate)
            costs.append(cost)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    rate, peer = statistics.median(rates), statistics.median(bare)
    place = f"bytes={BYTES} at_once={AT_ONCE}"
    print(f"rate scripts stage=drained {place} martlet={rate:.0f} peer={peer:.0f} unit=mails/s")
    print(f"ratio scripts stage=drained {place} peer=helper {rate / peer:.2f}")
    print(f"cpu scripts {place} martlet={statistics.median(costs) * 1e6:.0f} "
          "unit=microseconds/mail", flush=True)


if __name__ == "__main__":
    main()
