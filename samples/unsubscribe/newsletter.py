#!/usr/bin/env python3
"""A newsletter that can be left by mail: the handler that hears who leaves, and the commands.

    newsletter.py                      hears the mail that MARTLET_EVENT_FILE tells of, as a handler
    newsletter.py add ADDRESS…         subscribes; those who have left come back by it
    newsletter.py list                 who gets it, and who has left
    newsletter.py send FROM SUBJECT    sends standard input to each subscriber, by “martlet send”

The SQLite file SUBSCRIBERS has them; its path starts at this program's folder. Who leaves the newsletter
is not put on the server's suppression list: that would hold back invoices, too."""

import contextlib
import email.utils
import hashlib
import os
import re
import secrets
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))

import martlet  # noqa: E402

FILE = os.path.join(
    HERE, os.environ.get("SUBSCRIBERS", "../../var/samples/unsubscribe/subscribers.db"))
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"

SCHEMA = """
CREATE TABLE IF NOT EXISTS subscriber (
    address TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE, has_left TEXT) STRICT;
"""
LEAVES_BY_TOKEN = """
UPDATE subscriber SET has_left = ? WHERE token = ? AND has_left IS NULL RETURNING address
"""
LEAVES_BY_ADDRESS = """
UPDATE subscriber SET has_left = ? WHERE address = ? AND has_left IS NULL RETURNING address
"""


@contextlib.contextmanager
def subscribers():
    os.makedirs(os.path.dirname(FILE), exist_ok=True)
    database = sqlite3.connect(FILE, timeout=20)
    try:
        database.executescript(SCHEMA)
        with database:
            yield database
    finally:
        database.close()


def hear():
    """Whoever knows a token may use it; it has come to its owner alone. Without one the mail itself
    has to show whose it is. A second mail finds nothing left to do."""
    ses = martlet.event()
    tokens = [found[1] for recipient in ses["receipt"]["recipients"]
              if (found := re.search(r"\+([a-z0-9]{16})@", recipient.lower()))]
    statement, whose = LEAVES_BY_TOKEN, tokens
    if not tokens:
        statement, whose = LEAVES_BY_ADDRESS, [author_of(ses)]
    left = []
    with subscribers() as database:
        for each in whose:
            left += database.execute(statement, (ses["mail"]["timestamp"], each)).fetchall()
    answer = martlet.Answer()
    if left:
        answer.reply("You get no more of our newsletter.\n", subject="You have left")
    print(f"{len(left)} address(es) have left", file=sys.stderr)
    answer.print()


def author_of(ses):
    """The address in From, where DMARC says that its domain stands for the mail."""
    if ses["receipt"]["dmarcVerdict"]["status"] != "PASS":
        return None
    authors = email.utils.getaddresses(ses["mail"]["commonHeaders"].get("from", []))
    return authors[0][1].lower() if len(authors) == 1 else None


def add(addresses):
    with subscribers() as database:
        for address in addresses:
            token = "".join(secrets.choice(LETTERS) for _ in range(16))
            database.execute(
                "INSERT INTO subscriber (address, token) VALUES (?, ?) "
                "ON CONFLICT (address) DO UPDATE SET has_left = NULL", (address.lower(), token))


def send(sender, subject):
    text = sys.stdin.read()
    domain = email.utils.parseaddr(sender)[1].rpartition("@")[2]
    with subscribers() as database:
        rows = database.execute(
            "SELECT address, token FROM subscriber WHERE has_left IS NULL "
            "ORDER BY address").fetchall()
    issue = hashlib.sha256(f"{subject}\n{text}".encode()).hexdigest()[:20]
    for address, token in rows:
        # Whoever got this issue gets no second one where it is sent again within a day.
        subprocess.run(
            ["martlet", "send", "--from", sender, "--to", address, "--subject", subject,
             "--text", "-", "--idempotency-key", f"{issue}-{token}",
             "--header", f"List-Unsubscribe: <mailto:unsubscribe+{token}@{domain}>"],
            input=text.encode(), check=True)


def main():
    command, *arguments = sys.argv[1:] or ["hear"]
    if command == "hear" and len(sys.argv) == 1:
        hear()
    elif command == "add" and arguments:
        add(arguments)
    elif command == "list" and not arguments:
        with subscribers() as database:
            for address, left in database.execute(
                    "SELECT address, has_left FROM subscriber ORDER BY address"):
                print(f"{address}  {f'has left at {left}' if left else 'gets it'}")
    elif command == "send" and len(arguments) == 2:
        try:
            send(*arguments)
        except subprocess.CalledProcessError as error:
            # martlet has said why; 75 is “not now”, and the same command goes on where this one ended.
            sys.exit(error.returncode)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
