"""What comes back of mails that were sent: bounces, complaints and answers, from other people's programs
and by hand; what is forged; and the mailbox simulator. Python's smtplib sends, and the next hop is a
server of a few lines, or Debian's Postfix before it."""

import contextlib
import json
import os
import re
import smtplib
import socket
import socketserver
import sqlite3
import threading
import unittest

from support import IS_ROOT, check_reply, eventually, new_server, queued_id, unverified_tls
from test_postfix import PEER, Postfix

ZONE = """\
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
  NS ns
ns A 127.0.0.1
mx A 127.0.0.1
far MX 10 mx
"""

SIMULATOR = "simulator.mx.example.test"


class Hop(socketserver.ThreadingTCPServer):
    """Takes mails and notes their paths; who is called `gone` or `full` is refused."""

    allow_reuse_address = True
    daemon_threads = True
    refusals = {"gone": "550 5.1.1 No such user", "full": "552 5.2.2 The mailbox is full"}

    class Handler(socketserver.StreamRequestHandler):
        def say(self, reply):
            self.wfile.write(reply.encode() + b"\r\n")

        def handle(self):
            path = None
            with contextlib.suppress(OSError):
                self.say("220 inner.far.example ESMTP")
                for line in self.rfile:
                    command = line.decode().strip()
                    verb = command[:4].upper()
                    if verb == "QUIT":
                        return self.say("221 2.0.0 Bye")
                    if verb == "MAIL":
                        path = re.search(r"<(.*?)>", command)[1]
                    if verb == "RCPT":
                        local = re.search(r"<(.*?)@", command)[1]
                        self.say(self.server.refusals.get(local, "250 2.1.5 Ok"))
                    elif verb == "DATA":
                        self.say("354 Go on")
                        while self.rfile.readline() not in (b".\r\n", b""):
                            pass
                        self.server.paths.append(path)
                        self.say("250 2.0.0 Ok")
                    else:
                        self.say("250 2.0.0 Ok")
            return None

    def __init__(self, test):
        self.paths = []
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.port = self.server_address[1]
        thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        test.addCleanup(self.server_close)
        test.addCleanup(self.shutdown)


class FeedbackCase(unittest.TestCase):
    """Tests with a server each, that sends, and takes what comes back."""

    def start(self, delivery_port, has_topic=True):
        server = new_server(self)
        with open(server.path("zone"), "w", encoding="ascii") as file:
            file.write(ZONE)
        server.config["listeners"].append(
            {"address": "127.0.0.1", "port": 0, "role": "submission"})
        server.config["dns"] = {
            "zones": [{"name": "example", "file": "zone"}], "timeoutSeconds": 2}
        server.config["topics"] = {"sent": {"log": {"file": "sent"}}}
        server.config["sending"] = {"enabled": True}
        if has_topic:
            server.config["sending"]["eventsTopic"] = "sent"
        server.config["delivery"] = {"port": delivery_port, "allowPrivateAddresses": True}
        self.server = server.start()
        ports = [int(port) for port in re.findall(r" listens.*port=(\d+)", server.log())]
        self.submission = next(
            port for port in ports if port not in (server.port, server.health_port))
        self.key = server.json("credentials", "create", "shop")

    def submit(self, *recipients):
        """Hands over a mail that is taken; answers its id."""
        client = smtplib.SMTP("127.0.0.1", self.submission, timeout=30)
        self.addCleanup(client.close)
        client.starttls(context=unverified_tls())
        client.login(self.key["id"], self.key["smtpPassword"])
        check_reply(client.mail("shop@example.test"), 250)
        for recipient in recipients:
            check_reply(client.rcpt(recipient), 250)
        reply = client.data(
            f"From: shop@example.test\r\nTo: {', '.join(recipients)}\r\nSubject: Order\r\n"
            "\r\nHello.\r\n".encode())
        check_reply(reply, 250)
        return reply[1].decode().split()[-1]

    def comes_back(self, path, content, sender=""):
        """Hands over what comes back, at our exchanger; answers its id."""
        with self.server.client() as client:
            client.ehlo()
            check_reply(client.mail(sender), 250)
            check_reply(client.rcpt(path), 250)
            mail = queued_id(client.data(content.replace("\n", "\r\n").encode()))
        self.server.settled(mail)
        return mail

    def events(self):
        path = self.server.path("sent")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(json.loads(line)["Message"]) for line in file]

    def event(self, kind):
        """The first event of a kind, once it is told."""
        return self.server.eventually(
            lambda: next((e for e in self.events() if e["eventType"] == kind), None),
            f"a {kind} is told")

    def listed(self, address):
        """What stands on the account's list, by reason."""
        return {entry["reason"]: entry for entry in self.server.json("suppression", "list")
                if entry["address"] == address}

    def rows(self, sql, *values):
        path = self.server.path("data", "spool", "martlet.sqlite")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def state(self, mail):
        return [state for state, in self.rows(
            "SELECT state FROM sent_recipient WHERE mail = ? ORDER BY position", mail)]


