"""Mails that rules hand on to a host for their recipients: a hop on loopback, Postfix over SMTP, and
Dovecot over LMTP take them."""

import unittest

import peers
import receivers
from hop import Hop, by_recipient
from sending import SendingCase
from support import IS_ROOT, eventually, message
from test_receivers import halves, shapes

RULES = """
    ruleSet: main
    rules:
      - name: boxes
        recipients: [shop.example]
        actions:
          - addHeader: {name: X-Team, value: yes}
          - relay: {to: boxes}
    """
SENDER = "eve@sender.example"


class RelayCase(SendingCase):
    def relaying_server(self, port, rules=RULES, security="none", transport="smtp", **config):
        server = self.sending_server(1, config.pop("zone", []), delivery={
            "relays": [{"name": "boxes", "host": "127.0.0.1", "port": port,
                        "transport": transport, "security": security}]}, **config)
        server.write_rules(rules)
        return server

    def sent(self, mail):
        """The id under which a mail is handed on, once it waits for that."""
        self.server.settled(mail)
        (state, detail), = [
            (action["state"], action["detail"])
            for action in self.server.json("mail", "show", mail)["actions"]
            if action["kind"] == "relay"]
        self.assertEqual(state, "done", detail)
        return detail.split()[-1]


class Relay(RelayCase):
    def setUp(self):
        self.hop = Hop(self, {"rcpt": by_recipient(gone="550 5.1.1 No such user")})
        self.start(self.relaying_server(self.hop.port))

    def test_a_mail_goes_on_as_it_came(self):
        mail = (b"From: Eve <eve@sender.example>\r\nTo: team@shop.example\r\n"
                b"Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\nHello.\r\n..dot\r\n")
        id = self.server.send(mail, ["Ada@shop.example", "bob@shop.example"], sender=SENDER)
        eventually(lambda: len(self.hop.taken) == 2, "both are handed on")
        self.assertEqual({each.recipients for each in self.hop.taken},
                         {("Ada@shop.example",), ("bob@shop.example",)})
        for each in self.hop.taken:
            self.assertEqual(each.path, SENDER)
            lines = each.content[:-len(mail)].decode().split("\r\n")
            self.assertTrue(each.content.endswith(mail), each.content)
            self.assertEqual(lines[0], "X-Team: yes")
            self.assertTrue(lines[1].startswith("Received: from "), lines)
            self.assertIn(id, each.content.decode())
            for name in ("Return-Path", "Delivered-To", "DKIM-Signature"):
                self.assertNotIn(name, each.content.decode())
        self.tells(self.sent(id), "Send", "Delivery", "Delivery")
        # Its trace says where it went.
        self.assertIn("relay to boxes", self.server.cli("mail", "trace", id).stdout)

    def test_a_large_mail_goes_on_whole(self):
        body = b"".join(b"%07d" % number + b"x" * 60 + b"\r\n" for number in range(20_000))
        mail = b"From: eve@sender.example\r\n\r\n" + body
        self.server.send(mail, "ada@shop.example", sender=SENDER)
        eventually(lambda: self.hop.taken, "it is handed on")
        self.assertTrue(self.hop.taken[0].content.endswith(mail))

    def test_a_suppression_list_holds_nothing_back_and_hears_of_nothing(self):
        self.server.cli("suppression", "put", "ada@shop.example", "--reason", "BOUNCE")
        self.server.send(message(), "ada@shop.example", sender=SENDER)
        eventually(lambda: self.hop.taken, "it is handed on")
        id = self.server.send(message(), "gone@shop.example", sender=SENDER)
        bounced, = self.bounce_of(self.sent(id))["bouncedRecipients"]
        self.assertIn("No such user", bounced["diagnosticCode"])
        self.assertEqual([entry["address"] for entry in self.server.json("suppression", "list")],
                         ["ada@shop.example"])
        # Nobody judges mails here: eve may be anybody, and is told nothing.
        self.assertEqual(self.rows("SELECT count(*) FROM sent_mail WHERE sender = ''"), [(0,)])

    def test_the_null_path_stays_null(self):
        self.server.send(message(), "ada@shop.example", sender="")
        eventually(lambda: self.hop.taken, "it is handed on")
        self.assertEqual(self.hop.taken[0].path, "")

    def test_a_mail_goes_on_once(self):
        """The action is tried again, as after a crash before its journal: the same mail."""
        id = self.server.send(message(), "ada@shop.example", sender=SENDER)
        sent = self.sent(id)
        self.becomes(sent, "delivered", "250")
        with self.store_of_a_stopped_server() as database:
            database.execute("DELETE FROM action")
            database.execute("UPDATE mail SET state = 'acting', due_ms = 0")
        self.server.eventually(
            lambda: self.rows("SELECT 1 FROM action WHERE state = 'done'"), "it is done again")
        self.assertEqual(self.sent(id), sent)
        self.assertEqual(len(self.hop.taken), 1)

    def test_what_waits_for_a_host_goes_on_when_it_is_back(self):
        port = self.hop.port
        self.hop.end()
        sent = self.sent(self.server.send(message(), "ada@shop.example", sender=SENDER))
        self.becomes(sent, "queued", "cannot be reached")
        self.assertEqual(
            self.rows("SELECT destination FROM sent_recipient"), [("relay:boxes",)])
        again = Hop(self, port=port)
        self.make_due()
        self.becomes(sent, "delivered", "250")
        self.assertEqual(len(again.taken), 1)

    def test_what_waits_for_a_host_that_is_taken_out_does_not_come_back(self):
        self.hop.end()
        sent = self.sent(self.server.send(message(), "ada@shop.example", sender=SENDER))
        self.becomes(sent, "queued", "cannot be reached")
        self.server.config["delivery"]["relays"] = [
            {"domain": "other.example", "host": "127.0.0.1", "port": 9}]
        self.server.write_config()
        self.server.write_rules(RULES.replace("relay: {to: boxes}", "store: {bucket: mail}"))
        self.make_due()
        self.becomes(sent, "queued", "the configuration has no relay:boxes")


