"""What arrives: the stored objects, the raw mail, and what the command line tells of a mail."""

import re
import unittest

from support import MAIL_ID, ServerCase, large_body, message, queued_id

# Two ways through the spool: in the row, and in a file of its own.
ROW, FILE = message(body="A small one.\n.\n.dots\n\nEnd."), message(body=large_body(40_000))


class Stored(ServerCase):
    rules = """
        ruleSet: main
        rules:
          - name: bare
            recipients: [bare@example.test]
            actions:
              - store: {bucket: mail}
          - name: prefixed
            recipients: [prefixed@example.test]
            actions:
              - store: {bucket: mail, prefix: incoming/new}
              - store: {bucket: mail, prefix: archive/}
          - name: headed
            recipients: [headed@example.test]
            actions:
              - addHeader: {name: X-First, value: one}
              - store: {bucket: mail, prefix: once}
              - addHeader: {name: X-Second, value: two words}
              - store: {bucket: mail, prefix: twice}
          - name: trimmed
            recipients: [trimmed@example.test]
            actions:
              - addHeader: {name: X-Mark, value: ours}
              - removeHeader: {name: x-mark}
              - addHeader: {name: X-New, value: one}
              - store: {bucket: mail, prefix: trimmed}
        """

    def place(self, mail):
        return self.server.settled(mail)["content"]

    def test_row_and_file(self):
        for content, place in ((ROW, "row"), (FILE, "file")):
            with self.subTest(place=place):
                mail = self.server.send(content, "bare@example.test")
                self.assertRegex(mail, MAIL_ID)
                self.assert_stored(mail, content)
                self.assertEqual(self.place(mail), place)
                self.assertEqual(self.server.raw(mail), content)
                self.assertEqual(self.server.raw(mail, "--stored"), self.server.objects()[mail])

    def test_threshold_between_row_and_file(self):
        head = len(self.assert_stored(self.server.send(ROW, "bare@example.test"), ROW))
        for excess, place in ((0, "row"), (1, "file")):
            with self.subTest(place=place):
                fill = 16_384 - head - len(message(body="")) + excess
                content = message(body="x" * fill)
                mail = self.server.send(content, "bare@example.test")
                self.assert_stored(mail, content)
                shown = self.server.settled(mail)
                self.assertEqual(shown["mail"]["bytes"], 16_384 + excess)
                self.assertEqual(shown["content"], place)

    def test_prefix_and_id_are_the_key(self):
        for content in (ROW, FILE):
            before = set(self.server.objects())
            mail = self.server.send(content, "prefixed@example.test")
            self.assert_stored(mail, content, key=f"incoming/new/{mail}")
            self.assert_stored(mail, content, key=f"archive/{mail}")
            # Nothing else has come: no temporary name, no lock, no second copy.
            self.assertEqual(
                set(self.server.objects()) - before,
                {f"incoming/new/{mail}", f"archive/{mail}"})
            actions = self.server.actions(mail)
            self.assertEqual(actions["prefixed", 0]["detail"], f"mail/incoming/new/{mail}")

    def test_header_block(self):
        mail = self.server.send(ROW, "bare@example.test")
        head = self.assert_stored(mail, ROW)
        self.assertRegex(head, re.compile(
            r"\AReturn-Path: <ada@sender\.example>\r\n"
            r"Received: from client\.example \(unknown \[127\.0\.0\.1\]\)\r\n"
            rf" by mx\.example\.test with ESMTP id {mail}\r\n"
            r" for <bare@example\.test>;\r\n"
            r" (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000"
            r" \(UTC\)\r\n"
            r"Authentication-Results: mx\.example\.test; none\r\n"
            r"X-SES-RECEIPT: [A-Za-z0-9+/]+=*\r\n\Z"))

    def test_added_headers_stand_before_the_block(self):
        for content in (ROW, FILE):
            mail = self.server.send(content, "headed@example.test")
            once = self.assert_stored(mail, content, key=f"once/{mail}")
            twice = self.assert_stored(mail, content, key=f"twice/{mail}")
            self.assertTrue(once.startswith("X-First: one\r\nReturn-Path: <"), once)
            self.assertTrue(
                twice.startswith("X-First: one\r\nX-Second: two words\r\nReturn-Path: <"), twice)
            # What was received stays as it was.
            self.assertEqual(self.server.raw(mail), content)
            self.assertTrue(self.server.raw(mail, "--stored").startswith(b"Return-Path: <"))

    def test_removed_headers_are_not_there(self):
        for content in (ROW, FILE):
            marked = b"X-Mark: a\r\n b\r\n" + content.replace(
                b"\r\n\r\n", b"\r\nx-mark : c\r\n\r\nX-Mark: text\r\n", 1)
            mail = self.server.send(marked, "trimmed@example.test")
            head = self.assert_stored(
                mail, content.replace(b"\r\n\r\n", b"\r\n\r\nX-Mark: text\r\n", 1),
                key=f"trimmed/{mail}")
            self.assertTrue(head.startswith("X-New: one\r\nReturn-Path: <"), head)
            self.assertEqual(self.server.raw(mail), marked)

    def test_every_byte_but_line_ends(self):
        for size in (1, 100):
            content = message() + bytes(
                byte for byte in range(256) if byte not in b"\r\n") * size + b"\r\n"
            mail = self.server.send(content, "bare@example.test")
            self.assert_stored(mail, content)

    def test_no_other_bucket_is_touched(self):
        mail = self.server.send(ROW, "bare@example.test")
        self.server.settled(mail)
        self.assertEqual(
            [key for key in self.server.objects() if "AMAZON_SES_SETUP_NOTIFICATION" in key], [])
        self.assertTrue(all(
            MAIL_ID.match(key.rpartition("/")[2]) for key in self.server.objects()))


