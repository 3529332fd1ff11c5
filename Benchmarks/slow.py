#!/usr/bin/env python3
"""Receiving beside slow peers: the rate of others while thousands of sessions dawdle.

Half of the slow sessions send a command, half a mail, a byte every few seconds each; the others are
Postfix's smtp-source, as in receive.py. Runs with and without the slow ones take turns; each figure
is the median of ROUNDS. Prints one figure a line; see docs/benchmarks.md.
"""

import argparse
import multiprocessing
import pathlib
import resource
import shutil
import socket
import statistics
import sys
import time

from servers import Martlet, run, warm_up, workspace

SESSIONS, SIZE = 50, 10_240
SECONDS_BETWEEN_BYTES = 4
TICKS_A_SECOND = 50
BEGUN = (b"EHLO slow\r\nMAIL FROM:<slow@bench.invalid>\r\nRCPT TO:<user@bench.example>\r\nDATA\r\n",
         b"354 ")


class Dawdlers:
    """`count` slow sessions with a server, in a process of their own."""

    def __init__(self, port, count):
        self.ready, self.over = multiprocessing.Event(), multiprocessing.Event()
        self.lost = multiprocessing.Value("i", -1)
        self.process = multiprocessing.Process(target=self.dawdle, args=[port, count])
        self.process.start()
        if not self.ready.wait(120):
            self.process.kill()
            sys.exit(f"{count} sessions could not be opened")

    def dawdle(self, port, count):
        links = []
        for number in range(count):
            link = socket.create_connection(("127.0.0.1", port), 60)
            if not link.recv(4096).startswith(b"220"):
                sys.exit(f"session {number + 1} was refused: see limits.connectionsMax")
            if number % 2:
                self.begin_mail(link)
            link.setblocking(False)
            links.append(link)
        self.ready.set()
        lost, tick = set(), 0
        ticks = SECONDS_BETWEEN_BYTES * TICKS_A_SECOND
        start = time.monotonic()
        while not self.over.is_set():
            for number in range(tick % ticks, count, ticks):
                try:
                    links[number].send(b"x")
                except OSError:
                    lost.add(number)
            tick += 1
            time.sleep(max(0, start + tick / TICKS_A_SECOND - time.monotonic()))
        for number, link in enumerate(links):
            # What a server says to a slow one it says once, at its end.
            try:
                if link.recv(4096) is not None:
                    lost.add(number)
            except OSError:
                pass
            link.close()
        self.lost.value = len(lost)

    @staticmethod
    def begin_mail(link):
        commands, last = BEGUN
        link.sendall(commands)
        heard = b""
        while last not in heard:
            piece = link.recv(4096)
            if not piece:
                sys.exit(f"a mail was refused: {heard.decode(errors='replace')}")
            heard += piece

    def stop(self):
        """Ends them; answers how many had been sent away."""
        self.over.set()
        self.process.join(60)
        return self.lost.value


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--peers", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow", type=int, default=5_000)
    parser.add_argument("--mails", type=int, default=6_000)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder, peers = workspace(), options.peers.resolve()
    server = Martlet(folder, options.martlet, name="slow")
    try:
        warm_up(server, peers)
        for kept in (True, False):
            alone, beside, lost = [], [], 0
            for _ in range(options.rounds):
                alone.append(run(server, peers, SESSIONS, options.mails, SIZE, kept))
                dawdlers = Dawdlers(server.port, options.slow)
                beside.append(run(server, peers, SESSIONS, options.mails, SIZE, kept))
                lost += dawdlers.stop()
            report(alone, beside, lost, kept, options.slow)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def report(alone, beside, lost, kept, slow):
    place = (f"sessions={SESSIONS} bytes={SIZE} connections={'kept' if kept else 'new'} "
             f"slow_sessions={slow}")
    for index, stage in enumerate(("accepted", "delivered")):
        without, with_them = (
            statistics.median(run[index] for run in runs) for runs in (alone, beside))
        print(f"rate slow stage={stage} {place} martlet={with_them:.0f} alone={without:.0f} "
              f"lost={lost} unit=mails/s")
        print(f"ratio slow stage={stage} {place} peer=alone {with_them / without:.2f}", flush=True)


if __name__ == "__main__":
    main()
