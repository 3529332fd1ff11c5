"""Mails that are submitted to a server that is going to be struck, the next hop that takes them, and
what has come there against what was acknowledged.

  lost      a recipient of an acknowledged mail that neither came to the next hop nor, where that
            refused it, is told of in a report to the sender
  torn      a mail that came and is not, byte for byte, what a session submitted; or what nobody sent
  doubled   a mail that came twice and may not: while one process ran, or more often at one strike
            than mails can be on their way at once

What came twice within these limits is counted. A mail is on its way until what became of it is
committed; one that the next hop has answered 250 before that is sent again by the next process.
"""

import collections
import contextlib
import hashlib
import random
import re
import socket
import sqlite3
import ssl
import threading
import time

from base64 import b64encode
from crash_load import Load

# Mails that are on their way at once: the setting, and so what one strike can double.
ON_THE_WAY_MAX = 20
# Nothing comes any more after so long.
QUIET_SECONDS = 5
SETTLE_SECONDS_MAX = 120
MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)
TOKEN = re.compile(rb"^X-Token: (\S+)\r$", re.MULTILINE)


class Submitted:
    """What was submitted: enough to know it again."""

    __slots__ = ("token", "digest", "recipients")

    def __init__(self, token, content, recipients):
        self.token = token
        # The header section leaves in another form.
        self.digest = hashlib.sha256(content.partition(b"\r\n\r\n")[2]).digest()
        self.recipients = recipients


class Submissions(Load):
    """Sessions that log in and submit until they are cut off or told to stop."""

    SENDER = "load@crash.example"
    # `gone` is refused by the next hop.
    RECIPIENTS = [["ada"]] * 14 + [["ada", "bob"]] * 3 + [["gone"], ["ada", "gone"]]

    def address(self, name, token):
        # Whoever is gone is not sent to again: each is another.
        return f"{name}-{token}@far.example" if name == "gone" else f"{name}@far.example"

    def sent(self, token, content, recipients):
        return Submitted(token, content, [self.address(name, token) for name in recipients])

    def open(self):
        link = socket.create_connection(("127.0.0.1", self.site.submission_port), 10)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = link.makefile("rb")
        self.expect(file, b"220")
        self.say(link, file, b"EHLO load.invalid", b"250")
        self.say(link, file, b"STARTTLS", b"220")
        link = self.site.tls.wrap_socket(link)
        file = link.makefile("rb")
        self.say(link, file, b"EHLO load.invalid", b"250")
        user, password = self.site.login
        login = b64encode(f"\0{user}\0{password}".encode())
        self.say(link, file, b"AUTH PLAIN " + login, b"235")
        return link, file

    def say(self, link, file, line, code):
        link.sendall(line + b"\r\n")
        self.expect(file, code)


class Arrival:
    """A mail that the next hop has answered 250, or that it has refused."""

    __slots__ = ("recipient", "life", "mail", "about", "token", "digest", "is_report")

    def __init__(self, recipient, life, is_report, content):
        self.recipient = recipient
        self.life = life
        ids = MESSAGE_ID.findall(content)
        self.mail = ids[0].decode() if ids else None
        # A report ends in the header section of what it is about.
        self.about = ids[-1].decode() if is_report and len(ids) > 1 else None
        token = TOKEN.search(content)
        self.token = token and token[1].decode()
        self.digest = hashlib.sha256(content.partition(b"\r\n\r\n")[2]).digest()
        self.is_report = is_report


class NextHop:
    """Takes what comes, but for whoever is gone. What it offers is another thing at each
    connection."""

    OFFERS = [b"", b"PIPELINING\r\n", b"CHUNKING\r\n", b"PIPELINING\r\nCHUNKING\r\n"]

    def __init__(self, site):
        self.site = site
        self.lock = threading.Lock()
        self.arrivals = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def end(self):
        # A thread that accepts wakes by it.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def serve(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(
                target=self.session, args=[link, self.site.life], daemon=True).start()

    def session(self, link, life):
        with contextlib.suppress(OSError), link, link.makefile("rb") as file:
            link.sendall(b"220 hop\r\n")
            sender = recipient = None
            while line := file.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    offers = (b"hop\r\n8BITMIME\r\n" + random.choice(self.OFFERS)).splitlines()
                    reply = b"".join(b"250-%b\r\n" % offer for offer in offers[:-1])
                    link.sendall(reply + b"250 %b\r\n" % offers[-1])
                elif verb == b"MAIL":
                    sender, recipient = line.partition(b"<")[2].partition(b">")[0], None
                    link.sendall(b"250 ok\r\n")
                elif verb == b"RCPT":
                    to = line.partition(b"<")[2].partition(b">")[0].decode()
                    if to.startswith("gone-"):
                        link.sendall(b"550 5.1.1 nobody of this name\r\n")
                        continue
                    recipient = to
                    link.sendall(b"250 ok\r\n")
                elif verb == b"DATA" and recipient:
                    link.sendall(b"354 go on\r\n")
                    content = self.data(file)
                    if content is None:
                        return
                    self.take(link, content, sender, recipient, life)
                elif verb == b"BDAT" and recipient:
                    length = int(line.split()[1])
                    content = file.read(length)
                    if len(content) < length:
                        return
                    self.take(link, content, sender, recipient, life)
                elif verb == b"DATA":
                    link.sendall(b"503 nobody to send it to\r\n")
                elif verb == b"QUIT":
                    link.sendall(b"221 bye\r\n")
                    return
                else:
                    link.sendall(b"250 ok\r\n")

    @staticmethod
    def data(file):
        lines = []
        while line := file.readline():
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)
        return None

    def take(self, link, content, sender, recipient, life):
        arrival = Arrival(recipient, life, not sender, content)
        # Counted whether or not the answer still finds anybody.
        with self.lock:
            self.arrivals.append(arrival)
        link.sendall(b"250 ok\r\n")


