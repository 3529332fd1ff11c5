#!/usr/bin/env python3
"""Sending: Martlet against Debian's Postfix, from submission to Postfix's own smtp-sink.

Both take mails of 10 KB from 50 sessions under TLS, have them on stable storage before their 250,
and relay each to the sink, over plain connections. First unsigned; then both sign with the same
RSA-2048 key, Postfix by OpenDKIM. They run in turn; each figure is the median of ROUNDS runs.
Prints one figure a line; see docs/benchmarks.md.
"""

import argparse
import pathlib
import shutil
import sys
import time

from receive import report
from relays import (
    MartletRelay, OpenDKIM, PostfixRelay, Sink, Submitter, make_key, signatures_a_second)
from servers import REST_SECONDS, workspace

SESSIONS = 50
BYTES = 10_240


def run(server, submitter, folder, peers, count):
    """Rates of acceptance and delivery, and CPU seconds of the server for each mail."""
    sink = Sink(folder, peers)
    try:
        before = server.cpu()
        start = time.monotonic()
        submitter.run(server, SESSIONS, count, BYTES)
        accepted = time.monotonic() - start
        sink.wait(count)
        delivered = time.monotonic() - start
        # What is written after the last delivery belongs to it.
        time.sleep(REST_SECONDS)
        cpu = server.cpu() - before
        if sink.count() != count:
            sys.exit(f"{server.name}: {sink.count()} mails came of {count}")
    finally:
        sink.stop()
    return count / accepted, count / delivered, cpu / count


def prove(server, submitter, folder, peers, is_signing):
    """What is measured is what is said: a mail comes, signed where it is to be."""
    capture = folder / f"capture-{server.name}"
    sink = Sink(folder, peers, capture)
    try:
        submitter.run(server, 1, 1, BYTES)
        end = time.monotonic() + 30
        while not (capture.exists() and b"XXXX" in capture.read_bytes()):
            if time.monotonic() > end:
                sys.exit(f"{server.name}: no mail came")
            time.sleep(0.05)
        time.sleep(0.2)
        signatures = capture.read_bytes().lower().count(b"\ndkim-signature:")
        if signatures != int(is_signing):
            sys.exit(f"{server.name}: the mail has {signatures} signatures")
    finally:
        sink.stop()
        capture.unlink(missing_ok=True)


def compare(folder, peers, options, submitter, key):
    """One table's row: both servers, in turn."""
    servers = [MartletRelay(folder, options.martlet, key)]
    try:
        servers.append(
            PostfixRelay(folder, peers, OpenDKIM(folder, peers, key) if key else None))
        results = {server.name: [] for server in servers}
        for server in servers:
            prove(server, submitter, folder, peers, bool(key))
        count = max(100, int((250 if key else 350) * options.seconds / 50) * 50)
        for _ in range(options.rounds):
            for server, factor in zip(servers, (4, 1)):
                results[server.name].append(run(server, submitter, folder, peers, count * factor))
    finally:
        for server in servers:
            server.stop()
    report("send", results,
           f"sessions={SESSIONS} bytes={BYTES} signing={'rsa2048' if key else 'none'}",
           peer="postfix+opendkim" if key else "postfix")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--peers", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="about how long one run takes")
    options = parser.parse_args()
    folder = workspace()
    peers = options.peers.resolve()
    try:
        submitter = Submitter(folder)
        compare(folder, peers, options, submitter, None)
        compare(folder, peers, options, submitter, make_key(folder))
        one, all_cores = signatures_a_second()
        print(f"limit send signing=rsa2048 by=openssl one_core={one:.0f} all_cores={all_cores:.0f} "
              "unit=signatures/s", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