class KnownSender(RelayCase):
    """Where mails are judged, whoever is known to have sent one is told of its end."""

    def test_a_refusal_goes_back_to_a_sender_who_is_known(self):
        hop = Hop(self, {"rcpt": by_recipient(gone="550 5.1.1 No such user")},
                  offers=("PIPELINING", "8BITMIME", "DSN"))
        reports = Hop(self)
        server = self.relaying_server(
            hop.port, authentication={"enabled": True},
            zone=["far MX 10 mx", 'far TXT "v=spf1 ip4:127.0.0.0/8 -all"',
                  "other MX 10 mx", 'other TXT "v=spf1 -all"'])
        server.config["delivery"]["port"] = reports.port
        self.start(server)
        for sender in ("eve@other.example", "eve@far.example"):
            id = self.server.send(
                message(), ["gone@shop.example", "ada@shop.example"], sender=sender)
            self.bounce_of(self.sent(id))
        eventually(lambda: reports.taken and len(hop.taken) == 2, "the report arrives")
        report, = reports.taken
        self.assertEqual((report.path, report.recipients), ("", ("eve@far.example",)))
        self.assertIn(b"No such user", report.content)
        self.assertEqual(
            self.rows("SELECT count(*) FROM sent_mail WHERE sender = ''"), [(1,)])
        # Nor does the next host tell who is not known.
        self.assertEqual(
            {(taken.path, "NOTIFY=NEVER" in taken.parameters) for taken in hop.taken},
            {("eve@other.example", True), ("eve@far.example", False)})
        # What was found stands before the mail, where the host behind looks for it.
        self.assertIn(b"\r\nAuthentication-Results: ", hop.taken[0].content)


@unittest.skipUnless(IS_ROOT, "the peer drops to users of its own, and sees a folder as the root")
class Receivers(RelayCase):
    identities = ("far.example",)
    RULES = RULES.replace("shop.example", "far.example").replace(
        "          - addHeader: {name: X-Team, value: yes}\n", "")

    def check(self, server, peer):
        server.config["delivery"]["relays"][0]["port"] = peer.port
        self.start(server)
        sent = shapes()
        for content in sent.values():
            self.server.send(content, "ada@far.example", sender=SENDER)
        try:
            self.server.eventually(lambda: len(peer.mails()) >= len(sent), "all mails have come")
        except AssertionError as error:
            raise AssertionError(f"{error}\nthe peer says:\n{peer.log()[-3000:]}") from None
        came = peer.mails()
        self.assertEqual(len(came), len(sent))
        for name, content in sent.items():
            with self.subTest(name):
                mail = next(each for each in came
                            if f"\r\nSubject: {name}\r\n".encode() in each)
                header, body = halves(mail)
                self.assertEqual(body, halves(content)[1])
                self.assertTrue(header.endswith(halves(content)[0]), header)
                self.assertEqual(header.count(b"Return-Path: <eve@sender.example>\r\n"), 1)
        id = self.server.send(message(), "gone@far.example", sender=SENDER)
        self.assertRegex(
            self.bounce_of(self.sent(id))["bouncedRecipients"][0]["diagnosticCode"], "55[04]")

    def test_dovecot_takes_mails_by_lmtp(self):
        receivers.Dovecot.fetch()
        server = self.relaying_server(1, self.RULES, transport="lmtp")
        self.check(server, receivers.Dovecot(self))

    def test_postfix_takes_mails_by_smtp(self):
        receivers.Postfix.fetch()
        server = self.relaying_server(1, self.RULES, security="opportunistic")
        peers.make_authority(server)
        self.check(server, receivers.Postfix(
            self, server.path("server.pem"), server.path("server.key")))


if __name__ == "__main__":
    unittest.main()