BOUNCE = """\
From: MAILER-DAEMON@far.example
To: <{path}>
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.far.example

Final-Recipient: rfc822; victim@chosen.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user

--b--
"""

COMPLAINT = """\
From: feedback@isp.example
To: <{to}>
Subject: FW: Order
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

An email abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Mailbox/1.0
Version: 1
Arrival-Date: Mon, 21 Sep 2026 14:13:20 +0000

--b
Content-Type: message/rfc822

Return-Path: <{path}>
From: shop@example.test
To: victim@chosen.example
Subject: Order

Hello.
--b--
"""

ANSWER = """\
From: ada@far.example
To: <{path}>
Subject: Out of office
Auto-Submitted: auto-replied

Back on Monday.
"""


class ByHand(FeedbackCase):
    def setUp(self):
        self.hop = Hop(self)
        self.start(self.hop.port)

    def send(self):
        """A mail that has arrived: its id, and its return path."""
        mail = self.submit("ada@far.example")
        self.event("Delivery")
        eventually(lambda: self.state(mail) == ["delivered"], "it is noted as delivered")
        return mail, self.hop.paths[-1]

    def test_a_bounce_that_comes_later(self):
        mail, path = self.send()
        report = self.comes_back(path, BOUNCE.format(path=path))
        bounce = self.event("Bounce")
        self.assertEqual(bounce["mail"]["messageId"], mail)
        bounce = bounce["bounce"]
        self.assertEqual((bounce["bounceType"], bounce["bounceSubType"]), ("Permanent", "General"))
        self.assertEqual(bounce["reportingMTA"], "dns; mx.far.example")
        self.assertEqual(bounce["bouncedRecipients"], [{
            "emailAddress": "ada@far.example", "action": "failed", "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 No such user"}])
        self.assertEqual(self.listed("ada@far.example")["BOUNCE"]["messageID"], mail)
        self.assertEqual(self.listed("victim@chosen.example"), {}, "whom a report names is nothing")
        self.assertEqual(self.state(mail), ["bounced"])
        done = self.server.actions(report)[("(feedback)", 0)]
        self.assertEqual(done["detail"], f"bounce of mail {mail} to ada@far.example")
        self.assertNotIn(report, self.server.objects(), "no rule ran over it")
        # A second one says nothing new, in whatever case its path is.
        self.comes_back(path.upper(), BOUNCE.format(path=path), sender="someone@far.example")
        kinds = [event["eventType"] for event in self.events()]
        self.assertEqual(kinds.count("Bounce"), 1, kinds)
        # And the next mail is not tried.
        self.assertEqual(self.state(self.submit("ada@far.example")), ["suppressed"])

    def test_a_bounce_to_a_name_of_before(self):
        mail, path = self.send()
        self.server.stop()
        self.server.config["hostname"] = "new.example.test"
        self.server.config["sending"]["serviceDomain"] = "mail.example.net"
        self.server.start(identities=())
        self.comes_back(path, BOUNCE.format(path=path))
        self.assertEqual(self.event("Bounce")["mail"]["messageId"], mail)
        self.assertEqual(self.state(mail), ["bounced"])

    def test_a_complaint(self):
        mail, path = self.send()
        self.comes_back(path, COMPLAINT.format(to=path, path="someone@else.example"))
        told = self.event("Complaint")
        self.assertEqual(told["mail"]["messageId"], mail)
        complaint = told["complaint"]
        self.assertEqual(complaint["complainedRecipients"], [{"emailAddress": "ada@far.example"}])
        self.assertEqual(complaint["complaintFeedbackType"], "abuse")
        self.assertEqual(complaint["userAgent"], "Mailbox/1.0")
        self.assertEqual(complaint["arrivalDate"], "2026-09-21T14:13:20.000Z")
        self.assertIsNone(complaint["complaintSubType"])
        self.assertEqual(list(self.listed("ada@far.example")), ["COMPLAINT"])
        self.assertEqual(self.state(mail), ["complained"])

    def test_a_complaint_of_a_feedback_loop(self):
        mail, path = self.send()
        where = "abuse@mx.example.test"
        self.comes_back(where, COMPLAINT.format(to=where, path="shop@example.test"))
        self.assertEqual(self.state(mail), ["delivered"])
        self.comes_back(where, COMPLAINT.format(to=where, path=path))
        self.assertEqual(self.event("Complaint")["mail"]["messageId"], mail)
        self.assertEqual(self.state(mail), ["complained"])

    def test_an_answer_of_a_program(self):
        mail, path = self.send()
        self.comes_back(path, ANSWER.format(path=path), sender="ada@far.example")
        bounce = self.event("Bounce")["bounce"]
        self.assertEqual((bounce["bounceType"], bounce["bounceSubType"]), ("Transient", "General"))
        self.assertEqual(self.listed("ada@far.example"), {})
        self.assertEqual(self.state(mail), ["delivered"])

    def test_what_is_forged_changes_nothing(self):
        mail, path = self.send()
        told = len(self.events())
        local, _, domain = path.partition("@")
        other = "1" if local[-1] != "1" else "2"
        for forged in (f"{local[:-1]}{other}@{domain}", f"{other}{local[1:]}@{domain}",
                       f"{'0' * 56}@{domain}", f"{other}{local[1:]}@other.example"):
            code, text = self.server.rcpt(forged, sender="")
            self.assertEqual(code, 550, forged)
            self.assertIn("5.1.1", text)
        # A mail without a token proves nothing.
        for where in ("shop@example.test", "postmaster@mx.example.test", "abuse@mx.example.test"):
            self.comes_back(where, BOUNCE.format(path=path))
        self.assertEqual(len(self.events()), told)
        self.assertEqual(self.state(mail), ["delivered"])
        for address in ("ada@far.example", "victim@chosen.example"):
            self.assertEqual(self.listed(address), {})

    @staticmethod
    def kind(event):
        """`Bounce Permanent/General bounce+order-7`: what an event says, and of whom."""
        kind = event["eventType"]
        if kind == "Delivery":
            return f"{kind} {event['delivery']['recipients'][0].partition('@')[0]}"
        if kind == "Complaint":
            recipient = event["complaint"]["complainedRecipients"][0]
            return f"{kind} {recipient['emailAddress'].partition('@')[0]}"
        if kind == "Bounce":
            bounce = event["bounce"]
            local = bounce["bouncedRecipients"][0]["emailAddress"].partition("@")[0]
            return f"{kind} {bounce['bounceType']}/{bounce['bounceSubType']} {local}"
        return kind

    def test_the_mailbox_simulator(self):
        names = ("success", "bounce+order-7", "complaint", "ooto", "suppressionlist")
        mail = self.submit(*(f"{name}@{SIMULATOR}" for name in names))

        def kinds():
            found = sorted(map(self.kind, self.events()))
            return found if len(found) == 8 else None
        self.assertEqual(self.server.eventually(kinds, "all is told"), sorted([
            "Send", "Delivery success", "Delivery complaint", "Delivery ooto",
            "Bounce Permanent/General bounce+order-7", "Complaint complaint",
            "Bounce Transient/General ooto", "Bounce Permanent/Suppressed suppressionlist"]))
        self.assertEqual(
            self.state(mail), ["delivered", "bounced", "delivered", "delivered", "suppressed"])
        self.assertEqual(self.server.json("suppression", "list"), [])
        bounce = next(event["bounce"] for event in self.events()
                      if self.kind(event).startswith("Bounce Permanent/General"))
        self.assertEqual(
            bounce["bouncedRecipients"][0]["diagnosticCode"], "smtp; 550 5.1.1 user unknown")
        self.assertEqual(self.hop.paths, [], "nothing leaves")