class SetupObject(ServerCase):
    rules = """
        ruleSet: main
        rules:
          - name: all
            actions:
              - store: {bucket: mail, prefix: in}
        """

    @classmethod
    def prepare(cls, server):
        server.config["buckets"]["mail"]["setupObject"] = True

    def test_is_there_when_a_setting_asks_for_it(self):
        self.assertEqual(
            list(self.server.objects()), ["in/AMAZON_SES_SETUP_NOTIFICATION"])
        # And for what a later set stores.
        self.server.write_rules("""
            ruleSet: other
            rules:
              - name: all
                actions:
                  - store: {bucket: mail, prefix: elsewhere}
            """, name="other.yaml")
        self.server.eventually(
            lambda: len(self.server.json("rules", "list")) == 2, "the other set is there")
        self.server.cli("rules", "activate", "other")
        self.assertIn("elsewhere/AMAZON_SES_SETUP_NOTIFICATION", self.server.objects())


class Told(ServerCase):
    """`martlet mail`, `queue` and `status`, for people and for scripts."""

    rules = """
        ruleSet: main
        rules:
          - name: support
            recipients: [support@example.test]
            actions:
              - store: {bucket: mail, prefix: support}
          - name: sales
            recipients: [sales@example.test]
            actions:
              - store: {bucket: mail, prefix: sales}
        """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.content = message(subject="Told")
        cls.mail = cls.server.send(cls.content, "support@example.test")
        cls.server.settled(cls.mail)

    def test_list(self):
        text = self.server.cli("mail", "list").stdout
        line = next(line for line in text.splitlines() if line.startswith(self.mail))
        self.assertIn("<ada@sender.example>", line)
        self.assertIn("support@example.test", line)
        self.assertIn("retired", line)
        listed = {mail["id"]: mail for mail in self.server.mails()}[self.mail]
        self.assertEqual(listed["mailFrom"], "ada@sender.example")
        self.assertEqual(listed["recipients"], ["support@example.test"])
        self.assertEqual(listed["bytes"], len(self.server.raw(self.mail, "--stored")))
        self.assertIs(listed["isUntaken"], False)

    def test_list_is_newest_first_and_limited(self):
        newer = self.server.send(self.content, "sales@example.test")
        listed = [mail["id"] for mail in self.server.mails()]
        self.assertLess(listed.index(newer), listed.index(self.mail))
        self.assertEqual(
            [mail["id"] for mail in self.server.mails("--limit", "1")], listed[:1])
        found = self.server.mails("--address", "SUPPORT@")
        self.assertEqual([mail["id"] for mail in found], [self.mail])

    def test_show(self):
        text = self.server.cli("mail", "show", self.mail).stdout
        self.assertRegex(text, rf"(?m)^id +{self.mail}$")
        self.assertRegex(text, r"(?m)^peer +127\.0\.0\.1, called itself client\.example$")
        self.assertRegex(text, r"(?m)^support +store/0 +done +1 ")
        shown = self.server.json("mail", "show", self.mail)
        self.assertEqual(shown["helo"], "client.example")
        self.assertEqual(shown["peerAddress"], "127.0.0.1")
        self.assertEqual(
            [(action["kind"], action["state"], action["detail"]) for action in shown["actions"]],
            [("store", "done", f"mail/support/{self.mail}")])

    def test_show_by_the_beginning_of_an_id(self):
        self.server.send(self.content, "sales@example.test")
        self.assertEqual(
            self.server.json("mail", "show", self.mail[:24].upper())["mail"]["id"], self.mail)
        # The first characters are the time: both mails have them.
        several = self.server.cli("mail", "show", self.mail[:3], status=1)
        self.assertIn("give more of it", several.stderr)
        nobody = self.server.cli("mail", "show", "0" * 40, status=1)
        self.assertIn("no mail's id begins with", nobody.stderr)

    def test_trace(self):
        text = self.server.cli("mail", "trace", self.mail).stdout
        self.assertIn("+ support  took support@example.test", text)
        self.assertIn("recipient is support@example.test?  support@example.test: yes", text)
        self.assertIn("- sales  no recipient of it", text)
        self.assertIn("recipient is sales@example.test?  support@example.test: no", text)
        trace = self.server.json("mail", "trace", self.mail)
        self.assertEqual(trace["ruleSet"], "main")
        self.assertEqual(
            [(rule["rule"], rule["answer"]) for rule in trace["rules"]],
            [("support", "took"), ("sales", "noRecipient")])
        self.assertEqual(
            trace["rules"][0]["actions"],
            [{"position": 0, "standing": "ended", "text": "store mail/support",
              "detail": f"mail/support/{self.mail}"}])

    def test_raw(self):
        self.assertEqual(self.server.raw(self.mail), self.content)

    def test_every_json_output_parses(self):
        for arguments in (
            ("mail", "list"), ("mail", "show", self.mail), ("mail", "trace", self.mail),
            ("queue", "list"), ("queue", "show", self.mail), ("queue", "messages"),
            ("identity", "list"), ("rules", "list"), ("status",),
        ):
            with self.subTest(arguments=arguments):
                self.assertIsInstance(self.server.json(*arguments), (list, dict))

    def test_status(self):
        text = self.server.cli("status").stdout
        self.assertIn("hostname   mx.example.test", text)
        status = self.server.json("status")
        self.assertEqual(status["activeRuleSet"], "main")
        self.assertEqual(status["mails"]["deadActions"], 0)

    def test_text_from_the_wire_moves_no_cursor_and_forges_no_line(self):
        with self.server.dialog() as dialog:
            dialog.expect(220)
            dialog.command("EHLO \x1b[2Jevil", 501)
            # A control of ISO 6429 beyond ASCII, and one that turns the writing direction.
            dialog.command("EHLO \x9b2J\u202eevil", 250)
            dialog.command('MAIL FROM:<"a b"@sender.example>', 250)
            dialog.command("RCPT TO:<support@example.test>", 250)
            dialog.command("DATA", 354)
            dialog.send(self.content + b".\r\n")
            mail = queued_id(dialog.reply())
        self.server.settled(mail)
        shown = self.server.cli("mail", "show", mail).stdout
        self.assertIn("evil", shown)
        accepted = self.server.log_lines("info mail: accepted", f"mail={mail}")
        self.assertEqual(len(accepted), 1, accepted)
        for text in (shown, accepted[0], self.server.cli("mail", "list").stdout):
            self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
        # Scripts get what was said, as JSON escapes it.
        self.assertEqual(self.server.json("mail", "show", mail)["helo"], "\x9b2J\u202eevil")

    def test_one_log_line_for_accept_refusal_and_action(self):
        mail = self.server.send(self.content, "support@example.test")
        self.server.settled(mail)
        self.server.rcpt("nobody@example.test")
        accepted = self.server.log_lines("info mail: accepted", f"mail={mail}")
        self.assertEqual(len(accepted), 1, accepted)
        self.assertIn('from=<ada@sender.example>', accepted[0])
        self.assertIn('to=<support@example.test>', accepted[0])
        self.server.eventually(
            lambda: len(self.server.log_lines("info mail: action", f"mail={mail}")) == 1,
            "its action is logged once")
        refused = self.server.log_lines("info mail: refused", "about=nobody@example.test")
        self.assertEqual(len(refused), 1, refused)
        self.assertIn("550 5.1.1", refused[0])


