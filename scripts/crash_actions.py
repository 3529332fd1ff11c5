"""Mails whose rules have an action of every kind, and what became of each against what the server
has acknowledged.

  lost       an acknowledged mail that lacks an effect of an action, for one of its recipients where
             the rules are asked for each
  torn       an effect that is not, byte for byte, what a session sent; of a mail that nobody sent;
             or a mail without a 250 whose actions ended by half
  doubled    effects that came more than once, under the id that they had before: a server that is
             struck between an action and its note does it again
  doubled_without_id
             effects under more ids than there are actions
"""

import collections
import contextlib
import hashlib
import json
import re
import sqlite3
import time

from crash_comparison import names
from crash_load import Load, complain

SETTLE_SECONDS_MAX = 60
TOKEN = re.compile(rb"^X-Token: (\S+)\r?$", re.MULTILINE)
ASKED_HEADER = b"X-Asked: yes\r\n"
# Which a handler's answer takes out.
UNWANTED_HEADER = b"X-Unwanted: yes\r\n"

# What is to come of a mail for the recipient of this name.
EFFECTS = {name: [name] for name in (
    "store", "bucket", "script", "worker", "function", "endpoint", "webhook", "deliver", "relay",
    "forward", "reply", "bounce", "quarantine")}
EFFECTS["notify"] = ["notify", "web-subscriber", "handler-subscriber"]
EFFECTS["answer"] = ["asking", "answer-tag", "answer-headers", "answer-notify", "answer-forward",
                     "answer-reply"]
EFFECTS["drop"] = []
KINDS = [kind for kinds in EFFECTS.values() for kind in kinds]
# One object has several recipients' mail where it is the same.
OBJECTS = {"store", "bucket", "answer-headers", "quarantine"}
# What leaves by the queue of sent mail.
SENT = ("relay", "forward", "reply", "bounce", "answer-forward", "answer-reply")


class Asked:
    """What was sent: enough to know it again, and how many of its recipients have each name."""

    def __init__(self, token, content, recipients):
        self.token = token
        self.digest = body_digest(content)
        self.recipients = collections.Counter(name.partition("+")[0] for name in recipients)


class ActionMails(Load):
    """Sessions that send until they are cut off or told to stop, each mail from another sender."""

    # Programs are slower than sessions.
    SESSIONS = 3
    RECIPIENTS = [[name] for name in EFFECTS] * 3
    RECIPIENTS += [[name, name + "+two"] for name in EFFECTS]
    RECIPIENTS += [list(pair) for pair in zip(EFFECTS, reversed(EFFECTS)) if pair[0] != pair[1]]

    def sender(self, token):
        return f"t-{token}@sender.example"

    def mail(self, token, recipients, choice):
        return (f"Message-ID: <{token}@sender.example>\r\n".encode() + UNWANTED_HEADER
                + super().mail(token, recipients, choice))

    def sent(self, token, content, recipients):
        return Asked(token, content, recipients)


