"""Postfix, Exim and OpenSMTPD take mails as exchangers, and Dovecot over LMTP."""

import unittest

import peers
import receivers
from sending import SendingCase
from support import IS_ROOT, message

SENDER = "news@shop.example"


def shapes():
    """The mails that peers hand to us, the other way."""
    found = {name: content.replace(b"ada@sender.example", SENDER.encode())
             for name, content in peers.shapes().items()}
    found["quoted"] = message(sender=SENDER, body="From here\n>From there\n\tTab\n trailing \n")
    return {name: content.replace(b"Subject: A test", f"Subject: {name}".encode())
            for name, content in found.items()}


def halves(content):
    """The header section, and the body."""
    header, _, body = content.partition(b"\r\n\r\n")
    return header, body


@unittest.skipUnless(IS_ROOT, "the peer drops to users of its own, and sees a folder as the root")
class Receivers(SendingCase):
    def peer(self, kind, *arguments):
        kind.fetch()
        return kind(self, *arguments)

    def exchanger(self, kind):
        """A peer with a certificate, and a server that sends to far.example by its MX."""
        server = self.sending_server(1, ["far MX 10 mx"])
        peers.make_authority(server)
        peer = self.peer(kind, server.path("server.pem"), server.path("server.key"))
        server.config["delivery"]["port"] = peer.port
        self.start(server)
        return peer

    def hand_over(self, peer):
        """Sends all shapes; each has to come as it was sent, and nobody gets a second."""
        sent = shapes()
        for name, content in sent.items():
            with self.subTest(name), self.client() as client:
                client.sendmail(SENDER, ["ada@far.example"], content)
        try:
            self.server.eventually(lambda: len(peer.mails()) >= len(sent), "all mails have come")
        except AssertionError as error:
            raise AssertionError(f"{error}\nthe peer says:\n{peer.log()[-3000:]}") from None
        came = peer.mails()
        self.assertEqual(len(came), len(sent))
        for name, content in sent.items():
            with self.subTest(name):
                header, body = next(halves(each) for each in came
                                    if f"\r\nSubject: {name}\r\n".encode() in each)
                self.assertEqual(body, halves(content)[1])
                self.assertIn(b"\r\nReceived: by mx.example.test (Martlet) with ESMTPSA", header)

    def bounce(self, peer):
        mail = self.send("gone@far.example")
        try:
            self.becomes(mail, "bounced", "5")
        except AssertionError as error:
            raise AssertionError(f"{error}\nthe peer says:\n{peer.log()[-3000:]}") from None
        self.tells(mail, "Send", "Bounce")
        bounced, = self.bounce_of(mail)["bouncedRecipients"]
        self.assertRegex(bounced["diagnosticCode"], "55[04]")

    def check(self, kind):
        peer = self.exchanger(kind)
        self.hand_over(peer)
        self.bounce(peer)
        lines = self.server.log_lines(" delivered ", "to=<ada@far.example>")
        self.assertEqual(len(lines), len(shapes()))
        for line in lines:
            self.assertIn("tls=TLSv1.3" if kind.offers_tls else "tls=none", line)
            self.assertIn("host=mx.example[127.0.0.1]", line)

    def test_postfix(self):
        self.check(receivers.Postfix)

    def test_exim(self):
        self.check(receivers.Exim)

    def test_opensmtpd(self):
        self.check(receivers.OpenSMTPD)

    def test_dovecot_takes_all_over_lmtp(self):
        peer = self.peer(receivers.Dovecot)
        self.start(self.sending_server(1, [], delivery={"smartHost": {
            "host": "127.0.0.1", "port": peer.port, "transport": "lmtp", "security": "none"}}))
        self.hand_over(peer)
        self.bounce(peer)

    def test_a_postfix_that_takes_two_connections_at_once(self):
        peer = self.exchanger(receivers.Postfix)
        peer.configure("smtpd_client_connection_count_limit = 2",
                       "smtpd_client_event_limit_exceptions =",
                       "virtual_mailbox_maps = static:all/")
        for _ in range(4):
            self.send(*(f"user{number}@far.example" for number in range(50)))
        # What is refused with 421 waits for its next try; the others need not wait with it.
        self.server.eventually(
            lambda: not self.rows("SELECT 1 FROM sent_recipient WHERE state = 'queued' "
                                  "AND last_ms IS NULL"), "all are tried")
        self.assertEqual(self.server.log_lines("destination rests"), [])
        self.assertGreater(len(self.server.log_lines(" delivered ")), 170)
        self.server.logged(" deferred ", "too many connections")

    def test_a_postfix_that_comes_back(self):
        peer = self.exchanger(receivers.Postfix)
        peer.run("scripts/postfix-instance", "stop", peer.folder)
        mail = self.send("ada@far.example")
        self.becomes(mail, "queued", "cannot be reached")
        self.tells(mail, "Send", "DeliveryDelay")
        self.server.eventually(
            lambda: self.server.log_lines("destination rests", "destination=far.example"),
            "the destination rests")
        peer.run("scripts/postfix-instance", "start", peer.folder)
        self.make_due()
        self.becomes(mail, "delivered", "250")
        self.server.eventually(peer.mails, "Postfix has it")


if __name__ == "__main__":
    unittest.main()
