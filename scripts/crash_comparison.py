"""What a server's folder holds after it was struck, against what it has acknowledged.

  lost               an acknowledged mail of which an object, a notification or a handler's line is
                     missing
  torn               an object or notification that is not, byte for byte, what a session sent, or
                     a mail whose actions ended by half
  doubled            one mail told under two MessageIds, handled under two MARTLET_ACTION_IDs, or
                     stored under two ids

A mail that was sent and not acknowledged may be there or not, but not by half. The spool is looked
at too: no body file without its mail, nothing left in its work folders, nothing held, damaged or
dead. What recovery set aside has to be whole, and no mail that was acknowledged.
"""

import hashlib
import json
import os
import time

from crash_load import complain

SETTLE_SECONDS_MAX = 120
TICKET_HEADER = b"X-Ticket: yes\r\n"


class Comparison:
    """What the server's folder holds against what the ledger says; grows run by run."""

    def __init__(self, site, ledger, outbox_seconds_max=30):
        self.site = site
        self.ledger = ledger
        self.outbox_seconds_max = outbox_seconds_max
        self.kept = {}  # id → Mail, or None for an object that is not whole
        self.tickets = {}  # id → whether it is whole
        self.message_ids = {}  # mail id → MessageIds
        self.action_ids = {}  # mail id → MARTLET_ACTION_IDs
        self.tokens = {}  # token → id of the first mail that was stored with it
        self.positions = {}
        self.half_lines = self.doubled_in_window = 0
        self.torn, self.doubled = set(), set()
        self.leftovers = []

    def settle(self):
        """Returns once nothing is on its way; a mail that never ends is left for `lost`."""
        end = time.monotonic() + SETTLE_SECONDS_MAX
        while True:
            status = self.site.ask("status")
            if status["mails"]["acting"] == 0:
                break
            if time.monotonic() > end:
                complain(f"still acting after {SETTLE_SECONDS_MAX} s: {status['mails']}")
                break
            time.sleep(0.05)
        for name in ("held", "damaged", "retryingActions", "deadActions"):
            if status["mails"][name]:
                self.leftovers.append(f"{status['mails'][name]} {name}")
        if status["deadMessages"]:
            self.leftovers.append(f"{status['deadMessages']} dead messages")
        # The outbox is emptied after the mails; its messages are waited for here.
        end = time.monotonic() + self.outbox_seconds_max
        while self.read() and time.monotonic() < end:
            time.sleep(0.05)

    def read(self):
        """Takes in what is new; says whether an expected notification or line is missing."""
        for name in names(self.site.bucket / "all") - self.kept.keys():
            self.keep(name)
        for name in names(self.site.bucket / "tickets") - self.tickets.keys():
            content = (self.site.bucket / "tickets" / name).read_bytes()
            head, mail = self.identify(name, content)
            self.tickets[name] = mail is not None and head.startswith(TICKET_HEADER)
        for line in self.fresh(self.site.lines):
            mail = line.split(b"/", 1)[0].decode()
            self.action_ids.setdefault(mail, set()).add(line)
        for line in self.fresh(self.site.notifications):
            self.note(line)
        return any(
            (mail.is_told and not self.message_ids.get(name))
            or (mail.is_ticket and not self.action_ids.get(name))
            for name, mail in self.kept.items() if mail)

    def fresh(self, path):
        """Whole lines that were appended since the last look."""
        if not path.exists():
            return []
        with open(path, "rb") as file:
            file.seek(self.positions.get(path, 0))
            data = file.read()
        data = data[:data.rfind(b"\n") + 1]
        self.positions[path] = self.positions.get(path, 0) + len(data)
        return data.splitlines()

    def keep(self, name):
        _, mail = self.identify(name, (self.site.bucket / "all" / name).read_bytes())
        self.kept[name] = mail
        if mail and self.tokens.setdefault(mail.token, name) != name:
            complain(f"doubled: {mail.token} is stored as {self.tokens[mail.token]} and {name}")
            self.doubled.add(name)

    def identify(self, name, content):
        """The lines before what was sent, and the mail that this is; None where it is none."""
        seal = content.find(b"\r\nX-SES-RECEIPT: ")
        start = content.find(b"\r\n", seal + 2) + 2
        head, sent = content[:start], content[start:]
        token = sent[:300].partition(b"X-Token: ")[2].partition(b"\r\n")[0].decode("latin-1")
        mail = self.ledger.sent.get(token)
        is_whole = (
            seal > 0 and mail is not None and b" id " + name.encode() in head
            and hashlib.sha256(sent).digest() == mail.digest)
        return head, mail if is_whole else None

    def note(self, line):
        try:
            message = json.loads(line)
            told = json.loads(message["Message"])
            name = told["mail"]["messageId"]
        except (ValueError, KeyError):
            # A kill may cut the last line that was being written; it is told again.
            self.half_lines += 1
            return
        self.message_ids.setdefault(name, set()).add(message["MessageId"])
        content = told.get("content")
        if content is None:
            if "contentOmitted" not in told:
                self.torn.add(f"notification of {name}")
        elif self.identify(name, content.encode())[1] is None:
            self.torn.add(f"notification of {name}")

    def compare(self):
        """The three counts as sets of what they are about."""
        acknowledged = self.ledger.acknowledged
        lost = set()
        for name, mail in acknowledged.items():
            stored = self.kept.get(name)
            if stored is not None and stored is not mail:
                self.torn.add(f"all/{name} is another mail")
            if (name not in self.kept
                    or (mail.is_ticket and name not in self.tickets)
                    or (mail.is_ticket and name not in self.action_ids)
                    or (mail.is_told and name not in self.message_ids)):
                lost.add(name)
        for name, mail in self.kept.items():
            if mail is None:
                self.torn.add(f"all/{name}")
            elif name not in acknowledged and (
                    (mail.is_ticket and not (name in self.tickets and name in self.action_ids))
                    or (mail.is_told and name not in self.message_ids)):
                self.torn.add(f"the actions of {name}")
        self.torn.update(f"tickets/{name}" for name, whole in self.tickets.items() if not whole)
        for seen, wanted in ((self.tickets, "is_ticket"), (self.action_ids, "is_ticket"),
                             (self.message_ids, "is_told")):
            for name in seen:
                mail = self.kept.get(name) or acknowledged.get(name)
                if mail is None or not getattr(mail, wanted):
                    self.torn.add(f"{name}: nobody sent it there")
        for ids in (self.message_ids, self.action_ids):
            self.doubled.update(name for name, seen in ids.items() if len(seen) > 1)
        return lost, self.torn, self.doubled

    def look_at_spool(self):
        """Everything in the spool belongs to a mail."""
        files = names(self.site.spool / "bodies")
        self.leftovers += [f"spool/bodies/{name} has no mail" for name in files - self.kept.keys()]
        for name in files & self.kept.keys():
            # An object has the verdicts in its header block; the mail behind it is the same.
            body = (self.site.spool / "bodies" / name).read_bytes()
            if self.identify(name, body)[1] is not self.kept[name]:
                self.torn.add(f"spool/bodies/{name}")
        for name in names(self.site.spool / "damaged"):
            content = (self.site.spool / "damaged" / name).read_bytes()
            if name in self.ledger.acknowledged or not self.identify(name, content)[1]:
                self.leftovers.append(f"spool/damaged/{name}")
        # Below data/handlers each user has a folder that stays.
        for folder in ["data/spool/objects"] + [
                f"data/handlers/{user}" for user in names(self.site.folder / "data/handlers")]:
            self.leftovers += [
                f"{folder}/{name}" for name in names(self.site.folder / folder)]

    def read_all_again(self):
        """No later crash has touched what was whole before."""
        for name in names(self.site.bucket / "all"):
            content = (self.site.bucket / "all" / name).read_bytes()
            if self.identify(name, content)[1] is not self.kept.get(name):
                self.torn.add(f"all/{name} after a later run")
        gone = self.kept.keys() - names(self.site.bucket / "all")
        gone |= self.tickets.keys() - names(self.site.bucket / "tickets")
        self.torn.update(f"{name} went away after a later run" for name in gone)


def names(folder):
    try:
        return set(os.listdir(folder))
    except FileNotFoundError:
        return set()