class ActionsComparison:
    """All effects of the server's actions against what the ledger says; grows run by run."""

    def __init__(self, site, ledger, outbox_seconds_max=30):
        self.site = site
        self.ledger = ledger
        self.is_patient = outbox_seconds_max > 1
        self.effects = collections.defaultdict(collections.Counter)  # kind, token → ids
        self.places = {}
        self.files = set()
        self.half_lines = 0
        self.torn, self.leftovers = set(), []

    # When all is done

    def settle(self):
        """Returns once nothing is on its way, releasing what was held; what never ends is left for
        `lost`."""
        self.wait()
        self.read()
        self.torn.update(f"released before anybody said so: {token}"
                         for kind, token in self.effects if kind == "quarantine")
        for mail in self.rows("SELECT id FROM mail WHERE state = 'held'"):
            self.site.ask("releaseMail", id=mail)
        self.wait()
        status = self.site.ask("status")
        for name in ("held", "damaged", "retryingActions", "deadActions"):
            if status["mails"][name]:
                self.leftovers.append(f"{status['mails'][name]} {name}")
        if status["deadMessages"]:
            self.leftovers.append(f"{status['deadMessages']} dead messages")
        # The outbox is emptied after the mails.
        end = time.monotonic() + (30 if self.is_patient else 1)
        while self.missing() and time.monotonic() < end:
            time.sleep(0.05)
            self.read()

    def wait(self):
        end = time.monotonic() + SETTLE_SECONDS_MAX
        while True:
            mails = self.site.ask("status")["mails"]
            queued = self.rows("SELECT mail FROM sent_recipient WHERE state IN ('queued', 'held')")
            if not (mails["acting"] or mails["retryingActions"] or queued):
                return
            if time.monotonic() > end:
                complain(f"on their way after {SETTLE_SECONDS_MAX} s: {mails}, {len(queued)} sent")
                return
            time.sleep(0.1)

    def rows(self, statement):
        path = self.site.spool / "martlet.sqlite"
        link = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        with contextlib.closing(link) as database:
            return [row[0] for row in database.execute(statement)]

    # What there is

    def read(self):
        """Takes in what is new."""
        for kind, mail, id in self.fresh_effects():
            if isinstance(mail, bytes):
                self.take(kind, mail, id)
            else:
                self.count(kind, mail.partition("@")[0].removeprefix("t-"), id)
        for line in self.fresh_lines(self.site.lines):
            kind, sender, id = line.decode().split(" ", 2)
            self.count(kind, sender.partition("@")[0].removeprefix("t-"), id)
        for path in (self.site.notifications, self.site.asked):
            for line in self.fresh_lines(path):
                self.note(path, line)
        for place, kind in (("all", "store"), ("answered", "answer-headers"),
                            ("released", "quarantine"), ("never", "never")):
            self.read_folder(self.site.bucket / place, kind)
        self.read_folder(self.site.folder / "maildir/new", "deliver")

    def fresh_effects(self):
        seen = self.site.effects.from_place(self.places.get("effects", 0))
        self.places["effects"] = self.places.get("effects", 0) + len(seen)
        return seen

    def fresh_lines(self, path):
        """Whole lines that were appended since the last look."""
        if not path.exists():
            return []
        with open(path, "rb") as file:
            file.seek(self.places.get(path, 0))
            data = file.read()
        data = data[:data.rfind(b"\n") + 1]
        self.places[path] = self.places.get(path, 0) + len(data)
        return data.splitlines()

    def read_folder(self, folder, kind):
        for name in names(folder):
            path = folder / name
            if path in self.files:
                continue
            self.files.add(path)
            content = path.read_bytes()
            if kind == "deliver":
                content = content.replace(b"\n", b"\r\n")
            if kind == "answer-headers" and not (
                    content.startswith(ASKED_HEADER) and UNWANTED_HEADER not in content):
                self.torn.add(f"{path}: its header is not as the answer asked")
            self.take(kind, content, name)

    def note(self, path, line):
        try:
            message = json.loads(line)
            mail = json.loads(message["Message"])["mail"]
        except (ValueError, KeyError):
            # A strike may cut the line that was being written; it is told again.
            self.half_lines += 1
            return
        token = mail["source"].partition("@")[0].removeprefix("t-")
        if path == self.site.notifications:
            return self.count("notify", token, message["MessageId"])
        self.count("answer-notify", token, message["MessageId"])
        # The tag stands before the message in the answer, so the message has it.
        if mail.get("tags", {}).get("asked") == ["yes"]:
            self.count("answer-tag", token, message["MessageId"])

    def take(self, kind, content, id):
        """An effect that has the mail in it."""
        found = TOKEN.search(content[:10_000])
        token = found and found[1].decode("latin-1")
        if kind not in ("reply", "bounce", "answer-reply"):
            mail = self.ledger.sent.get(token)
            if mail and body_digest(content) != mail.digest:
                self.torn.add(f"{kind} of {token}")
        self.count(kind, token, id)

    def count(self, kind, token, id):
        self.effects[kind, token][id] += 1

    # What there has to be

    def wanted(self, mail):
        """Each kind of effect, and how many there are to be."""
        for name, count in mail.recipients.items():
            for kind in EFFECTS[name]:
                is_each = kind == "relay" or self.site.is_per_recipient and kind not in OBJECTS
                yield kind, count if is_each else 1

    def missing(self):
        return {(kind, mail.token) for mail in list(self.ledger.acknowledged.values())
                for kind, count in self.wanted(mail)
                if len(self.effects.get((kind, mail.token), ())) < count}

    def compare(self):
        missing = self.missing()
        begun = {token for _, token in self.effects}
        acknowledged = {mail.token for mail in self.ledger.acknowledged.values()}
        self.figures = {kind: collections.Counter() for kind in KINDS}
        without_id = set()
        wanted = {}
        for mail in self.ledger.sent.values():
            for kind, count in self.wanted(mail):
                wanted[kind, mail.token] = count
                if (mail.token in begun - acknowledged
                        and len(self.effects.get((kind, mail.token), ())) < count):
                    self.torn.add(f"{kind} of {mail.token}, which has no 250, is missing")
        for (kind, token), ids in self.effects.items():
            if (kind, token) not in wanted:
                self.torn.add(f"{kind} of {token}: nobody sent it there")
                continue
            figures = self.figures[kind]
            figures["effects"] += len(ids)
            figures["doubled"] += sum(ids.values()) - len(ids)
            if len(ids) > wanted[kind, token]:
                without_id.add(f"{kind} of {token}: {sorted(ids)}")
                figures["doubled_without_id"] += 1
        for kind, _ in missing:
            self.figures[kind]["lost"] += 1
        self.doubled_in_window = sum(figures["doubled"] for figures in self.figures.values())
        self.compare_queue()
        return {f"{kind} of {token}" for kind, token in missing}, self.torn, without_id

    def compare_queue(self):
        """A relayed mail has its author's Message-ID however often it is queued."""
        queued = self.rows("SELECT COUNT(*) FROM sent_recipient")[0]
        came = sum(len(ids) for (kind, _), ids in self.effects.items() if kind in SENT)
        if queued != came and self.is_patient:
            self.leftovers.append(f"{queued} recipients were queued, mails came to {came}")

    def look_at_spool(self):
        # What is left in a Maildir's tmp is its readers' to remove.
        self.leftovers += [f"data/spool/objects/{name}" for name in names(
            self.site.folder / "data/spool/objects")]

    def read_all_again(self):
        """No later crash has touched what was whole before."""
        self.torn.update(
            f"{path} went away after a later run" for path in self.files if not path.exists())


def body_digest(content):
    """Of what follows the header section, which each action writes in its own way."""
    return hashlib.sha256(content.partition(b"\r\n\r\n")[2]).digest()
