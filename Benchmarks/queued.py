#!/usr/bin/env python3
"""Sending: a million mails that wait for 10,000 domains, none of which anybody answers for.

One mail is submitted as any other; then its rows are copied into the tables of the stopped
server, with ids and destinations of their own, each with its own body. The server is started,
tries every domain, and leaves it alone for a while. Prints one figure a line: how long a start
takes until a session is greeted and a mail is taken, with all domains due and with all at rest;
how long until all were tried; the most memory; and what the server takes of the processor between
tries. See docs/benchmarks.md.
"""

import argparse
import contextlib
import pathlib
import resource
import shutil
import sqlite3
import sys
import threading
import time

from memory import highest, megabytes
from relays import MartletRelay, Submitter
from servers import workspace

BYTES = 1_024
IDLE_SECONDS = 60
# Nobody listens there.
REFUSING_PORT = 2639
BATCH = 10_000


class QueueServer(MartletRelay):
    """Martlet, whose own zone names a mail exchanger for each domain that refuses."""

    def __init__(self, folder, binary, domains):
        self.domains = domains
        super().__init__(folder, binary)

    def configuration(self, folder):
        with open(self.folder / "zone", "a", encoding="ascii") as zone:
            zone.write("mx A 127.0.0.1\nfar MX 10 mx\n")
            zone.writelines(f"d{number}.bulk MX 10 mx\n" for number in range(self.domains))
        settings = super().configuration(folder)
        settings["delivery"] = {"port": REFUSING_PORT, "allowPrivateAddresses": True}
        return settings

    @property
    def database(self):
        return self.folder / "data" / "spool" / "martlet.sqlite"

    def ask(self, statement):
        """The one value that it answers."""
        link = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=60)
        with contextlib.closing(link):
            return link.execute(statement).fetchone()[0]

    def start_again(self, submitter):
        """Seconds until a session is greeted, and until a mail is taken."""
        begun = time.monotonic()
        self.start()
        served = time.monotonic() - begun
        submitter.run(self, 1, 1, BYTES)
        return served, time.monotonic() - begun


def fill(server, mails):
    """Copies the one mail that is there, one after the other to all domains: what waits for one of
    them lies scattered."""
    with contextlib.closing(sqlite3.connect(server.database)) as database:
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -262144")
        mail, recipient, body = (
            dict(database.execute(f"SELECT * FROM {table}").fetchone())
            for table in ("sent_mail", "sent_recipient", "mail_body"))
        due = int(time.time() * 1000)
        recipient.update(due_ms=due, expires_ms=due + 72 * 3_600_000, attempts=0)
        for first in range(0, mails, BATCH):
            rows = {"sent_mail": [], "sent_recipient": [], "mail_body": []}
            for number in range(first, min(mails, first + BATCH)):
                name = f"d{number % server.domains}.bulk.example"
                mail["id"] = recipient["mail"] = (
                    f"0100{due:012x}-{number:08x}-0000-4000-8000-000000000000-000000")
                mail["body"] = body["mail"] = f"{mail['body'][:10]}{number:030}"
                recipient.update(address=f"user{number}@{name}", destination=name)
                for table, row in zip(rows, (mail, recipient, body)):
                    rows[table].append(tuple(row.values()))
            for table, row in zip(rows, (mail, recipient, body)):
                database.executemany(
                    f"INSERT INTO {table} ({', '.join(row)}) "
                    f"VALUES ({', '.join('?' * len(row))})", rows[table])
            database.commit()
        database.executemany(
            "INSERT INTO destination (name, due_ms, failures) VALUES (?, ?, 0)",
            ((f"d{number}.bulk.example", due) for number in range(server.domains)))
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def wait_for_rest(server):
    """Until every domain was tried."""
    end = time.monotonic() + 600
    while server.ask("SELECT COUNT(*) FROM destination WHERE failures > 0") < server.domains:
        if time.monotonic() > end:
            sys.exit("after 600 s some domains were not tried yet")
        time.sleep(0.5)


def watched(server, work):
    """What `work` answers, and the most anonymous memory meanwhile."""
    is_over, peak = threading.Event(), []
    watcher = threading.Thread(
        target=lambda: peak.append(highest(server.pid, "RssAnon", is_over)))
    watcher.start()
    try:
        answer = work()
    finally:
        is_over.set()
        watcher.join()
    return answer, peak[0]


def measure(server, submitter, mails):
    place = f"queued={mails} domains={server.domains}"
    submitter.run(server, 1, 1, BYTES)
    server.stop()
    begun = time.monotonic()
    fill(server, mails)
    print(f"{place}: written in {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    served, taken = server.start_again(submitter)
    print(f"start send {place} due=all served={served:.1f} taken={taken:.1f} unit=seconds",
          flush=True)
    begun, before = time.monotonic(), server.cpu()
    _, peak = watched(server, lambda: wait_for_rest(server))
    seconds, cpu = time.monotonic() - begun, server.cpu() - before
    print(f"round send {place} seconds={seconds:.1f} cpu_seconds={cpu:.1f}", flush=True)
    time.sleep(5)
    before = server.cpu()
    time.sleep(IDLE_SECONDS)
    idle = (server.cpu() - before) / IDLE_SECONDS * 100
    print(f"idle send {place} percent_of_a_core={idle:.1f}", flush=True)
    print(f"memory send {place} megabytes={megabytes(server.pid, 'VmHWM'):.0f} "
          f"anonymous={peak:.0f}", flush=True)
    server.stop()
    served, taken = server.start_again(submitter)
    print(f"start send {place} due=none served={served:.1f} taken={taken:.1f} unit=seconds",
          flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--mails", type=int, default=1_000_000)
    parser.add_argument("--domains", type=int, default=10_000)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = workspace()
    server = None
    try:
        submitter = Submitter(folder)
        server = QueueServer(folder, pathlib.Path(options.martlet).resolve(), options.domains)
        measure(server, submitter, options.mails)
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
