"""What the tests of sending share: a server that sends, whoever submits to it, and what is known of
its mails afterwards."""

import contextlib
import json
import os
import smtplib
import sqlite3
import unittest

import peers
from support import DEADLINE_SECONDS, new_server, unverified_tls

RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail}
    """

ZONE_HEAD = """\
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
  NS ns
ns A 127.0.0.1
mx A 127.0.0.1
"""


class SendingCase(unittest.TestCase):
    """Tests with a server each, that takes mails from `shop.example` at a submission listener and
    hands them over at a port of loopback."""

    identities = ("shop.example",)

    def sending_server(self, port, zone=None, **config):
        """Not yet started. `zone`: lines of the zone `example`, in place of a server's DNS."""
        server = new_server(self, RULES)
        server.config["listeners"].append(
            {"address": "127.0.0.1", "port": 0, "role": "submission"})
        if zone is not None:
            with open(server.path("zone"), "w", encoding="ascii") as file:
                file.write(ZONE_HEAD + "".join(line + "\n" for line in zone))
            server.config["dns"].update(
                {"zones": [{"name": "example", "file": "zone"}], "timeoutSeconds": 2})
        server.config["topics"] = {"sent": {"log": {"file": "sent"}}}
        server.config["sending"] = {"enabled": True, "eventsTopic": "sent"}
        server.config["delivery"] = {"port": port, "allowPrivateAddresses": True}
        for section, values in config.items():
            server.config.setdefault(section, {}).update(values)
        return server

    def start(self, server):
        self.server = server.start(self.identities)
        self.key = server.json("credentials", "create", "shop")
        return server

    @property
    def port(self):
        """Where mails are submitted."""
        return next(port for port in peers.ports(self.server) if port != self.server.port)

    def client(self):
        client = smtplib.SMTP("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        self.addCleanup(client.close)
        client.starttls(context=unverified_tls())
        client.login(self.key["id"], self.key["smtpPassword"])
        return client

    def submit(self, *recipients, sender="news@shop.example", headers="", body="Hello.",
               mail_options=(), rcpt_options=()):
        """Hands over a mail; answers the reply to its end."""
        client = self.client()
        client.mail(sender, list(mail_options))
        for recipient in recipients:
            code, reply = client.rcpt(recipient, list(rcpt_options))
            self.assertEqual(code, 250, reply)
        return client.data(
            f"From: Shop <{sender}>\r\nTo: {', '.join(recipients)}\r\nSubject: Order\r\n"
            f"{headers}\r\n{body}\r\n".encode())

    def send(self, *recipients, **options):
        """Hands over a mail that is taken; answers its id."""
        code, reply = self.submit(*recipients, **options)
        self.assertEqual(code, 250, reply)
        return reply.decode().split()[-1]

    # What is known of it

    def events(self):
        path = self.server.path("sent")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(json.loads(line)["Message"]) for line in file]

    def event(self, kind, mail=None):
        return next((event for event in self.events() if event["eventType"] == kind
                     and mail in (None, event["mail"]["messageId"])), None)

    def told(self, mail):
        """The kinds of the events of a mail, in their order."""
        return [event["eventType"] for event in self.events()
                if event["mail"]["messageId"] == mail]

    def tells(self, mail, *kinds):
        """Waits until just these events of a mail are told."""
        try:
            self.server.eventually(lambda: self.told(mail) == [*kinds], f"{kinds} of {mail}")
        except AssertionError as error:
            raise AssertionError(f"{error}\nthere are {self.told(mail)}") from None

    def bounce_of(self, mail):
        """What is told of a mail's bounce, once it is."""
        return self.server.eventually(
            lambda: self.event("Bounce", mail), f"the bounce of {mail} is told")["bounce"]

    def rows(self, statement, *values):
        path = self.server.path("data", "spool", "martlet.sqlite")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute(statement, values).fetchall()

    def recipients(self, mail):
        """What became of a mail's recipients: state and detail of each, by address."""
        return {address: (state, detail or "") for address, state, detail in self.rows(
            "SELECT address, state, detail FROM sent_recipient WHERE mail = ?", mail)}

    def becomes(self, mail, state, word=""):
        """Waits until a mail's first recipient is in a state, once tried, with a word in its
        detail."""
        def found():
            (_, (now, detail)), *_ = self.recipients(mail).items()
            return detail if now == state and detail and word in detail else None
        try:
            return self.server.eventually(found, f"{mail} is {state}, {word}")
        except AssertionError as error:
            raise AssertionError(f"{error}\nit is {self.recipients(mail)}") from None

    @contextlib.contextmanager
    def store_of_a_stopped_server(self):
        """Its database, to be changed as time would; then the server runs again."""
        self.server.stop()
        path = self.server.path("data", "spool", "martlet.sqlite")
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            yield database
        self.server.launch()
        self.server.eventually(self.server.is_ready, "the server is ready again")

    def make_due(self):
        """All that waits for its next try is due."""
        with self.store_of_a_stopped_server() as database:
            database.execute("UPDATE sent_recipient SET due_ms = 0 WHERE state = 'queued'")
            database.execute("UPDATE destination SET due_ms = 0, rests_ms = NULL")
