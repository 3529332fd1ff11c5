"""Mails that rules send on: a client hands over, a hop on loopback takes what is forwarded."""

from hop import Hop, by_recipient
from sending import SendingCase
from support import eventually, message

RULES = r"""
    ruleSet: main
    rules:
      - name: team
        recipients: [team@shop.example, note@shop.example]
        actions:
          - addHeader: {name: X-Team, value: yes}
          - removeHeader: {name: X-Secret}
          - forward: {to: [ada@far.example, bob@far.example]}
      - name: rewritten
        recipients: [desk@shop.example]
        actions:
          - forward: {to: ada@far.example, from: rewrite, as: desk@shop.example}
      - name: by-name
        recipients: [{matches: '^to-(?P<name>[^@]+)@shop\.example$'}]
        actions:
          - forward: {to: "${name}@far.example"}
      - name: gone
        recipients: [gone@shop.example]
        actions:
          - forward: {to: gone@far.example}
      - name: circle
        recipients: [circle@shop.example]
        actions:
          - forward: {to: circle@shop.example}
      - name: stranger
        recipients: [stranger@shop.example]
        actions:
          - forward: {to: ada@far.example, as: nobody@unknown.example}
    """


class Forward(SendingCase):
    def setUp(self):
        self.hop = Hop(self, {"rcpt": by_recipient(gone="550 5.1.1 No such user")})
        server = self.sending_server(self.hop.port, ["far MX 10 mx"])
        server.write_rules(RULES)
        self.start(server)

    def forwarded(self, to, mail=None, sender="eve@sender.example", count=1):
        """What the hop has of a mail, once all of it is there; and the mail's id."""
        before = len(self.hop.taken)
        id = self.server.send(mail or message(), to, sender=sender)
        eventually(lambda: len(self.hop.taken) >= before + count, "it is sent on")
        return self.hop.taken[before:], id

    def journal(self, mail):
        self.server.settled(mail)
        return [(action["kind"], action["state"], action["detail"])
                for action in self.server.json("mail", "show", mail)["actions"]]

    def test_what_a_rule_removes_does_not_leave(self):
        taken, _ = self.forwarded("team@shop.example", (
            b"X-Secret: a\r\n b\r\nFrom: Eve <eve@sender.example>\r\nx-secret: c\r\n"
            b"Subject: x\r\n\r\nX-Secret: text\r\n"), count=2)
        for mail in taken:
            header, body = mail.content.split(b"\r\n\r\n", 1)
            self.assertNotIn(b"secret", header.lower())
            self.assertIn(b"X-Team: yes", header)
            self.assertEqual(body, b"X-Secret: text\r\n")

    def test_a_mail_is_sent_on_as_it_came(self):
        mail = (b"Return-Path: <old@sender.example>\r\nFrom: Eve <eve@sender.example>\r\n"
                b"To: team@shop.example\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\nHello.\r\n..dot\r\n")
        taken, id = self.forwarded("team@shop.example", mail, count=2)
        self.assertEqual({tuple(each.recipients) for each in taken},
                         {("ada@far.example",), ("bob@far.example",)})
        for each in taken:
            # A path of ours, of which each recipient has an own one: SPF stands for it.
            self.assertRegex(each.path, r"^[0-9a-v]{56}@mx\.example\.test$")
            head, _, body = each.content.partition(b"\r\n\r\n")
            self.assertEqual(body, b"Hello.\r\n..dot\r\n")
            lines = head.decode().split("\r\n")
            self.assertEqual(lines[0], "Delivered-To: team@shop.example")
            self.assertTrue(lines[1].startswith("Received: from "), lines)
            self.assertIn(id, head.decode())
            self.assertIn("X-Team: yes", lines)
            self.assertIn("From: Eve <eve@sender.example>", lines)
            self.assertIn("Subject: =?utf-8?q?caf=C3=A9?=", lines)
            self.assertNotIn("Return-Path", head.decode())
            self.assertNotIn("X-SES-RECEIPT", head.decode())
        (_, state, detail), = [entry for entry in self.journal(id) if entry[0] == "forward"]
        self.assertEqual(state, "done")
        sent = detail.split()[-1]
        self.tells(sent, "Send", "Delivery", "Delivery")
        self.assertEqual(self.event("Send", sent)["mail"]["source"], "eve@sender.example")

    def test_a_large_mail_is_sent_on_whole(self):
        body = b"".join(b"%07d" % number + b"x" * 60 + b"\r\n" for number in range(20_000))
        taken, _ = self.forwarded(
            "note@shop.example", b"From: eve@sender.example\r\n\r\n" + body, count=2)
        for each in taken:
            self.assertEqual(each.content.partition(b"\r\n\r\n")[2], body)

    def test_long_lines_are_broken(self):
        """Hosts refuse lines of more than 998 bytes. The second mail is in a file."""
        for count in (1, 400):
            body = (b"short\r\n" + b"0123456789" * 300 + b"\r\n") * count
            taken, _ = self.forwarded(
                "team@shop.example", b"From: eve@sender.example\r\n\r\n" + body, count=2)
            for each in taken:
                left = each.content.partition(b"\r\n\r\n")[2]
                self.assertLessEqual(max(map(len, left.split(b"\r\n"))), 998)
                self.assertEqual(left.replace(b"\r\n ", b""), body)

    def test_what_a_mail_says_of_its_tls_holds(self):
        self.forwarded("to-carol@shop.example", message(extra=["TLS-Required: No"]))
        self.forwarded("to-carol@shop.example", message(extra=["TLS-Required: Yes"]))
        self.assertEqual(self.rows("SELECT tls FROM sent_mail ORDER BY tls"),
                         [("opportunistic",), ("waived",)])

    def test_the_author_may_be_rewritten(self):
        (taken,), _ = self.forwarded(
            "desk@shop.example",
            b"From: =?utf-8?q?Ev=C3=A9?= <eve@sender.example>\r\nSubject: x\r\n\r\nHello.\r\n")
        head = taken.content.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        author = [line for line in head if line.startswith("From:")]
        self.assertEqual(len(author), 1)
        self.assertTrue(author[0].endswith("<desk@shop.example>"), author)
        self.assertIn("Reply-To: <eve@sender.example>", head)

    def test_an_address_may_be_filled_in(self):
        (taken,), _ = self.forwarded("to-Carol@shop.example")
        self.assertEqual(taken.recipients, ("Carol@far.example",))
        # Another address would be somebody else's.
        id = self.server.send(message(), "to-a/b%c@shop.example")
        (_, state, detail), = self.journal(id)
        self.assertEqual((state, len(self.hop.taken)), ("dead", 1))
        self.assertIn("is no address", detail)

    def test_what_is_no_header_is_sent_on(self):
        """Scripts send text without an empty line: all of it is a header section to us."""
        for mail in (b"Subject: x\r\nDisk full\r\n", b"Hello\r\n",
                     b"Subject: x\r\nno field\r\nX-After: y\r\n\r\nbody\r\n"):
            (taken,), _ = self.forwarded("to-carol@shop.example", mail)
            self.assertTrue(taken.content.rstrip().endswith(mail.rstrip()), taken.content)

    def test_any_author_may_be_rewritten(self):
        for author in (b'"John  Smith" <j@x.example>', b"John\r\n  Smith <j@x.example>",
                       b"x" * 300 + b" <j@x.example>", b"nobody"):
            (taken,), _ = self.forwarded(
                "desk@shop.example", b"From: " + author + b"\r\nSubject: x\r\n\r\nHello.\r\n")
            self.assertEqual(taken.content.count(b"\r\nFrom: "), 1)
            self.assertIn(b"desk@shop.example>", taken.content.partition(b"\r\n\r\n")[0])

    def test_the_null_path_stays_null(self):
        taken, _ = self.forwarded("team@shop.example", sender="", count=2)
        self.assertEqual({each.path for each in taken}, {""})

    def test_a_bounce_lists_its_target_and_tells_nobody_who_is_not_known(self):
        id = self.server.send(message(), "gone@shop.example", sender="eve@sender.example")
        self.server.eventually(lambda: self.event("Bounce"), "the bounce is told")
        listed = self.server.json("suppression", "get", "gone@far.example")
        self.assertEqual([entry["reason"] for entry in listed], ["BOUNCE"])
        # Nobody judges mails here: eve may be anybody.
        self.assertEqual(self.rows("SELECT count(*) FROM sent_mail WHERE sender = ''"), [(0,)])
        asked = self.hop.asked("gone@far.example")
        again = self.server.send(message(), "gone@shop.example", sender="eve@sender.example")
        self.assertEqual([entry[1] for entry in self.journal(again)], ["done"])
        self.assertEqual(self.hop.asked("gone@far.example"), asked)
        self.assertNotEqual(id, again)

    def test_a_circle_ends(self):
        id = self.server.send(message(), "circle@shop.example")
        (_, state, detail), = self.journal(id)
        self.assertEqual(state, "dead")
        self.assertIn("it came to circle@shop.example, and would come there again", detail)
        mail = b"Delivered-To: team@shop.example\r\n" + message()
        id = self.server.send(mail, "team@shop.example")
        (_, state, detail), = [entry for entry in self.journal(id) if entry[0] == "forward"]
        self.assertEqual((state, self.hop.taken), ("dead", []))
        self.assertIn("it goes in a circle", detail)

    def test_nobody_is_sent_as_who_is_not_verified(self):
        id = self.server.send(message(), "stranger@shop.example")
        (_, state, detail), = self.journal(id)
        self.assertEqual(state, "done")
        self.assertRegex(detail, r"^nothing is sent: nobody@unknown\.example is of no verified "
                                 r"identity to send as; bounced as \S+$")
        bounce = self.bounce_of(detail.split()[-1])
        self.assertEqual(bounce["bounceType"], "Permanent")
        self.assertEqual(self.hop.taken, [])
        self.assertEqual(self.server.json("suppression", "list"), [])

    def test_a_mail_is_sent_on_once(self):
        """The action is tried again, as after a crash before its journal: the same mail."""
        _, id = self.forwarded("to-carol@shop.example")
        self.server.settled(id)
        with self.store_of_a_stopped_server() as database:
            database.execute("DELETE FROM action")
            database.execute("UPDATE mail SET state = 'acting', due_ms = 0")
        self.server.eventually(lambda: self.journal(id), "it is done again")
        self.assertEqual(len(self.hop.taken), 1)
        self.assertEqual(self.rows("SELECT count(*) FROM sent_mail"), [(1,)])


