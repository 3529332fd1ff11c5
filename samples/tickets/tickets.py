#!/usr/bin/env python3
"""E-mail to tickets: the handler that files mails, and the command that shows them.

    tickets.py           files the mail on standard input, as a handler
    tickets.py list      all tickets, the newest first
    tickets.py show 7    what was written about one

A mail to support@ opens a ticket, and its sender is answered from support+NUMBER-KEY@: an answer to
that is filed under the ticket. The key keeps strangers from writing into tickets by counting.
The SQLite file TICKETS has them all; its path starts at this program's folder."""

import contextlib
import os
import re
import secrets
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))

import martlet  # noqa: E402

FILE = os.path.join(HERE, os.environ.get("TICKETS", "../../var/samples/tickets/tickets.db"))
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
TEXT_MAX = 100_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS ticket (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL, subject TEXT NOT NULL, sender TEXT NOT NULL,
    opened TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS message (
    action TEXT PRIMARY KEY, ticket INTEGER NOT NULL REFERENCES ticket, opens INTEGER NOT NULL,
    mail TEXT NOT NULL, sender TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
    received TEXT NOT NULL) STRICT;
"""


@contextlib.contextmanager
def tickets():
    """The file in a transaction: whole, or nothing of it. Another one waits for its turn."""
    os.makedirs(os.path.dirname(FILE), exist_ok=True)
    database = sqlite3.connect(FILE, timeout=20, isolation_level=None)
    try:
        database.executescript(SCHEMA)
        database.execute("BEGIN IMMEDIATE")
        yield database
        database.execute("COMMIT")
    finally:
        database.close()


def file_mail():
    ses, mail = martlet.event(), martlet.mail()
    recipient = ses["receipt"]["recipients"][0].lower()
    with tickets() as database:
        number, key, opens = filed(database, ses, mail, recipient)
    answer = martlet.Answer()
    if opens:
        # Also where the mail comes a second time: the answer of the first may have been lost.
        name, _, domain = recipient.rpartition("@")
        subject = ses["mail"]["commonHeaders"].get("subject", "")
        answer.reply(
            f"Your mail is ticket {number}. What you answer to this mail is added to it.\n",
            subject=f"[Ticket {number}] {subject}",
            as_=f"{name.partition('+')[0]}+{number}-{key}@{domain}")
    print(f"filed under ticket {number}", file=sys.stderr)
    answer.print()


def filed(database, ses, mail, recipient):
    """The ticket's number and key, and whether this mail opened it. The same mail may come twice:
    the action's id tells it."""
    action = os.environ["MARTLET_ACTION_ID"]
    known = database.execute(
        "SELECT number, key, opens FROM message JOIN ticket ON number = ticket WHERE action = ?",
        (action,)).fetchone()
    if known:
        return known
    sender, received = ses["mail"]["source"], ses["mail"]["timestamp"]
    subject = ses["mail"]["commonHeaders"].get("subject", "")
    ticket = named(database, recipient)
    opens = ticket is None
    if opens:
        key = "".join(secrets.choice(LETTERS) for _ in range(10))
        number = database.execute(
            "INSERT INTO ticket (key, subject, sender, opened) VALUES (?, ?, ?, ?)",
            (key, subject, sender, received)).lastrowid
        ticket = number, key
    database.execute(
        "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (action, ticket[0], opens, ses["mail"]["messageId"], sender, subject, text(mail), received))
    return *ticket, opens


def named(database, recipient):
    """The ticket whose address this is; none where the key is not its own."""
    found = re.search(r"\+([0-9]{1,12})-([a-z0-9]+)@", recipient)
    return found and database.execute(
        "SELECT number, key FROM ticket WHERE number = ? AND key = ?", found.groups()).fetchone()


def text(mail):
    """What there is to read, whatever the mail says of its parts and their charsets."""
    try:
        part = mail.get_body(("plain", "html"))
        content = part.get_payload(decode=True) if part else b""
        read = content.decode(part.get_content_charset("utf-8") if part else "utf-8", "replace")
    except Exception as error:  # Python's reader raises what it likes at crafted fields.
        return f"(The text cannot be read: {type(error).__name__}. The bucket has the mail.)"
    # Some charsets have halves of characters, which no file takes.
    return read[:TEXT_MAX].encode("utf-8", "replace").decode("utf-8")


def shown(value):
    """A sender's words on a terminal: no control characters."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in value.replace("\r", ""))


def main():
    if sys.argv[1:] == ["list"]:
        with tickets() as database:
            for number, messages, sender, subject in database.execute(
                    "SELECT number, count(*), ticket.sender, ticket.subject FROM ticket "
                    "JOIN message ON ticket = number GROUP BY number ORDER BY number DESC"):
                print(number, f"{messages} mail(s)", shown(sender), shown(subject), sep="  ")
    elif sys.argv[1:2] == ["show"] and len(sys.argv) == 3:
        with tickets() as database:
            for received, sender, mail, words in database.execute(
                    "SELECT received, sender, mail, text FROM message WHERE ticket = ? "
                    "ORDER BY received", (sys.argv[2],)):
                print(f"{received}  {shown(sender)}  {mail}\n{shown(words)}")
    elif len(sys.argv) == 1:
        file_mail()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
