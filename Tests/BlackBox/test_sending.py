"""Mails that are submitted and leave: Python's smtplib sends, Python's smtpd is the next hop, and the
DNS is a file that the test writes."""

import contextlib
import json
import os
import re
import smtplib
import sqlite3
import threading
import unittest
import warnings

from support import eventually, new_server, unverified_tls

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import asyncore
    import smtpd

RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail}
    """

ZONE = """\
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
  NS ns
ns A 127.0.0.1
mx A 127.0.0.1
far MX 10 mx
"""


class NextHop(smtpd.SMTPServer):
    """Takes what comes, but for the recipients called `gone` and `later`."""

    def __init__(self):
        self.taken = []
        self.peers = []
        self.sockets = {}
        self.refused = 0
        super().__init__(("127.0.0.1", 0), None, map=self.sockets, decode_data=False)
        self.port = self.socket.getsockname()[1]
        self.isOver = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.isOver:
            asyncore.loop(timeout=0.1, map=self.sockets, count=1)

    def process_message(self, peer, mailfrom, rcpttos, data, **_):
        self.peers.append(peer[0])
        if any(address.startswith("gone@") for address in rcpttos):
            self.refused += 1
            return "550 5.1.1 No such user"
        if any(address.startswith("later@") for address in rcpttos):
            self.refused += 1
            return "451 4.7.1 Greylisted"
        self.taken.append((mailfrom, rcpttos, data))
        return None

    def end(self):
        self.isOver = True
        self.thread.join()
        self.close()


class Sending(unittest.TestCase):
    def setUp(self):
        self.hop = NextHop()
        self.addCleanup(self.hop.end)
        server = new_server(self, RULES)
        with open(server.path("zone"), "w", encoding="ascii") as file:
            file.write(ZONE)
        server.config["listeners"].append(
            {"address": "127.0.0.1", "port": 0, "role": "submission"})
        server.config["dns"] = {
            "zones": [{"name": "example", "file": "zone"}], "timeoutSeconds": 2}
        server.config["topics"] = {"sent": {"log": {"file": "sent"}}}
        server.config["sending"] = {"enabled": True, "eventsTopic": "sent"}
        server.config["delivery"] = {"port": self.hop.port, "allowPrivateAddresses": True}
        self.server = server.start()
        ports = [int(port) for port in re.findall(r"listens.*port=(\d+)", server.log())]
        self.port = next(port for port in ports if port != server.port)
        self.key = server.json("credentials", "create", "shop")

    def submit(self, *recipients, sender="shop@example.test", headers="", body="Hello."):
        client = smtplib.SMTP("127.0.0.1", self.port, timeout=30)
        self.addCleanup(client.close)
        client.starttls(context=unverified_tls())
        client.login(self.key["id"], self.key["smtpPassword"])
        client.mail(sender)
        for recipient in recipients:
            client.rcpt(recipient)
        return client.data(
            f"From: Shop <{sender}>\r\nTo: {', '.join(recipients)}\r\nSubject: Order\r\n"
            f"Bcc: hidden@far.example\r\nX-SES-MESSAGE-TAGS: campaign=spring\r\n{headers}\r\n"
            f"{body}\r\n")

    def events(self):
        path = self.server.path("sent")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return [json.loads(json.loads(line)["Message"]) for line in file]

    def event(self, kind):
        return next((event for event in self.events() if event["eventType"] == kind), None)

    def test_a_mail_leaves_signed_for_by_its_sender(self):
        code, reply = self.submit("ada@far.example", "bob@far.example")
        self.assertEqual(code, 250, reply)
        message_id = reply.decode().split()[-1]
        self.assertRegex(message_id, r"^0100[0-9a-f]{12}(-[0-9a-f]+){5}-000000$")
        eventually(lambda: len(self.hop.taken) == 2, "both recipients have it")
        paths = {taken[0] for taken in self.hop.taken}
        self.assertEqual(len(paths), 2, "each recipient has a return path of its own")
        for path in paths:
            self.assertRegex(path, r"^[0-9a-v]{56}@mx\.example\.test$")
        content = self.hop.taken[0][2].decode()
        self.assertIn(f"Message-ID: <{message_id}@mx.example.test>", content)
        self.assertIn("Hello.", content)
        self.assertIn("Received: by mx.example.test (Martlet) with ESMTPSA", content)
        self.assertNotIn("Bcc", content)
        self.assertNotIn("X-SES-MESSAGE-TAGS", content)
        eventually(lambda: self.event("Delivery"), "the delivery is told")
        told = self.event("Send")
        self.assertEqual(told["mail"]["messageId"], message_id)
        self.assertEqual(told["mail"]["tags"]["campaign"], ["spring"])

    def test_a_mail_without_a_configuration_set_has_its_identitys(self):
        self.server.cli("identity", "configuration-set", "set", "example.test", "orders")
        self.assertEqual(self.submit("ada@far.example")[0], 250)
        eventually(lambda: self.event("Send"), "the mail is told")
        self.assertEqual(
            self.event("Send")["mail"]["tags"]["ses:configuration-set"], ["orders"])
        self.assertEqual(
            self.server.json("identity", "show", "example.test")["configurationSet"], "orders")
        self.server.cli("identity", "configuration-set", "clear", "example.test")
        self.submit("ada@far.example", headers="X-SES-CONFIGURATION-SET: own\r\n")
        eventually(
            lambda: any(event["mail"]["tags"].get("ses:configuration-set") == ["own"]
                        for event in self.events()), "the mail's own is told")

    def test_a_mail_leaves_from_the_address_that_is_named(self):
        self.server.stop()
        self.server.config["delivery"]["addresses"] = [
            {"address": "127.0.0.9", "hello": "out9.example.test"}]
        self.server.config["delivery"]["retry"] = [
            {"domain": "far.example", "delaysMinutes": [1], "giveUpAfterHours": 1}]
        self.server.start(identities=())
        ports = re.findall(r"(?<!health) listens.*port=(\d+)", self.server.log())
        self.port = int(ports[-1])
        self.assertEqual(self.submit("ada@far.example")[0], 250)
        eventually(lambda: self.hop.taken, "it is delivered")
        self.assertEqual(self.hop.peers, ["127.0.0.9"])

    def test_a_bounce_lists_its_address_and_tells_the_sender(self):
        self.assertEqual(self.submit("gone@far.example")[0], 250)
        eventually(lambda: self.event("Bounce"), "the bounce is told")
        bounce = self.event("Bounce")["bounce"]
        self.assertEqual((bounce["bounceType"], bounce["bounceSubType"]), ("Permanent", "General"))
        self.assertEqual(bounce["bouncedRecipients"][0]["emailAddress"], "gone@far.example")
        self.assertIn("No such user", bounce["bouncedRecipients"][0]["diagnosticCode"])
        listed = self.server.json("suppression", "get", "gone@far.example")
        self.assertEqual([entry["reason"] for entry in listed], ["BOUNCE"])
        # The next one is taken, and never tried.
        refused = self.hop.refused
        self.assertEqual(self.submit("gone@far.example")[0], 250)
        eventually(
            lambda: any(
                event["eventType"] == "Bounce"
                and event["bounce"]["bounceSubType"] == "OnAccountSuppressionList"
                for event in self.events()), "the suppression is told")
        self.assertEqual(self.hop.refused, refused)
        # Nothing of either mail waits, and no bytes of them are kept.
        eventually(
            lambda: self.rows("SELECT DISTINCT state, body_place FROM sent_mail "
                              "WHERE sender <> ''") == [("ended", "expired")],
            "both mails have ended")

    def rows(self, statement):
        path = self.server.path("data", "spool", "martlet.sqlite")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute(statement).fetchall()

    def test_a_mail_that_is_put_off_waits(self):
        self.assertEqual(self.submit("later@far.example")[0], 250)
        eventually(lambda: self.event("DeliveryDelay"), "the delay is told")
        delay = self.event("DeliveryDelay")["deliveryDelay"]
        self.assertEqual(delay["delayedRecipients"][0]["emailAddress"], "later@far.example")

    def test_who_may_not_send_is_told_why(self):
        code, reply = self.submit("ada@far.example", sender="eve@other.example")
        self.assertEqual(code, 554)
        self.assertIn(b"Email address is not verified", reply)
        client = smtplib.SMTP("127.0.0.1", self.port, timeout=30)
        self.addCleanup(client.close)
        with self.assertRaises(smtplib.SMTPNotSupportedError):
            client.login(self.key["id"], self.key["smtpPassword"])
        client.starttls(context=unverified_tls())
        with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
            client.login(self.key["id"], "wrong")
        self.assertEqual(refused.exception.smtp_code, 535)


if __name__ == "__main__":
    unittest.main()
