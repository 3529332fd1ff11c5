#!/usr/bin/env python3
"""Load, `kill -9` at a random moment, restart on the same folder, compare.

Several SMTP sessions send mails of mixed sizes, some to two recipients. Rules store each in a
bucket, tell some to a file of JSON lines, and hand some to a handler that notes its stable id.
After each kill the server is started again (one time in four it is killed while it recovers), and
once nothing is on its way any more:

  lost               an acknowledged mail of which an object, a notification or a handler's line is
                     missing
  torn               an object or notification that is not, byte for byte, what a session sent, or
                     a mail whose actions ended by half
  doubled_without_id one mail told under two MessageIds, handled under two MARTLET_ACTION_IDs, or
                     stored under two ids

A mail that was sent and not acknowledged may be there or not, but not by half. The spool is looked
at too: no body file without its mail, nothing left in its work folders, nothing held, damaged or
dead.

`--control normal` shows that this test can fail: the server runs with `spool.synchronous: normal`,
where the database's log may be lost when the power goes, and each kill takes the log away. It has
to lose mails.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SESSIONS = 8
LOAD_SECONDS_MIN, LOAD_SECONDS_MAX = 0.05, 1.5
SETTLE_SECONDS_MAX = 120
LINE_BYTES = 72
TICKET_HEADER = b"X-Ticket: yes\r\n"

RULES = """\
ruleSet: crash
rules:
  - name: keep
    recipients: [crash.example]
    actions: [{store: {bucket: mail, prefix: all/}}]
  - name: tell
    recipients: [told@crash.example]
    actions: [{notify: {topic: received}}]
  - name: ticket
    recipients: [ticket@crash.example]
    actions:
      - addHeader: {name: X-Ticket, value: "yes"}
      - store: {bucket: mail, prefix: tickets/}
      - invoke: {handler: note}
"""

# One append of one line: the cheapest handler whose effect can be counted.
HANDLER = """\
#!/bin/sh
echo "$MARTLET_ACTION_ID" >> "$LINES"
"""


class Server:
    """Martlet on a folder of its own."""

    def __init__(self, binary, folder, synchronous):
        # A copy: the program is started again and again, and a build may replace it meanwhile.
        self.binary = folder / "martlet"
        shutil.copy2(binary, self.binary)
        self.folder = folder
        self.bucket = folder / "bucket"
        self.bodies = folder / "data/spool/bodies"
        self.notifications = folder / "received.jsonl"
        self.lines = folder / "lines"
        self.config = folder / "martlet.yaml"
        self.process = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "rules").mkdir()
        (folder / "rules/crash.yaml").write_text(RULES)
        handler = folder / "note"
        handler.write_text(HANDLER)
        handler.chmod(0o755)
        self.config.write_text(
            "hostname: mx.crash.example\ndataDirectory: data\n"
            f"listeners: [{{address: 127.0.0.1, port: {self.port}}}]\n"
            "rules: {active: crash}\nbuckets: {mail: {directory: bucket}}\n"
            f"handlers: {{note: {{command: [{handler}], environment: {{LINES: {self.lines}}}}}}}\n"
            f"topics: {{received: {{log: {{file: {self.notifications}}}}}}}\n"
            f"spool: {{synchronous: {synchronous}, freeBytesMin: 104857600}}\n"
            # The next kill comes before a failed action's second try would.
            "limits: {retryFirstDelaySeconds: 1}\n")

    def start(self):
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "-c", self.config], stderr=log, stdout=log)

    def wait_until_serving(self):
        """Returns once it answers on its control socket, the last to open."""
        for _ in range(600):
            if self.process.poll() is not None:
                raise Wrong(f"the server ended by itself: {self.process.returncode}")
            asked = subprocess.run(
                [self.binary, "status", "-c", self.config], capture_output=True, check=False)
            if asked.returncode == 0:
                return
            time.sleep(0.02)
        raise Wrong("the server does not serve after its restart")

    def kill(self):
        if self.process.poll() is not None:
            raise Wrong(f"the server ended by itself: {self.process.returncode}")
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        if self.process.wait(120) != 0:
            raise Wrong(f"the server ended with status {self.process.returncode} at SIGTERM")

    def ask(self, *words):
        done = subprocess.run(
            [self.binary, *words, "-c", self.config], capture_output=True, check=False)
        if done.returncode != 0:
            raise Wrong(f"martlet {' '.join(words)}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def trust(self):
        self.ask("identity", "add", "crash.example", "--trusted")

    def lose_log(self):
        for path in (self.folder / "data/spool").glob("martlet.sqlite-*"):
            path.unlink()


class Wrong(Exception):
    """Something that none of the three counts names."""


class Mail:
    """What was sent: enough to know it again."""

    __slots__ = ("token", "digest", "is_told", "is_ticket")

    def __init__(self, token, content, recipients):
        self.token = token
        self.digest = hashlib.sha256(content).digest()
        self.is_told = "told" in recipients
        self.is_ticket = "ticket" in recipients


class Ledger:
    """What was sent and what was acknowledged, over all runs."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = {}  # token → Mail
        self.acknowledged = {}  # id → Mail
        self.refused = 0


