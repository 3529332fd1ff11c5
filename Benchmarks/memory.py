#!/usr/bin/env python3
"""Receiving: the memory that sessions take.

First 1,000 plaintext sessions that have said EHLO and then wait; then, on a fresh server, 50
sessions that each send one mail of the largest size at the same time. Prints one figure a line:
the resident memory, of which most at idle is the program itself, and its anonymous part; see
docs/benchmarks.md.
"""

import argparse
import pathlib
import resource
import shutil
import socket
import sys
import threading
import time

from servers import Martlet, wait_until_delivered, workspace

IDLE_SESSIONS = 1_000
SENDING_SESSIONS = 50
MAIL_BYTES = 41_943_040
LINE = b"x" * 70 + b"\r\n"


class Session:
    """A client that has said EHLO."""

    def __init__(self, port):
        self.link = socket.create_connection(("127.0.0.1", port), 120)
        self.file = self.link.makefile("rb")
        self.expect(b"220")
        self.say(b"EHLO bench", b"250")

    def say(self, line, code):
        self.link.sendall(line + b"\r\n")
        self.expect(code)

    def expect(self, code):
        while True:
            line = self.file.readline()
            if line[3:4] != b"-":
                break
        if not line.startswith(code):
            sys.exit(f"wanted {code.decode()}, got {line.decode(errors='replace').strip()}")

    def close(self):
        self.file.close()
        self.link.close()


def megabytes(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    sys.exit(f"/proc/{pid}/status has no {field}")


def highest(pid, field, is_over):
    """The highest value that `field` had, looked at every 20 ms: unlike resident memory the kernel
    keeps no peak of its anonymous part."""
    most = 0
    while not is_over.is_set():
        most = max(most, megabytes(pid, field))
        is_over.wait(0.02)
    return most


def idle(folder, binary):
    server = Martlet(folder, binary, name="idle")
    sessions = []
    try:
        empty = megabytes(server.pid, "VmRSS")
        for _ in range(IDLE_SESSIONS):
            sessions.append(Session(server.port))
        time.sleep(1)
        print(f"memory receive idle_sessions={IDLE_SESSIONS} "
              f"megabytes={megabytes(server.pid, 'VmRSS'):.0f} "
              f"anonymous={megabytes(server.pid, 'RssAnon'):.0f} without_sessions={empty:.0f}",
              flush=True)
    finally:
        for session in sessions:
            session.close()
        server.stop()


def sending(folder, binary):
    server = Martlet(folder, binary, name="sending")
    mail = LINE * (MAIL_BYTES // len(LINE) - 1)
    mail = b"Subject: large\r\n\r\n" + mail
    mail += b"y" * (MAIL_BYTES - len(mail) - 2) + b"\r\n"
    assert len(mail) == MAIL_BYTES
    accepted = []

    def send(session):
        session.say(b"MAIL FROM:<sender@bench.invalid> SIZE=%d" % MAIL_BYTES, b"250")
        session.say(b"RCPT TO:<user@bench.example>", b"250")
        session.say(b"DATA", b"354")
        session.link.sendall(mail)
        session.link.sendall(b".\r\n")
        session.expect(b"250")
        accepted.append(session)

    try:
        sessions = [Session(server.port) for _ in range(SENDING_SESSIONS)]
        senders = [threading.Thread(target=send, args=[session]) for session in sessions]
        is_over, peak = threading.Event(), []
        watcher = threading.Thread(
            target=lambda: peak.append(highest(server.pid, "RssAnon", is_over)))
        watcher.start()
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        wait_until_delivered(server, SENDING_SESSIONS)
        is_over.set()
        watcher.join()
        if len(accepted) != SENDING_SESSIONS:
            sys.exit(f"{len(accepted)} of {SENDING_SESSIONS} mails were taken")
        print(f"memory receive sending_sessions={SENDING_SESSIONS} bytes={MAIL_BYTES} "
              f"megabytes={megabytes(server.pid, 'VmHWM'):.0f} anonymous={peak[0]:.0f}",
              flush=True)
        for session in sessions:
            session.close()
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = workspace()
    try:
        idle(folder, options.martlet)
        sending(folder, options.martlet)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
