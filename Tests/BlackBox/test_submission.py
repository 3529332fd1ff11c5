"""Mails come in for the world by other people's clients: swaks and curl, at a submission listener of
each kind."""

import base64
import os
import subprocess

import peers
from hop import Hop
from sending import SendingCase
from support import DEADLINE_SECONDS

MAIL = """\
From: Shop <news@shop.example>\r
To: ada@far.example\r
Subject: Order\r
\r
Hello.\r
.\r
..\r
"""


class Clients(SendingCase):
    def setUp(self):
        self.hop = Hop(self)
        server = self.sending_server(self.hop.port, ["far MX 10 mx"])
        server.config["listeners"].append(
            {"address": "127.0.0.1", "port": 0, "role": "submission", "tls": "implicit"})
        self.start(server)
        _, self.starttls, self.implicit = peers.ports(server)
        with open(server.path("mail"), "w", encoding="ascii", newline="") as file:
            file.write(MAIL)

    def run_client(self, *command, status=0):
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=DEADLINE_SECONDS)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def swaks(self, port, *arguments, password=None, **options):
        return self.run_client(
            "swaks", "--server", "127.0.0.1", "--port", str(port), "--from", "news@shop.example",
            "--to", "ada@far.example", "--data", "@" + self.server.path("mail"),
            "--auth-user", self.key["id"],
            "--auth-password", password or self.key["smtpPassword"], *arguments, **options)

    def curl(self, url, *arguments, **options):
        return self.run_client(
            "curl", "-sS", "-k", "--url", url, "--mail-from", "news@shop.example", "--mail-rcpt",
            "ada@far.example", "--upload-file", self.server.path("mail"), "--user",
            f"{self.key['id']}:{self.key['smtpPassword']}", *arguments, **options)

    def assert_arrived(self, count):
        self.server.eventually(lambda: len(self.hop.taken) == count, f"{count} mails arrive")
        for taken in self.hop.taken:
            # swaks adds an empty line.
            self.assertTrue(taken.content.rstrip(b"\r\n").endswith(
                b"\r\n\r\nHello.\r\n.\r\n.."), taken.content)

    def test_swaks(self):
        for mechanism in ("PLAIN", "LOGIN"):
            self.swaks(self.starttls, "--tls", "--auth", mechanism)
            self.swaks(self.implicit, "--tls-on-connect", "--auth", mechanism)
        self.assert_arrived(4)
        self.assertNotIn(self.key["smtpPassword"], self.server.log())
        self.assertNotIn(base64.b64encode(self.key["smtpPassword"].encode()).decode(),
                         self.server.log())

    def test_curl(self):
        self.curl(f"smtp://127.0.0.1:{self.starttls}", "--ssl-reqd")
        self.curl(f"smtps://127.0.0.1:{self.implicit}")
        self.assert_arrived(2)

    def test_so_many_recipients_and_no_more(self):
        client = self.client()
        client.ehlo()
        self.assertRegex(client.esmtp_features["limits"], "RCPTMAX=50 ")
        client.mail("news@shop.example")
        for number in range(50):
            self.assertEqual(client.rcpt(f"ada{number}@far.example")[0], 250)
        # The rest comes in another mail, as this client and others know.
        self.assertEqual(client.rcpt("more@far.example")[0], 452)
        self.assertEqual(client.data(MAIL)[0], 250)
        self.assert_arrived(50)

    def test_a_key_that_is_disabled_sends_no_more_in_sessions_that_are_open(self):
        client = self.client()
        self.server.cli("credentials", "disable", self.key["id"])
        client.mail("news@shop.example")
        client.rcpt("ada@far.example")
        self.assertEqual(client.docmd("DATA")[0], 535)
        self.assertEqual(self.hop.taken, [])

    def test_a_key_that_ends_while_a_mail_comes_sends_no_more(self):
        bodies = self.server.path("data", "spool", "bodies")
        for command in ("disable", "delete"):
            with self.subTest(command):
                self.key = self.server.json("credentials", "create", command)
                client = self.client()
                client.mail("news@shop.example")
                client.rcpt("ada@far.example")
                self.assertEqual(client.docmd("DATA")[0], 354)
                client.send(b"Subject: late\r\n\r\n" + b"Hello again.\r\n" * 50_000)
                self.server.eventually(
                    lambda: os.listdir(bodies), "what has come of it is in the spool")
                self.server.cli("credentials", command, self.key["id"])
                client.send(b"More.\r\n.\r\n")
                self.assertEqual(
                    client.getreply(), (535, b"Authentication Credentials Invalid"))
                # What was taken of it is gone, and nothing waits to be sent.
                self.assertEqual(self.server.json("queue", "sent"), [])
                self.server.eventually(lambda: not os.listdir(bodies), "its bytes are gone")
        self.assertEqual(self.hop.taken, [])

    def test_who_may_not(self):
        # swaks: 28 says that no login succeeded, 29 that TLS did not.
        self.swaks(self.starttls, "--tls", "--auth", "PLAIN", password="wrong", status=28)
        said = self.swaks(self.starttls, "--auth", "PLAIN", status=28)
        self.assertNotIn("AUTH PLAIN", said)
        # Without a login, on each of the three listeners.
        for port, arguments in ((self.starttls, ["--tls"]), (self.implicit, ["--tls-on-connect"]),
                                (self.server.port, ["--tls"])):
            said = self.run_client(
                "swaks", "--server", "127.0.0.1", "--port", str(port), "--from",
                "news@shop.example", "--to", "ada@far.example", *arguments, status=None)
            self.assertRegex(said, r"<.\* +5\d\d ")
        # The MX offers no AUTH at all.
        self.swaks(self.server.port, "--tls", "--auth", "PLAIN", status=28)
        self.server.cli("credentials", "disable", self.key["id"])
        self.swaks(self.starttls, "--tls", "--auth", "LOGIN", status=28)
        self.assertEqual(self.hop.taken, [])
