"""Line ends and controls in what a sender or a next hop says: nothing of it becomes a line of what
leaves, of a report, or of the log."""

import email
import unittest

from hop import Hop, by_recipient
from sending import SendingCase

EVIL = b"X-Evil"


class Injection(SendingCase):
    def setUp(self):
        self.hop = Hop(self, {"rcpt": by_recipient(gone="550 5.1.1 No such user")},
                       offers=["PIPELINING", "8BITMIME"])
        self.start(self.sending_server(self.hop.port, ["far MX 10 mx", "shop MX 10 mx"]))

    def reply(self, client, line):
        client.send(line + b"\r\n")
        return client.getreply()[0]

    def report(self):
        """The bytes of the report that the sender gets."""
        taken, = self.server.eventually(
            lambda: self.hop.mails("news@shop.example"), "the sender has a report")
        return taken.content

    def assert_clean(self):
        for taken in self.hop.taken:
            for line in taken.content.split(b"\r\n"):
                self.assertFalse(line.startswith(EVIL), taken.content)
                self.assertNotIn(b"\r", line)
                self.assertNotIn(b"\n", line)
                self.assertNotIn(b"\0", line)
                self.assertNotIn(b"\x1b", line)
        for line in self.hop.commands:
            self.assertFalse(line.startswith("X-Evil"))
        for line in self.server.log().splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT")
            self.assertNotIn("\x1b", line)

    def test_envelopes(self):
        client = self.client()
        for line in (b"MAIL FROM:<news@shop.example\rX-Evil: yes>",
                     b"MAIL FROM:<news@shop.example\0>",
                     b"MAIL FROM:<news\x1b@shop.example>",
                     b"MAIL FROM:<news@shop.example> ENVID=a=b",
                     b"MAIL FROM:<news@shop.example> ENVID=a+0",
                     b"MAIL FROM:<news@shop.example> ENVID=a\rX-Evil",
                     b"MAIL FROM:<news@shop.example> RET=HDRS RET=FULL",
                     b"MAIL FROM:<news@shop.example> SIZE=1\r\0"):
            with self.subTest(line):
                self.assertIn(self.reply(client, line), range(500, 600))
        # Another session: after ten errors it would be answered late.
        client = self.client()
        self.assertEqual(self.reply(client, b"MAIL FROM:<news@shop.example>"), 250)
        for line in (b"RCPT TO:<ada\rX-Evil: yes@far.example>",
                     b'RCPT TO:<"ada\r\nX-Evil: yes"@far.example>',
                     b"RCPT TO:<ada@far.example\0>",
                     b"RCPT TO:<ada@far.example> NOTIFY=SUCCESS\rX",
                     b"RCPT TO:<ada@far.example> NOTIFY=NEVER,SUCCESS",
                     b"RCPT TO:<ada@far.example> ORCPT=ada",
                     b"RCPT TO:<ada@far.example> ORCPT=rfc822;a=b"):
            with self.subTest(line):
                self.assertIn(self.reply(client, line), range(500, 600))
                if b"\r\n" in line:
                    # What stands behind the line end is a command of its own, and none.
                    self.assertIn(client.getreply()[0], range(500, 600))
        self.assertEqual(self.reply(client, b"RCPT TO:<ada@far.example>"), 250)
        code, reply = client.data(b"From: news@shop.example\r\nSubject: Order\r\n\r\nHello.\r\n")
        self.assertEqual(code, 250)
        self.becomes(reply.decode().split()[-1], "delivered")
        self.assert_clean()

    def test_what_xtext_hides(self):
        client = self.client()
        envelope = self.reply(
            client, b"MAIL FROM:<news@shop.example> ENVID=a+0D+0AX-Evil:+20yes")
        if envelope != 250:
            self.assertIn(envelope, range(500, 600))
            self.assertEqual(self.reply(client, b"MAIL FROM:<news@shop.example>"), 250)
        recipient = self.reply(
            client, b"RCPT TO:<gone@far.example> ORCPT=rfc822;gone+0D+0AX-Evil:+20yes")
        if recipient != 250:
            self.assertIn(recipient, range(500, 600))
            self.assertEqual(self.reply(client, b"RCPT TO:<gone@far.example>"), 250)
        code, _ = client.data(b"From: news@shop.example\r\nSubject: Order\r\n\r\nHello.\r\n")
        self.assertEqual(code, 250)
        self.report()
        self.assert_clean()

    def test_header_fields(self):
        for headers in ("X-Order: 1\rX-Evil: yes\r\n", "X-Order: 1\nX-Evil: yes\r\n",
                        "X-Order: 1\0\r\n", "From: eve@other.example\r\n",
                        "Sender: eve@other.example\r\n", " X-Evil: yes\r\n : no\r\n\tX: 1\r\n",
                        "no field\r\n"):
            with self.subTest(headers):
                client = self.client()
                client.mail("news@shop.example")
                client.rcpt("ada@far.example")
                client.docmd("DATA")
                client.send(b"From: news@shop.example\r\n" + headers.encode()
                            + b"Subject: Order\r\n\r\nHello.\r\n.\r\n")
                code, reply = client.getreply()
                if code == 250:
                    self.becomes(reply.decode().split()[-1], "delivered")
                else:
                    self.assertIn(code, range(500, 600))
        # Taken out whole, its folded lines with it.
        self.becomes(self.send(
            "ada@far.example", headers="X-SES-MESSAGE-TAGS: a=b,\r\n c=d\r\n"), "delivered")
        self.assertNotIn(b"c=d", self.hop.taken[-1].content)
        self.assert_clean()

    def test_whom_a_mail_is_from(self):
        """Each is of a verified identity, and none stands where some readers see it alone."""
        unverified = "Message rejected: Email address is not verified. .*: eve@other.example$"
        client = self.client()
        for header, said in (
                ("From: eve@other.example <news@shop.example>",
                 "^Transaction failed: An address stands without quotes as the name of another"),
                ("From: news", "^Transaction failed: Missing final '@domain' in header 'From'"),
                ("From: news@shop.example, eve@other.example", unverified),
                ("From: news@shop.example\r\nSender: eve@other.example", unverified),
                ("From: news@shop.example\r\nResent-From: eve@other.example", unverified),
                ("From: news@shop.example\r\nResent-From: news@shop.example\r\n"
                 "Resent-Sender: eve@other.example", unverified),
                ("From: news@shop.example\r\nReturn-Path: <eve@other.example>", unverified)):
            with self.subTest(header):
                client.mail("news@shop.example")
                client.rcpt("ada@far.example")
                code, reply = client.data(f"{header}\r\nSubject: Order\r\n\r\nHello.\r\n")
                self.assertEqual(code, 554)
                self.assertRegex(reply.decode(), said)
        self.assertEqual(self.hop.taken, [])

    def test_what_a_next_hop_says(self):
        self.hop.acts["rcpt"] = [
            b"550-5.1.1 no \x1b[2J\x07 such\xff user\rX-Evil: yes\r\n550 5.1.1 \0 X-Evil: yes\r\n"]
        mail = self.send("gone@far.example")
        (_, (state, _)), *_ = self.server.eventually(
            lambda: [each for each in self.recipients(mail).items() if each[1][1]], "it is tried")
        self.assertIn(state, ("bounced", "queued"))
        self.server.eventually(lambda: len(self.told(mail)) == 2, "its end is told")
        if state == "bounced":
            self.assertTrue(email.message_from_bytes(self.report()).is_multipart())
        self.assert_clean()


if __name__ == "__main__":
    unittest.main()
