"""`martlet send` and `martlet queue sent`, as operators and scripts use them."""

import email
import email.policy
import json
import subprocess
import unittest
from datetime import datetime, timedelta, timezone

from local_sending import MESSAGE_ID, arrived, events, sending_server
from support import BINARY, DEADLINE_SECONDS, eventually, martlet
from test_operation import metrics

FROM = "Shop <shop@example.test>"
TO = "ada@far.example"


class SendCommand(unittest.TestCase):
    def setUp(self):
        self.server, self.hop = sending_server(self)

    def send(self, *arguments, status=0):
        return self.server.cli("send", *arguments, status=status)

    def composed(self, *arguments, status=0):
        return self.send("--from", FROM, "--to", TO, *arguments, status=status)

    def taken(self, count=1):
        eventually(lambda: len(self.hop.taken) >= count, f"{count} mails have arrived")
        return [(to, email.message_from_bytes(text.encode(), policy=email.policy.default))
                for to, text in arrived(self.hop)]

    def test_no_argument_moves_the_cursor(self):
        escape = "\x1b[2J\u202e\x07"
        for arguments in (
                ["send", "--at", escape], [escape], ["queue", "list", escape],
                ["mail", "inspect", escape], ["rules", "check", escape],
                ["trace", "--count", escape], ["object", "decrypt", "--key-file", escape, escape],
                ["check", "-c", escape]):
            with self.subTest(arguments):
                done = martlet(*arguments, status=None)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("[2J", done.stderr)
                for character in escape.replace("[2J", ""):
                    self.assertNotIn(character, done.stdout + done.stderr)
        self.assertIn("\\u{1b}[2J", martlet("send", "--at", escape, status=64).stderr)

    def test_a_mail_is_composed(self):
        path = self.server.path("r\u00e9sum\u00e9.pdf")
        with open(path, "wb") as file:
            file.write(bytes(range(256)) * 20)
        sent = self.composed(
            "--cc", "Bob <bob@far.example>", "--bcc", "eve@far.example", "--subject",
            "Gr\u00fc\u00dfe", "--text", "Hello \u2603\n", "--html", "<p>Hello</p>", "--attach",
            path, "--header", "X-Order: 12", "--reply-to", "help@example.test", "--tag",
            "campaign=spring", "--configuration-set", "plain")
        message_id = sent.stdout.strip()
        self.assertRegex(message_id, MESSAGE_ID)
        taken = self.taken(3)
        self.assertEqual({to for to, _ in taken}, {TO, "bob@far.example", "eve@far.example"})
        mail = taken[0][1]
        self.assertEqual(mail["Subject"], "Gr\u00fc\u00dfe")
        self.assertEqual(mail["From"], FROM)
        self.assertEqual(mail["Cc"], "Bob <bob@far.example>")
        self.assertEqual(mail["Reply-To"], "help@example.test")
        self.assertEqual(mail["X-Order"], "12")
        self.assertIsNone(mail["Bcc"])
        self.assertIsNone(mail["X-SES-MESSAGE-TAGS"])
        self.assertIsNone(mail["X-SES-CONFIGURATION-SET"])
        self.assertIn(f"<{message_id}@", mail["Message-ID"])
        self.assertRegex(mail["Received"], r"\(from user [a-z0-9_-]+, uid \d+\)")
        self.assertEqual(mail.get_body(("plain",)).get_content(), "Hello \u2603\n")
        self.assertEqual(mail.get_body(("html",)).get_content().strip(), "<p>Hello</p>")
        attached = list(mail.iter_attachments())
        self.assertEqual([part.get_filename() for part in attached], ["r\u00e9sum\u00e9.pdf"])
        self.assertEqual(attached[0].get_content(), bytes(range(256)) * 20)
        self.assertTrue(all(byte < 127 for byte in arrived(self.hop)[0][1].encode()))
        told = eventually(lambda: events(self.server, "Send"), "the mail is told of")[0]
        self.assertEqual(told["mail"]["tags"]["campaign"], ["spring"])

    def test_a_mail_is_taken_as_it_is(self):
        path = self.server.path("mail.eml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"From: {FROM}\nTo: {TO}, bob@far.example\nBcc: eve@far.example\n"
                       "Subject: As it is\n\nHello.\n.\nMore.\n")
        answer = json.loads(self.send("--raw", path, "--json").stdout)
        self.assertRegex(answer["messageID"], MESSAGE_ID)
        taken = self.taken(3)
        self.assertEqual({to for to, _ in taken}, {TO, "bob@far.example", "eve@far.example"})
        self.assertEqual(taken[0][1].get_content(), "Hello.\n.\nMore.")
        self.hop.taken.clear()
        # Recipients that are named stand for those of the header; standard input is a file, too.
        with open(path, "rb") as file:
            done = subprocess.run(
                [BINARY, "send", "--raw", "-", "--to", "joe@far.example", "-c",
                 self.server.config_path], stdin=file, capture_output=True, check=True,
                timeout=DEADLINE_SECONDS)
        self.assertRegex(done.stdout.decode().strip(), MESSAGE_ID)
        self.assertEqual([to for to, _ in self.taken()], ["joe@far.example"])

    def test_who_may_not_send_is_told_what_is_near(self):
        for address, near in [
                ("shop@exmaple.test", "did you mean example.test?"),
                ("shop@other.example", "martlet identity add other.example")]:
            done = self.send("--from", address, "--to", TO, "--text", "x", status=1)
            self.assertIn("Email address is not verified", done.stderr)
            self.assertIn(near, done.stderr)
        self.server.cli("identity", "add", "pending.example")
        done = self.send("--from", "a@pending.example", "--to", TO, "--text", "x", status=1)
        self.assertIn("pending.example is PENDING", done.stderr)
        self.assertEqual(self.hop.taken, [])

    def test_what_makes_no_sense_is_refused(self):
        """S13: nothing that is given can be another field, or another command."""
        whole = ["--from", FROM, "--to", TO, "--text", "x"]
        for arguments in [
                [], ["--from", FROM], ["--from", FROM, "--to", TO], ["--to", TO, "--text", "x"],
                ["--from", "shop", "--to", TO, "--text", "x"],
                ["--from", FROM, "--to", "ada@far.example\r\nRCPT TO:<x@y.example>",
                 "--text", "x"],
                ["--from", "shop@example.test\n", "--to", TO, "--text", "x"],
                [*whole, "--cc", "b\r@far.example"], [*whole, "--bcc", "b\n@far.example"],
                [*whole, "--reply-to", "b@far.example\r\nBcc: x@y.example"],
                [*whole, "--subject", "x\r\nBcc: x@y.example"], [*whole, "--subject", "x\ny"],
                [*whole, "--header", "X: y\r\nBcc: x@y.example"], [*whole, "--header", "X: y\nz"],
                [*whole, "--header", "X\r\nBcc: x@y.example"], [*whole, "--header", "none"],
                [*whole, "--header", "From: eve@far.example"],
                [*whole, "--tag", "a=b\r\nBcc: x@y.example"], [*whole, "--tag", "a"],
                [*whole, "--tag", "a b=c"], [*whole, "--configuration-set", "a\r\nBcc: b@c.de"],
                [*whole, "--raw", "x.eml"], [*whole, "--at", "tomorrow"],
                [*whole, "--at", "2001-01-01T00:00:00Z"], [*whole, "--html", "-", "--text", "-"]]:
            with self.subTest(arguments=arguments):
                done = self.send(*arguments, status=None)
                self.assertEqual(done.returncode, 64, done.stderr)
        for arguments in [
                [*whole, "--idempotency-key", "a b"], [*whole, "--idempotency-key", "x" * 129],
                [*whole, "--at", "+15d"], ["--raw", "/nowhere"], [*whole, "--attach", "/nowhere"]]:
            with self.subTest(arguments=arguments):
                self.send(*arguments, status=1)
        for header in ["From: a@example.test\rBcc: x@far.example", "From: a@example.test\nX: \0",
                       "From: a@example.test\nFrom: b@example.test"]:
            with self.subTest(header=header):
                done = subprocess.run(
                    [BINARY, "send", "--raw", "-", "--to", TO, "-c", self.server.config_path],
                    input=f"{header}\n\nx\n".encode(), capture_output=True, check=False,
                    timeout=DEADLINE_SECONDS)
                self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.hop.taken, [])
        self.assertEqual(self.server.json("queue", "sent"), [])

    def test_a_key_is_used_once(self):
        first = self.composed("--text", "one", "--idempotency-key", "order-1").stdout
        self.assertEqual(
            self.composed("--text", "one", "--idempotency-key", "order-1").stdout, first)
        # Another mail under the key is none that was sent.
        for change in (["--text", "another"], ["--text", "two"],
                       ["--text", "one", "--subject", "x"], ["--text", "one", "--at", "+2h"],
                       ["--text", "one", "--cc", "eve@far.example"]):
            refused = self.composed(*change, "--idempotency-key", "order-1", status=1)
            self.assertIn(first.strip(), refused.stderr)
        other = self.composed("--text", "three", "--idempotency-key", "order-2").stdout
        self.assertNotEqual(other, first)
        for _ in range(2):
            # From now on, and with parts: the same each time.
            self.assertEqual(
                self.composed("--text", "one", "--html", "two", "--at", "+2h",
                              "--idempotency-key", "order-3").stdout[:4], "0100")
        self.assertEqual(len(self.server.json("queue", "sent")), 1)
        bodies = [mail.get_content() for _, mail in self.taken(2)]
        self.assertEqual(sorted(bodies), ["one", "three"])

    def test_a_mail_is_scheduled(self):
        soon = datetime.now(timezone.utc) + timedelta(seconds=3)
        later = self.composed("--text", "later", "--at", "+2h").stdout.strip()
        self.composed("--text", "soon", "--at", soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.assertEqual(self.taken()[0][1].get_content(), "soon")
        self.assertGreaterEqual(
            datetime.now(timezone.utc), soon.replace(microsecond=0))
        # Neither a retry nor a hold and its release lets it go sooner.
        self.assertEqual(self.change("retry", "--all"), 0)
        self.assertEqual(self.change("hold", later), 1)
        self.assertEqual(self.change("release", later), 1)
        shown = self.server.json("queue", "sent", "show", later)
        due = datetime.fromisoformat(shown["recipients"][0]["nextAttemptAt"].replace("Z", "+00:00"))
        self.assertGreater(due, datetime.now(timezone.utc) + timedelta(minutes=100))
        self.assertEqual(shown["recipients"][0]["attempts"], 0)
        self.assertEqual(len(self.hop.taken), 1)

    def test_what_waits_is_told_of_where_nothing_is_sent_any_more(self):
        self.composed("--text", "later", "--at", "+2h")
        self.server.stop()
        self.server.config["sending"]["enabled"] = False
        self.server.start(identities=())
        self.assertEqual(len(self.server.log_lines("mails wait and are not sent",
                                                   "recipients=1")), 1)
        # What was sent, and the lists, are there to be read; nothing is done to the queue.
        entry, = self.server.json("queue", "sent")
        self.assertEqual(entry["recipient"], TO)
        shown = self.server.json("queue", "sent", "show", entry["messageID"])
        self.assertEqual(shown["recipients"][0]["attempts"], 0)
        self.server.cli("suppression", "put", "eve@far.example")
        self.assertIn("eve@far.example", self.server.cli("suppression").stdout)
        refused = self.server.cli("queue", "sent", "remove", entry["messageID"], status=1)
        self.assertIn("nothing is sent", refused.stderr)

    def test_an_address_beyond_ascii_is_sent_to(self):
        self.hop.offers.append("SMTPUTF8")
        self.send("--from", FROM, "--to", "gr\u00fcn@far.example", "--text", "x")
        (to, mail), = self.taken()
        self.assertEqual(to, "gr\u00fcn@far.example")
        self.assertIn("SMTPUTF8", str(self.hop.commands))
        self.assertEqual(mail["To"], "gr\u00fcn@far.example")

    def test_what_is_wrong_is_said_where_it_is(self):
        """A folder is no file, a local part has 64 bytes, and the usage is that of `send`."""
        for arguments, status, said in [
                (["--attach", "/tmp"], 1, "/tmp is a folder"),
                (["--attach", "/nowhere"], 1, "/nowhere cannot be read: No such file"),
                (["--cc", "x" * 65 + "@far.example"], 1, "64 bytes"),
                (["--header", "none"], 64, "martlet send --help"),
                (["--bcc", "nobody"], 64,
                 "martlet send: --bcc: “nobody” is no mail address (martlet send --help)"),
                (["--from", "a@b.example, c@d.example"], 64, "martlet send: --from: ")]:
            with self.subTest(arguments=arguments):
                done = self.composed("--text", "x", *arguments, status=status)
                self.assertIn(said, done.stderr)
        self.composed("--text", "x", "--cc", "x" * 64 + "@far.example")
        done = self.server.cli("suppression", "import", "/tmp", status=1)
        self.assertIn("/tmp is a folder", done.stderr)
        for scope in ([], ["--global"]):
            done = self.server.cli("suppression", "put", *scope, "*@far.example", status=1)
            self.assertIn("no pattern", done.stderr)

    def test_the_server_may_be_away(self):
        self.server.stop()
        done = self.composed("--text", "x", status=75)
        self.assertIn("is it running", done.stderr)

    # The queue

    def change(self, change, *arguments):
        return self.server.json("queue", "sent", change, *arguments)["count"]

    def listed(self, *arguments):
        return [entry["recipient"] for entry in self.server.json("queue", "sent", *arguments)]

    def test_the_queue_is_worked_on(self):
        for recipient in ["later1@far.example", "later2@far.example", "later3@near.example"]:
            self.send("--from", FROM, "--to", recipient, "--subject", "x", "--text", "x")
        eventually(
            lambda: all(entry["attempts"] for entry in self.server.json("queue", "sent")),
            "each was tried")
        self.assertEqual(
            sorted(self.listed("--to-domain", "far.example")),
            ["later1@far.example", "later2@far.example"])
        self.assertEqual(self.listed("--to", "later2"), ["later2@far.example"])
        self.assertEqual(self.listed("--from", "nobody"), [])
        self.assertEqual(self.listed("--older-than", "1h"), [])
        self.assertEqual(self.listed("--state", "delivered"), [])
        table = self.server.cli("queue", "sent").stdout
        self.assertIn("Greylisted", table)
        # By query, said before it is done.
        for empty in ("--to", "--from"):
            self.server.cli("queue", "sent", "remove", empty, "", status=1)
        self.assertEqual(self.change("hold", "--to-domain", "far.example", "--dry-run"), 2)
        self.assertEqual(self.listed("--state", "held"), [])
        self.assertEqual(self.change("hold", "--to-domain", "far.example"), 2)
        self.assertEqual(len(self.listed("--state", "held")), 2)
        self.assertEqual(self.change("release", "--to", "later1"), 1)
        # Sent back: the sender is told, and nothing is held against the address.
        self.assertEqual(self.change("bounce", "--to", "later2"), 1)
        bounce = eventually(lambda: events(self.server, "Bounce"), "the bounce is told")[-1]
        self.assertEqual(bounce["bounce"]["bounceType"], "Transient")
        self.assertEqual(
            bounce["bounce"]["bouncedRecipients"][0]["emailAddress"], "later2@far.example")
        self.server.cli("suppression", "get", "later2@far.example", status=1)
        self.assertEqual(
            self.listed("--state", "bounced", "--from", "shop@"), ["later2@far.example"])
        every = [argument for state in ("queued", "held", "bounced", "delivered")
                 for argument in ("--state", state)]
        self.assertEqual(
            [entry["recipient"] for entry in self.server.json("queue", "sent", *every)
             if entry["sender"] == ""], ["shop@example.test"], "the sender gets a report")
        # Everything, and only if that is said.
        self.server.cli("queue", "sent", "remove", status=64)
        self.server.cli("queue", "sent", "remove", "--all", "--to", "x", status=64)
        self.server.cli("queue", "sent", "hold", "--all")
        eventually(lambda: self.change("remove", "--all") or not self.listed(), "all can go")
        self.assertEqual(self.listed(), [])

    def test_what_rests_is_told(self):
        self.hop.acts["connect"] = "421 4.3.2 Closed for the night"
        sent = self.composed("--subject", "x", "--text", "x").stdout.strip()
        told = eventually(
            lambda: [entry for entry in self.server.json("status")["sending"]["resting"]
                     if entry["restsUntil"]], "its destination rests")[0]
        self.assertEqual((told["name"], told["failures"]), ("far.example", 1))
        self.assertIn("Closed for the night", told["detail"])
        shown, = self.server.json("queue", "sent", "show", sent)["recipients"]
        # The connection was refused, and no mail.
        self.assertEqual(shown["attempts"], 0)
        self.assertGreaterEqual(shown["nextAttemptAt"], told["restsUntil"])
        self.assertEqual(shown["waitsFor"], told)
        for command in (("status",), ("queue", "sent", "show", sent)):
            text = self.server.cli(*command).stdout
            self.assertRegex(
                text, r"(?m)^rests +far\.example until \S+, failed once: .*Closed for the night")
        figures = r"1 queued, the next at \S+, 0 being tried, 0 held, 1 destination\(s\) resting"
        for command in ("status", "queue"):
            self.assertRegex(self.server.cli(command).stdout, figures)
        samples = metrics(self.server)
        self.assertEqual(samples['martlet_sent_recipients{state="queued"}'], 1)
        self.assertEqual(samples['martlet_sent_recipients{state="held"}'], 0)
        self.assertEqual(samples["martlet_deliveries_running"], 0)
        self.assertEqual(samples["martlet_destinations_resting"], 1)
        # The night is over.
        self.hop.acts.clear()
        self.assertEqual(self.change("retry", "--all"), 1)
        self.taken()
        eventually(lambda: not self.server.json("status")["sending"]["queued"], "it has gone")

    def test_a_retry_is_made_now(self):
        self.send("--from", FROM, "--to", "later@far.example", "--subject", "x", "--text", "x")

        def attempts():
            return self.server.json("queue", "sent")[0]["attempts"]

        eventually(lambda: attempts() == 1, "it was tried")
        eventually(lambda: self.change("retry", "--all") == 1, "it is due again")
        eventually(lambda: attempts() == 2, "it is tried again")

    def test_what_is_not_there_is_said(self):
        done = self.server.cli("queue", "sent", "show", "x", status=1)
        self.assertIn("is no message id", done.stderr)
        done = self.server.cli(
            "queue", "sent", "hold", f"0100{'0' * 12}-{'0' * 8}-0000-0000-0000-{'0' * 12}-000000",
            status=1)
        self.assertIn("there is no sent mail", done.stderr)

    def test_help_has_examples(self):
        self.assertIn("martlet send --from", martlet("send", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
