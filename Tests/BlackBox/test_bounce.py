"""Mails that rules send back: a client hands over, a hop on loopback takes what is told of it."""

import email
import json

from hop import Hop
from sending import SendingCase
from support import eventually, message

RULES = r"""
    ruleSet: main
    rules:
      - name: left
        recipients: [ada@shop.example, bob@shop.example]
        actions:
          - bounce: {template: MailboxDoesNotExist, sender: postmaster@shop.example, topic: told}
          - notify: {topic: told}
      - name: words
        recipients: [words@shop.example]
        actions:
          - bounce: {code: 450, message: "Später, bitte", sender: desk@shop.example}
      - name: stranger
        recipients: [stranger@shop.example]
        actions:
          - bounce: {template: MailboxFull, sender: nobody@unknown.example}
    """

# Mails of far.example are known to be theirs, and those of other.example are not.
ZONE = ["far MX 10 mx", 'far TXT "v=spf1 ip4:127.0.0.0/8 -all"',
        "other MX 10 mx", 'other TXT "v=spf1 -all"']


class BounceCase(SendingCase):
    authentication = {"enabled": True}

    def setUp(self):
        self.hop = Hop(self, {})
        server = self.sending_server(
            self.hop.port, ZONE, authentication=self.authentication,
            topics={"told": {"log": {"file": "told"}}})
        server.write_rules(RULES)
        self.start(server)

    def journal(self, mail):
        """State and detail of the first action."""
        self.server.settled(mail)
        action = self.server.json("mail", "show", mail)["actions"][0]
        self.assertEqual(action["kind"], "bounce")
        return action["state"], action["detail"]

    def report(self, to, mail=None, sender="eve@far.example"):
        """What the hop has of a report on a mail, and the mail's id."""
        before = len(self.hop.taken)
        id = self.server.send(mail or message(), to, sender=sender)
        eventually(lambda: len(self.hop.taken) > before, "the report arrives")
        return self.hop.taken[before], id

    def stays_silent(self, to, sender, reason):
        id = self.server.send(message(), to, sender=sender)
        state, detail = self.journal(id)
        self.assertEqual((state, detail), ("done", "nothing is sent: " + reason))
        self.assertIn(reason, self.server.cli("mail", "trace", id).stdout)
        self.assertEqual(self.rows("SELECT count(*) FROM sent_mail"), [(0,)])


class Bounce(BounceCase):
    def test_a_known_sender_is_told(self):
        mail = (b"Return-Path: <old@far.example>\r\nFrom: Eve <eve@far.example>\r\n"
                b"To: ada@shop.example\r\nSubject: hi\r\nMessage-ID: <1@far.example>\r\n"
                b"\r\nsecret\r\n")
        taken, id = self.report(["ada@shop.example", "bob@shop.example"], mail)
        self.assertEqual((taken.path, taken.recipients), ("", ("eve@far.example",)))
        report = email.message_from_bytes(taken.content)
        self.assertEqual(report["From"], "Mail Delivery System <postmaster@shop.example>")
        self.assertEqual(report["To"], "eve@far.example")
        self.assertEqual(report["Auto-Submitted"], "auto-replied")
        self.assertEqual(report["References"], "<1@far.example>")
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertEqual(report.get_param("report-type"), "delivery-status")
        text, status, original = report.get_payload()
        self.assertIn("This server answered: 550 5.1.1 Mailbox does not exist", text.get_payload())
        whole, *groups = status.get_payload()
        self.assertEqual(whole["Reporting-MTA"], f"dns; {self.hostname()}")
        self.assertEqual(
            [(group["Final-Recipient"], group["Action"], group["Status"],
              group["Diagnostic-Code"]) for group in groups],
            [(f"rfc822; {name}@shop.example", "failed", "5.1.1",
              "smtp; 550 5.1.1 Mailbox does not exist") for name in ("ada", "bob")])
        self.assertIn("Subject: hi", original.get_payload())
        self.assertNotIn("secret", taken.content.decode())
        self.assertEqual(self.journal(id)[0], "done")
        # Of mails of the server's own no event is told; the topic hears what SES would say.
        self.assertEqual(self.events(), [])
        self.assertEqual(self.told_actions(id), [
            {"type": "Bounce", "topicArn": "arn:aws:sns:us-east-1:000000000000:told",
             "smtpReplyCode": "550", "statusCode": "5.1.1", "message": "Mailbox does not exist",
             "sender": "postmaster@shop.example"}])

    def hostname(self):
        return self.server.config["hostname"]

    def told_actions(self, mail):
        """The action of each bounce that the topic heard of."""
        def found():
            with open(self.server.path("told"), encoding="utf-8") as file:
                told = [json.loads(json.loads(line)["Message"]) for line in file]
            # The rule's notification comes behind it.
            return told if len(told) >= 2 else None
        told = self.server.eventually(found, "the topic is told")
        self.assertEqual({each["mail"]["messageId"] for each in told}, {mail})
        return [each["receipt"]["action"] for each in told
                if each["receipt"]["action"]["type"] == "Bounce"]

    def test_words_of_any_language_are_told(self):
        taken, _ = self.report("words@shop.example")
        report = email.message_from_bytes(taken.content)
        text, status, _ = report.get_payload()
        self.assertIn("450 4.0.0 Später, bitte", text.get_payload(decode=True).decode())
        self.assertEqual(status.get_payload()[1]["Status"], "4.0.0")
        taken.content.decode("ascii")

    def test_nobody_is_told_who_is_not_known(self):
        self.stays_silent("ada@shop.example", "", "it came from the null path")
        self.stays_silent("ada@shop.example", "eve@other.example",
                          "neither SPF nor DKIM shows that eve@other.example sent it")

    def test_nobody_is_told_who_wants_nothing(self):
        self.server.cli("suppression", "put", "eve@far.example", "--reason", "COMPLAINT")
        self.stays_silent("ada@shop.example", "eve@far.example",
                          "the suppression list has eve@far.example")

    def test_nobody_tells_as_who_is_not_verified(self):
        id = self.server.send(message(), "stranger@shop.example", sender="eve@far.example")
        self.assertEqual(self.journal(id), (
            "dead", "nobody@unknown.example is of no verified identity to send as"))
        self.assertEqual(self.hop.taken, [])

    def test_a_sender_is_told_once(self):
        """The action is tried again, as after a crash before its journal: the same report."""
        _, id = self.report("words@shop.example")
        first = self.journal(id)
        with self.store_of_a_stopped_server() as database:
            database.execute("DELETE FROM action")
            database.execute("UPDATE mail SET state = 'acting', due_ms = 0")
        self.server.eventually(
            lambda: self.server.json("mail", "show", id)["actions"], "it is done again")
        self.assertEqual(self.journal(id), first)
        self.assertEqual(len(self.hop.taken), 1)
        self.assertEqual(self.rows("SELECT count(*) FROM sent_mail"), [(1,)])


class Unjudged(BounceCase):
    """Where nobody judges mails, nobody is known."""

    authentication = {"enabled": False}

    def test_nobody_is_told(self):
        self.stays_silent("ada@shop.example", "eve@far.example",
                          "nobody looked whether eve@far.example sent it")