class KnownSender(SendingCase):
    """Where mails are judged, whoever is known to have sent one is told of its end."""

    def test_a_bounce_goes_back_to_a_sender_who_is_known(self):
        self.hop = Hop(self, {"rcpt": by_recipient(gone="550 5.1.1 No such user")})
        server = self.sending_server(
            self.hop.port, ["far MX 10 mx", 'far TXT "v=spf1 ip4:127.0.0.0/8 -all"',
                            'other TXT "v=spf1 -all"', "other MX 10 mx"],
            authentication={"enabled": True})
        server.write_rules(RULES)
        self.start(server)
        for sender in ("eve@other.example", "eve@far.example"):
            self.server.send(message(), "gone@shop.example", sender=sender)
            self.server.eventually(
                lambda: any(event["mail"]["source"] == sender and event["eventType"] == "Bounce"
                            for event in self.events()), f"the bounce of {sender} is told")
            self.server.cli("suppression", "delete", "gone@far.example")
        eventually(lambda: self.hop.taken, "the report arrives")
        report, = self.hop.taken
        self.assertEqual((report.path, report.recipients), ("", ("eve@far.example",)))
        self.assertIn(b"Original-Recipient: rfc822; gone@shop.example", report.content)
        self.assertIn(b"No such user", report.content)
        self.assertEqual(
            self.rows("SELECT count(*) FROM sent_mail WHERE sender = ''"), [(1,)])