class SendingComparison:
    """What has come to the next hop against what the ledger says."""

    def __init__(self, site, ledger, **_):
        self.site = site
        self.ledger = ledger
        self.doubled_in_window = 0
        self.half_lines = 0
        self.leftovers = []

    def settle(self):
        """Returns once all is there, or nothing comes any more."""
        end = time.monotonic() + SETTLE_SECONDS_MAX
        quiet, seen = time.monotonic() + QUIET_SECONDS, -1
        while time.monotonic() < min(end, quiet):
            count = len(self.arrivals())
            if count != seen:
                quiet, seen = time.monotonic() + QUIET_SECONDS, count
            if not self.left() and not self.missing():
                break
            time.sleep(0.05)

    def arrivals(self):
        with self.site.hop.lock:
            return list(self.site.hop.arrivals)

    def missing(self):
        """Recipients of acknowledged mails whose end nobody has seen."""
        arrivals = self.arrivals()
        came = {(arrival.mail, arrival.recipient) for arrival in arrivals}
        told = {arrival.about for arrival in arrivals}
        return {
            f"{name} for {recipient}"
            for name, mail in self.ledger.acknowledged.items() for recipient in mail.recipients
            if not (name in told if recipient.startswith("gone-") else (name, recipient) in came)}

    def look_at_spool(self):
        pass

    def read_all_again(self):
        pass

    def left(self):
        """Who waits in the database, and what of bodies is kept."""
        path = self.site.spool / "martlet.sqlite"
        link = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        left = []
        with contextlib.closing(link) as database:
            for what, statement in (
                    ("open recipients", "sent_recipient WHERE state IN ('queued', 'held')"),
                    ("mails that have not ended", "sent_mail WHERE state <> 'ended'"),
                    ("bodies", "mail_body"), ("destinations", "destination")):
                count = database.execute(f"SELECT COUNT(*) FROM {statement}").fetchone()[0]
                left += [f"{count} {what}"] if count else []
        count = len(list((self.site.spool / "bodies").glob("*")))
        return left + ([f"{count} body files"] if count else [])

    def read(self):
        """Nothing waits any more, and no body is kept."""
        if not self.site.is_control:
            self.leftovers += self.left()

    def compare(self):
        torn = set()
        times = collections.Counter()
        lives = collections.defaultdict(list)
        for arrival in self.arrivals():
            times[arrival.mail, arrival.recipient, arrival.life] += 1
            lives[arrival.mail, arrival.recipient].append(arrival.life)
            if not self.is_whole(arrival):
                torn.add(f"{arrival.mail} for {arrival.recipient}")
        doubled = {f"{mail} for {recipient}, twice by one process"
                   for (mail, recipient, _), count in times.items() if count > 1}
        # All but the last of a mail's lives ended before its delivery was written.
        strikes = collections.Counter(
            life for seen in lives.values() for life in sorted(set(seen))[:-1])
        self.doubled_in_window = sum(strikes.values())
        reports = collections.defaultdict(set)
        for arrival in self.arrivals():
            if arrival.is_report:
                reports[arrival.about].add(arrival.mail)
        doubled |= {f"{len(ids)} reports about {mail}"
                    for mail, ids in reports.items() if len(ids) > 1}
        doubled |= {f"{count} mails came twice around one strike"
                    for count in strikes.values() if count > ON_THE_WAY_MAX}
        return self.missing(), torn, doubled

    def is_whole(self, arrival):
        if arrival.is_report:
            return arrival.recipient == Submissions.SENDER and arrival.about is not None
        mail = self.ledger.sent.get(arrival.token)
        return (mail is not None and arrival.recipient in mail.recipients
                and arrival.digest == mail.digest
                and self.ledger.acknowledged.get(arrival.mail, mail) is mail)


def unverified_tls():
    """Whoever answers: the certificate is the server's own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