class WithoutATopic(FeedbackCase):
    def test_who_is_not_tried_is_told_by_mail(self):
        self.start(Hop(self).port, has_topic=False)
        self.server.cli("suppression", "put", "ada@far.example", "--reason", "COMPLAINT")
        mail = self.submit("ada@far.example", f"suppressionlist@{SIMULATOR}")
        self.assertEqual(self.state(mail), ["suppressed"] * 2)
        # In one commit with the mail: nothing of it is waited for.
        reports = self.rows(
            "SELECT address FROM sent_mail JOIN sent_recipient ON mail = id WHERE sender = ''")
        self.assertEqual(reports, [("shop@example.test",)] * 2)
        self.assertEqual(self.events(), [])


@unittest.skipUnless(IS_ROOT, "Postfix starts as root, and drops to users of its own")
class PostfixBounces(FeedbackCase):
    """Postfix takes our mails, cannot hand them on, and tells us so."""

    @classmethod
    def setUpClass(cls):
        Postfix.run("scripts/fetch-peer", "postfix", PEER)

    def test_what_postfix_took_and_could_not_hand_on(self):
        hop = Hop(self)
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            port = chosen.getsockname()[1]
        self.start(port)
        postfix = Postfix(self, self.server.port, str(port), str(hop.port), kind="forwarder")
        gone = self.submit("gone@far.example")
        full = self.submit("full@far.example")

        def bounces():
            found = {event["mail"]["messageId"]: event["bounce"] for event in self.events()
                     if event["eventType"] == "Bounce"}
            return found if len(found) == 2 else None
        try:
            found = self.server.eventually(bounces, "both bounces are told")
        except AssertionError as error:
            raise AssertionError(f"{error}\nPostfix says:\n{postfix.log()[-3000:]}") from None
        self.assertEqual(
            (found[gone]["bounceType"], found[gone]["bounceSubType"]), ("Permanent", "General"))
        self.assertEqual(found[gone]["reportingMTA"], "dns; peer.example")
        recipient = found[gone]["bouncedRecipients"][0]
        self.assertEqual(recipient["emailAddress"], "gone@far.example")
        self.assertEqual(recipient["status"], "5.1.1")
        self.assertIn("550 5.1.1 No such user", recipient["diagnosticCode"])
        self.assertEqual(
            (found[full]["bounceType"], found[full]["bounceSubType"]),
            ("Transient", "MailboxFull"))
        self.assertEqual(list(self.listed("gone@far.example")), ["BOUNCE"])
        self.assertEqual(self.listed("full@far.example"), {})
        delivered = {event["mail"]["messageId"] for event in self.events()
                     if event["eventType"] == "Delivery"}
        self.assertEqual(delivered, {gone, full}, "Postfix had taken both")
        self.assertEqual(self.state(self.submit("gone@far.example")), ["suppressed"])


if __name__ == "__main__":
    unittest.main()
