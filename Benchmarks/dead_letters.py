#!/usr/bin/env python3
"""What 100,000 dead letters cost those who send: acceptance and delivery beside them, against a server
that has none.

One mail becomes a dead letter as any would, by a handler whose answer is wrong; its rows are then
copied in the database of the stopped server, with ids of their own. The two servers are loaded in turn
by Postfix's smtp-source; each figure is the median of ROUNDS. Prints one figure a line; see
docs/benchmarks.md.
"""

import argparse
import contextlib
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time

from servers import MARTLET_PORT, Martlet, in_turns, run, smtp_source, warm_up, workspace

BYTES, SESSIONS = 10_240, 50
BATCH = 10_000
TABLES = {"mail": "id", "mail_body": "mail", "action": "mail"}

RULES = """\
ruleSet: bench
rules:
  - name: dies
    recipients: [bench.example]
    when: [{header: {name: X-Dies, exists: true}}]
    actions: [{invoke: {handler: wrong}}, stop]
  - name: all
    recipients: [bench.example]
    actions: [{store: {bucket: bench}}]
"""

# An answer that asks for what there is not is a dead letter at once.
WRONG = """\
#!/bin/sh
echo '{"actions": [{"nothing": {}}]}'
"""


def database(server):
    return server.folder / "data" / "spool" / "martlet.sqlite"


def wait_for_death(server):
    for _ in range(600):
        with contextlib.closing(
                sqlite3.connect(f"file:{database(server)}?mode=ro", uri=True, timeout=60)) as link:
            found = link.execute("SELECT mail FROM action WHERE state = 'dead'").fetchone()
        if found:
            return found[0]
        time.sleep(0.05)
    sys.exit("no mail became a dead letter")


def copy(server, mail, letters):
    """The mail's rows, so often, with ids that differ."""
    with contextlib.closing(sqlite3.connect(database(server))) as link:
        link.row_factory = sqlite3.Row
        link.execute("PRAGMA synchronous = OFF")
        found = {
            table: [dict(row) for row in link.execute(
                f"SELECT * FROM {table} WHERE {column} = ?", (mail,))]
            for table, column in TABLES.items()}
        for first in range(0, letters, BATCH):
            for table, column in TABLES.items():
                link.executemany(
                    f"INSERT INTO {table} ({', '.join(found[table][0])}) "
                    f"VALUES ({', '.join('?' * len(found[table][0]))})",
                    [tuple({**row, column: f"{mail[:10]}{number:030}"}.values())
                     for number in range(first, min(letters, first + BATCH))
                     for row in found[table]])
            link.commit()
        link.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def listed(server):
    """Seconds until the list of dead letters is there."""
    begun = time.monotonic()
    subprocess.run(
        [server.binary, "queue", "--dead", "-c", server.folder / "martlet.yaml"],
        stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--peers", required=True, type=pathlib.Path, help="holds postfix/root")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mails", type=int, default=10_000, help="of one run")
    parser.add_argument("--letters", type=int, default=100_000)
    options = parser.parse_args()
    folder = workspace()
    peers = options.peers.resolve()
    program = folder / "wrong.sh"
    program.write_text(WRONG)
    program.chmod(0o755)
    servers = []
    try:
        for name in ("dead", "none"):
            servers.append(Martlet(
                folder, options.martlet, rules=RULES, name=name, port=MARTLET_PORT + len(servers),
                settings=f"handlers: {{wrong: {{command: [{program}]}}}}\n"))
            warm_up(servers[-1], peers)
        dying = folder / "dying.eml"
        dying.write_text("X-Dies: yes\nSubject: a dead letter\n\n" + "x" * 70 + "\n")
        smtp_source(peers, servers[0].port, 1, 1, dying, True)
        mail = wait_for_death(servers[0])
        servers[0].stop()
        copy(servers[0], mail, options.letters)
        servers[0].start()
        seconds = listed(servers[0])
        found = in_turns(
            servers, options.rounds,
            lambda server: run(server, peers, SESSIONS, options.mails, BYTES, True))
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    place = f"letters={options.letters} bytes={BYTES}"
    for index, stage in enumerate(("accepted", "delivered")):
        dead, none = found["dead"][index], found["none"][index]
        print(f"rate dead-letters stage={stage} {place} martlet={dead:.0f} peer={none:.0f} "
              "unit=mails/s")
        print(f"ratio dead-letters stage={stage} {place} peer=none {dead / none:.2f}")
    print(f"cpu dead-letters {place} martlet={found['dead'][2] * 1e6:.0f} "
          f"peer={found['none'][2] * 1e6:.0f} unit=microseconds/mail")
    print(f"list dead-letters {place} seconds={seconds:.1f}", flush=True)


if __name__ == "__main__":
    main()