class Load:
    """Sessions that send until they are cut off or told to stop."""

    RECIPIENTS = [["keep"]] * 5 + [["told"]] * 2 + [["ticket"], ["told", "ticket"], ["keep", "told"]]
    # Small rows, rows near the threshold, body files, and a few large ones.
    SIZES = [(300, 4_000)] * 12 + [(4_000, 15_500)] * 5 + [(15_500, 70_000)] * 2
    SIZES += [(100_000, 400_000)]

    def __init__(self, ledger, port, run):
        self.ledger = ledger
        self.port = port
        self.run = run
        self.is_over = False
        self.threads = [
            threading.Thread(target=self.session, args=[number]) for number in range(SESSIONS)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join()

    # Lines of printable text; some begin with a dot, which DATA has to stuff.
    TEXT = b"".join(
        bytes(random.choices(b".abcdefghijklmnopqrstuvwxyz 0123456789", k=LINE_BYTES - 2)) + b"\r\n"
        for _ in range(20_000))

    def mail(self, token, recipients, choice):
        size = choice.randint(*choice.choice(self.SIZES))
        start = choice.randrange(len(self.TEXT) // LINE_BYTES // 2) * LINE_BYTES
        head = (f"From: <load@sender.invalid>\r\nTo: <{recipients[0]}@crash.example>\r\n"
                f"Subject: {token}\r\nX-Token: {token}\r\n\r\n")
        return head.encode() + self.TEXT[start:start + size // LINE_BYTES * LINE_BYTES]

    def session(self, number):
        choice = random.Random()
        serial = 0
        while not self.is_over:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 10) as link:
                    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    file = link.makefile("rb")
                    self.expect(file, b"220")
                    link.sendall(b"EHLO load.invalid\r\n")
                    self.expect(file, b"250")
                    # Connections come and go, kept ones stay as long as forty mails.
                    for _ in range(choice.choice((1, 5, 40))):
                        if self.is_over:
                            return
                        serial += 1
                        self.transaction(link, file, f"{self.run}-{number}-{serial}", choice)
            except (OSError, Cut):
                # The server was killed, or refuses connections since.
                time.sleep(0.01)

    def transaction(self, link, file, token, choice):
        recipients = choice.choice(self.RECIPIENTS)
        content = self.mail(token, recipients, choice)
        lines = ["MAIL FROM:<load@sender.invalid>"]
        lines += [f"RCPT TO:<{name}@crash.example>" for name in recipients]
        is_chunked = choice.random() < 0.3
        if not is_chunked:
            lines.append("DATA")
        link.sendall("".join(line + "\r\n" for line in lines).encode())
        for line in lines:
            self.expect(file, b"354" if line == "DATA" else b"250")
        if choice.random() < 0.02:
            # A session that goes away inside its mail: nothing of it may stay.
            link.sendall(content[:len(content) // 2] if not is_chunked
                         else b"BDAT %d LAST\r\n" % len(content) + content[:len(content) // 2])
            raise Cut
        mail = Mail(token, content, recipients)
        with self.ledger.lock:
            self.ledger.sent[token] = mail
        if is_chunked:
            half = len(content) // 2
            link.sendall(b"BDAT %d\r\n" % half + content[:half]
                         + b"BDAT %d LAST\r\n" % (len(content) - half) + content[half:])
            self.expect(file, b"250")
        else:
            link.sendall(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        reply = self.expect(file, b"250")
        identifier = reply.rsplit(b" ", 1)[1].strip().decode()
        with self.ledger.lock:
            self.ledger.acknowledged[identifier] = mail

    def expect(self, file, code):
        """The last line of a reply, which has to have this code."""
        while True:
            line = file.readline()
            if not line.endswith(b"\n"):
                raise Cut
            if line[3:4] != b"-":
                break
        if not line.startswith(code):
            with self.ledger.lock:
                self.ledger.refused += 1
                if self.ledger.refused <= 5:
                    complain(f"refused: {line.decode(errors='replace').strip()}")
            raise Cut
        return line


class Cut(Exception):
    """The session is over."""


class Comparison:
    """What the server's folder holds against what the ledger says; grows run by run."""

    def __init__(self, server, ledger, outbox_seconds_max):
        self.server = server
        self.ledger = ledger
        self.outbox_seconds_max = outbox_seconds_max
        self.kept = {}  # id → Mail, or None for an object that is not whole
        self.tickets = {}  # id → whether it is whole
        self.message_ids = {}  # mail id → MessageIds
        self.action_ids = {}  # mail id → MARTLET_ACTION_IDs
        self.tokens = {}  # token → id of the first mail that was stored with it
        self.positions = {}
        self.half_lines = 0
        self.torn, self.doubled = set(), set()
        self.leftovers = []

    def settle(self):
        """Returns once nothing is on its way; a mail that never ends is left for `lost`."""
        end = time.monotonic() + SETTLE_SECONDS_MAX
        while True:
            status = json.loads(self.server.ask("status", "--json"))
            if status["mails"]["acting"] == 0:
                break
            if time.monotonic() > end:
                complain(f"still acting after {SETTLE_SECONDS_MAX} s: {status['mails']}")
                break
            time.sleep(0.2)
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
        for name in names(self.server.bucket / "all") - self.kept.keys():
            self.keep(name)
        for name in names(self.server.bucket / "tickets") - self.tickets.keys():
            content = (self.server.bucket / "tickets" / name).read_bytes()
            head, mail = self.identify(name, content)
            self.tickets[name] = mail is not None and head.startswith(TICKET_HEADER)
        for line in self.fresh(self.server.lines):
            mail = line.split(b"/", 1)[0].decode()
            self.action_ids.setdefault(mail, set()).add(line)
        for line in self.fresh(self.server.notifications):
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
        _, mail = self.identify(name, (self.server.bucket / "all" / name).read_bytes())
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
        """The three counts after this many runs, as sets of what they are about."""
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
        files = names(self.server.bodies)
        self.leftovers += [f"spool/bodies/{name} has no mail" for name in files - self.kept.keys()]
        for name in files & self.kept.keys():
            body, stored = self.server.bodies / name, self.server.bucket / "all" / name
            if not body.samefile(stored) and body.read_bytes() != stored.read_bytes():
                self.torn.add(f"spool/bodies/{name}")
        for folder in ("data/spool/objects", "data/handlers", "data/spool/damaged"):
            self.leftovers += [
                f"{folder}/{name}" for name in names(self.server.folder / folder)]
        waiting = json.loads(self.server.ask("queue", "--json"))
        self.leftovers += [f"{mail['id']} is {mail['state']}" for mail in waiting]

    def read_all_again(self):
        """No later crash has touched what was whole before."""
        for name in names(self.server.bucket / "all"):
            content = (self.server.bucket / "all" / name).read_bytes()
            if self.identify(name, content)[1] is not self.kept.get(name):
                self.torn.add(f"all/{name} after a later run")
        gone = self.kept.keys() - names(self.server.bucket / "all")
        gone |= self.tickets.keys() - names(self.server.bucket / "tickets")
        self.torn.update(f"{name} went away after a later run" for name in gone)


def names(folder):
    try:
        return set(os.listdir(folder))
    except FileNotFoundError:
        return set()


def complain(text):
    print(text, file=sys.stderr)


def crash(server, ledger, run, control):
    """Load until a random moment, then the end of the process; perhaps once more in recovery."""
    load = Load(ledger, server.port, run)
    time.sleep(random.uniform(LOAD_SECONDS_MIN, LOAD_SECONDS_MAX))
    try:
        server.kill()
    finally:
        load.stop()
    kills = 1
    if control:
        server.lose_log()
    while random.random() < 0.25:
        server.start()
        time.sleep(random.uniform(0.02, 2.5))
        server.kill()
        kills += 1
    server.start()
    server.wait_until_serving()
    if control:
        server.trust()
    return kills


def progress(run, runs, ledger, counts):
    if sys.stderr.isatty():
        lost, torn, doubled = map(len, counts)
        print(f"\rrun {run} of {runs}: {len(ledger.acknowledged)} acknowledged, {lost} lost, "
              f"{torn} torn, {doubled} doubled ", end="" if run < runs else "\n",
              file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True, help="the program")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--control", choices=["normal"])
    parser.add_argument("--keep", action="store_true", help="keep the folder when all is well too")
    options = parser.parse_args()
    var = ROOT / "var"
    var.mkdir(exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crash-", dir=var))
    server = Server(options.martlet, folder, options.control or "full")
    ledger = Ledger()
    # The control run has lost what it would wait for.
    comparison = Comparison(server, ledger, outbox_seconds_max=1 if options.control else 30)
    kills, counts, wrong = 0, (set(), set(), set()), None
    try:
        server.start()
        server.wait_until_serving()
        server.trust()
        for run in range(1, options.runs + 1):
            kills += crash(server, ledger, run, options.control)
            comparison.settle()
            comparison.look_at_spool()
            counts = comparison.compare()
            progress(run, options.runs, ledger, counts)
        comparison.read_all_again()
        server.stop()
    except Wrong as error:
        wrong = str(error)
    finally:
        server.process.kill()
        server.process.wait()
    lost, torn, doubled = counts
    if options.control:
        print(f"control synchronous=normal lost={len(lost)}")
        is_well = bool(lost) and not wrong
    else:
        print(f"crash receive kind=kill runs={options.runs} "
              f"acknowledged={len(ledger.acknowledged)} lost={len(lost)} torn={len(torn)} "
              f"doubled_without_id={len(doubled)}")
        if comparison.half_lines > kills:
            comparison.leftovers.append(f"{comparison.half_lines} half lines of {kills} kills")
        if ledger.refused:
            comparison.leftovers.append(f"{ledger.refused} commands were refused")
        for title, things in (("lost", lost), ("torn", torn), ("doubled", doubled),
                              ("left", set(comparison.leftovers))):
            for thing in sorted(things)[:20]:
                complain(f"{title}: {thing}")
        is_well = not (lost or torn or doubled or comparison.leftovers or wrong)
    if wrong:
        complain(wrong)
    if is_well and not options.keep:
        shutil.rmtree(folder)
    else:
        complain(f"see {folder}")
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