class Untaken(ServerCase):
    rules = """
        ruleSet: main
        rules:
          - name: support
            recipients: [support@example.test]
            actions:
              - store: {bucket: mail}
        """

    def untaken(self):
        return {mail["id"]: mail for mail in self.server.mails("--untaken")}

    def test_postmaster_is_taken_kept_and_marked(self):
        taken = self.server.send(message(), "support@example.test")
        for recipient in ("postmaster@example.test", "PostMaster@EXAMPLE.test",
                          "postmaster@sub.example.test", "postmaster"):
            with self.subTest(recipient=recipient):
                mail = self.server.send(ROW, recipient)
                self.server.settled(mail)
                self.assertIn(mail, self.untaken())
                self.assertIs(self.untaken()[mail]["isUntaken"], True)
                self.assertEqual(self.server.raw(mail), ROW)
                self.assertNotIn(mail, self.server.objects())
        self.assertNotIn(taken, self.untaken())
        bare = self.server.mails("--address", "postmaster@mx.example.test")
        self.assertEqual(len(bare), 1)

    def test_postmaster_beside_a_taken_recipient(self):
        mail = self.server.send(ROW, ["postmaster@example.test", "support@example.test"])
        self.assert_stored(mail, ROW)
        self.assertNotIn(mail, self.untaken())

    def test_others_are_refused(self):
        self.assertEqual(self.server.rcpt("postmaster@elsewhere.example")[0], 550)
        self.assertEqual(self.server.rcpt("other@example.test")[0], 550)


if __name__ == "__main__":
    unittest.main()
