"""Receipt rules: what they take and do, how they are reloaded, and the tools around their files."""

import json
import os
import signal
import unittest

from support import PROJECT, Server, ServerCase, martlet, message, new_server, one_rule
from test_trace import Tracer

MAIL = message()


class Semantics(ServerCase):
    identities = ("example.test", "person@single.example")
    rules = """
        ruleSet: main
        rules:
          - name: labels
            recipients: [plain@example.test, fixed+label@example.test]
            actions:
              - store: {bucket: mail, prefix: labels}
          - name: subdomains
            recipients: [.example.test]
            actions:
              - store: {bucket: mail, prefix: subdomains}
          - name: off
            enabled: false
            recipients: [off@example.test]
            actions:
              - store: {bucket: mail, prefix: off}
          - name: secret
            recipients: [secret@example.test, both@example.test]
            tls: require
            actions:
              - store: {bucket: mail, prefix: secret}
          - name: both
            recipients: [both@example.test]
            actions:
              - store: {bucket: mail, prefix: both}
          - name: stopping
            recipients: [stop@example.test]
            actions:
              - store: {bucket: mail, prefix: stopping}
              - stop
              - store: {bucket: mail, prefix: unreached}
          - name: dropping
            recipients: [drop@example.test]
            actions: [drop, store: {bucket: mail, prefix: unreached}]
          - name: apart
            recipients: [apart@example.test]
            actions:
              - store: {bucket: mail, prefix: before}
              - quarantine: {reason: looks odd}
              - store: {bucket: mail, prefix: apart}
          - name: behind
            recipients: [stop@example.test, drop@example.test, behind@example.test]
            actions:
              - store: {bucket: mail, prefix: behind}
          - name: single
            recipients: [person@single.example]
            actions:
              - store: {bucket: mail, prefix: single}
        """

    def stored_under(self, mail):
        """The prefixes that a mail was stored under, when nothing is left to do."""
        self.server.settled(mail)
        return self.prefixes_of(mail)

    def prefixes_of(self, mail):
        return {key.rpartition("/")[0] for key in self.server.objects() if key.endswith(mail)}

    def answers(self, mail):
        trace = self.server.json("mail", "trace", mail)
        return {rule["rule"]: rule["answer"] for rule in trace["rules"]}

    def assert_taken(self, recipient, *prefixes, tls=False):
        with self.subTest(recipient=recipient):
            mail = self.server.send(MAIL, recipient, tls=tls)
            self.assertEqual(self.stored_under(mail), set(prefixes))
            return mail

    def assert_unknown(self, *recipients):
        for recipient in recipients:
            with self.subTest(recipient=recipient):
                code, text = self.server.rcpt(recipient)
                self.assertEqual(code, 550)
                self.assertTrue(text.startswith("5.1.1 "), text)

    def test_plus_labels(self):
        self.assert_taken("plain@example.test", "labels")
        self.assert_taken("plain+anything@example.test", "labels")
        self.assert_taken("PLAIN+Any@Example.TEST", "labels")
        self.assert_taken("fixed+label@example.test", "labels")
        self.assert_unknown("fixed@example.test", "fixed+other@example.test",
                            "plainer@example.test")

    def test_subdomains(self):
        self.assert_taken("any@sub.example.test", "subdomains")
        self.assert_taken("any@deep.sub.example.test", "subdomains")
        self.assert_unknown("any@example.test", "any@notexample.test", "any@test")

    def test_address_identity(self):
        self.assert_taken("person@single.example", "single")
        self.assert_unknown("other@single.example")

    def test_disabled_rule(self):
        self.assert_unknown("off@example.test")

    def test_tls_required(self):
        code, text = self.server.rcpt("secret@example.test")
        self.assertEqual(code, 530)
        self.assertTrue(text.startswith("5.7.0 "), text)
        mail = self.assert_taken("secret@example.test", "secret", tls=True)
        self.assertEqual(self.answers(mail)["secret"], "took")

    def test_tls_rule_is_skipped_and_traced_where_another_takes_the_mail(self):
        mail = self.assert_taken("both@example.test", "both")
        answers = self.answers(mail)
        self.assertEqual((answers["secret"], answers["both"]), ("plaintext", "took"))
        text = self.server.cli("mail", "trace", mail).stdout
        self.assertIn("- secret  requires TLS, and the mail came without", text)
        self.assertIn("tls is required?  plaintext: no", text)
        self.assert_taken("both@example.test", "secret", "both", tls=True)

    def test_reset_does_not_carry_the_tls_answer(self):
        with self.server.dialog() as dialog:
            dialog.envelope("both@example.test")
            dialog.command("RSET", 250)
            dialog.command("MAIL FROM:<ada@sender.example>", 250)
            dialog.command("RCPT TO:<secret@example.test>", 530)

    def test_stop(self):
        mail = self.assert_taken("stop@example.test", "stopping")
        self.assertEqual(self.answers(mail)["behind"], "stopped")
        self.assert_taken("behind@example.test", "behind")

    def test_stop_is_for_the_whole_mail(self):
        mail = self.server.send(MAIL, ["behind@example.test", "stop@example.test"])
        self.assertEqual(self.stored_under(mail), {"stopping"})

    def test_drop(self):
        mail = self.assert_taken("drop@example.test")
        self.assertEqual(self.answers(mail)["behind"], "stopped")
        untaken = self.server.json("mail", "list", "--untaken")
        self.assertNotIn(mail, [one["id"] for one in untaken])

    def test_quarantine(self):
        recipients = ["apart@example.test", "behind@example.test"]
        released, removed = (self.server.send(MAIL, recipients) for _ in range(2))
        for mail in (released, removed):
            self.server.eventually(
                lambda mail=mail: self.server.json("queue", "show", mail)["mail"]["state"] == "held",
                "it is kept apart")
            self.assertEqual(self.prefixes_of(mail), {"before"})
        self.assertIn("looks odd", self.server.cli("queue", "show", released).stdout)
        self.server.cli("queue", "release", released)
        self.assertEqual(self.stored_under(released), {"before", "apart", "behind"})
        self.server.cli("queue", "remove", removed)
        self.assertEqual(self.prefixes_of(removed), {"before"})
        self.assertNotIn(removed, self.server.cli("queue", "list").stdout)

    def test_each_rule_sees_the_recipients_that_it_matched(self):
        recipients = ["plain@example.test", "a@sub.example.test", "plain+x@example.test"]
        mail = self.server.send(MAIL, recipients)
        self.assertEqual(self.stored_under(mail), {"labels", "subdomains"})
        rules = {rule["rule"]: rule for rule in self.server.json("mail", "trace", mail)["rules"]}
        self.assertEqual(
            rules["labels"]["matchedRecipients"],
            ["plain@example.test", "plain+x@example.test"])
        self.assertEqual(rules["subdomains"]["matchedRecipients"], ["a@sub.example.test"])


class Conditions(ServerCase):
    """Rules that look at the mail itself, over SMTP."""

    identities = ("example.test",)
    rules = r"""
        ruleSet: main
        rules:
          - name: invoices
            recipients: [desk@example.test]
            when:
              - attachment: {type: application/pdf, name: {like: "*.pdf"}}
            actions:
              - store: {bucket: mail, prefix: invoices}
          - name: urgent
            recipients: [desk@example.test]
            when:
              - any:
                  - subject: {matches: '\b(urgent|down)\b'}
                  - body: {contains: house on fire}
              - not: {from: {endsWith: "@robots.example"}}
              - peer: 127.0.0.0/8
            actions:
              - store: {bucket: mail, prefix: urgent}
          - name: large
            recipients: [desk@example.test]
            when:
              - size: {above: 100_000}
            actions:
              - store: {bucket: mail, prefix: large}
          - name: forged
            recipients: [desk@example.test]
            when:
              - dkim: PASS
            actions:
              - store: {bucket: mail, prefix: signed}
          - name: cases
            recipients: ["case-*@example.test", {matches: '^t[0-9]+@example\.test$'}]
            actions:
              - store: {bucket: mail, prefix: cases}
        """

    def prefixes(self, mail, to="desk@example.test", sender="ada@sender.example"):
        self.last = self.server.send(mail, to, sender=sender)
        self.server.settled(self.last)
        return {key.rpartition("/")[0] for key in self.server.objects() if key.endswith(self.last)}

    @staticmethod
    def mail(subject, body="hello\r\n", sender="ada@sender.example", extra=""):
        return (f"From: {sender}\r\nTo: desk@example.test\r\nSubject: {subject}\r\n{extra}"
                f"\r\n{body}").encode()

    def test_subject_and_body(self):
        self.assertEqual(self.prefixes(self.mail("it is URGENT")), {"urgent"})
        self.assertEqual(self.prefixes(self.mail("=?utf-8?q?it_is_down?=")), {"urgent"})
        self.assertEqual(self.prefixes(self.mail("x", "The House\r\non fire")), set())
        self.assertEqual(self.prefixes(self.mail("x", "The House on FIRE")), {"urgent"})
        self.assertEqual(self.prefixes(self.mail("urgent", sender="x@robots.example")), set())

    def test_a_mail_in_a_file(self):
        filler = "0123456789" * 7 + "\r\n"
        body = filler * 2_000
        self.assertEqual(self.prefixes(self.mail("x", body)), {"large"})
        self.assertEqual(
            self.prefixes(self.mail("x", "house on fire\r\n" + body)), {"large", "urgent"})

    def test_attachments(self):
        def carrying(content, name):
            return self.mail("x", (
                "--b\r\nContent-Type: text/plain\r\n\r\nhere\r\n--b\r\n"
                "Content-Type: application/octet-stream\r\n"
                f'Content-Disposition: attachment; filename="{name}"\r\n\r\n{content}\r\n'
                "--b--\r\n"), extra=(
                    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"))
        # What it is counts, not what it says to be.
        self.assertEqual(self.prefixes(carrying("%PDF-1.4\r\n%x", "a.PDF")), {"invoices"})
        self.assertEqual(self.prefixes(carrying("no such thing", "a.pdf")), set())
        self.assertEqual(self.prefixes(carrying("%PDF-1.4\r\n%x", "a.txt")), set())

    def test_what_no_rule_takes_is_marked(self):
        self.assertEqual(self.prefixes(self.mail("nothing of interest")), set())
        untaken = [mail["id"] for mail in self.server.json("mail", "list", "--untaken")]
        self.assertIn(self.last, untaken)
        self.assertEqual(self.prefixes(self.mail("urgent")), {"urgent"})
        untaken = [mail["id"] for mail in self.server.json("mail", "list", "--untaken")]
        self.assertNotIn(self.last, untaken)

    def test_patterns_of_recipients(self):
        for recipient in ("case-7@example.test", "CASE-@example.test", "t12@example.test"):
            self.assertEqual(self.prefixes(self.mail("x"), recipient), {"cases"}, recipient)
        for recipient in ("case7@example.test", "t12x@example.test", "xt1@example.test"):
            self.assertEqual(self.server.rcpt(recipient)[0], 550, recipient)

    def test_the_trace_says_why(self):
        self.prefixes(self.mail("nothing of interest"))
        text = self.server.cli("mail", "trace", self.last).stdout
        self.assertIn("- urgent  its conditions do not hold", text)
        self.assertIn("    any of?: no\n", text)
        self.assertIn(
            "      subject matches “\\b(urgent|down)\\b”?  “nothing of interest”: no\n", text)
        self.assertIn("      body contains “house on fire”?  “hello”: no\n", text)
        trace = self.server.json("mail", "trace", self.last)
        forged = {rule["rule"]: rule for rule in trace["rules"]}["forged"]
        self.assertEqual(
            [(item["text"], item["answer"]) for item in forged["conditions"][1:]],
            [("dkim is PASS", "unknown")])
        self.assertEqual(forged["conditions"][1]["value"], "unknown: nothing judges mails")


class Identities(ServerCase):
    identities = ()

    def test_only_verified_domains_are_ours(self):
        self.assertEqual(self.server.rcpt("any@new.example")[0], 550)
        said = self.server.cli("identity", "add", "New.Example", "--trusted").stdout
        self.assertIn("new.example is a verified domain by your word", said)
        self.assertEqual(self.server.rcpt("any@new.example")[0], 250)
        self.assertEqual(self.server.rcpt("any@sub.new.example")[0], 250)
        listed = self.server.json("identity", "list")
        self.assertEqual([entry["name"] for entry in listed], ["new.example"])
        self.assertIs(listed[0]["isTrusted"], True)
        self.server.cli("identity", "remove", "new.example")
        self.assertEqual(self.server.rcpt("any@new.example")[0], 550)
        missing = self.server.cli("identity", "remove", "new.example", status=1)
        self.assertIn("there is no identity", missing.stderr)
        self.server.cli("identity", "add", "no domain", "--trusted", status=1)


class Reject(ServerCase):
    """What rules refuse before the 250, so that nobody has to be written to."""

    identities = ("example.test",)
    rules = r"""
        ruleSet: main
        rules:
          - name: trusted
            recipients: [desk@example.test]
            when:
              - mailFrom: {endsWith: "@friend.example"}
            actions: [stop]
          - name: no-programs
            recipients: [desk@example.test]
            when:
              - attachment: {name: {like: "*.exe"}}
            actions:
              - reject: {code: 552, status: 5.7.0, text: "No programs, ${mailFrom}"}
          - name: later
            recipients: [desk@example.test]
            when:
              - subject: {contains: later}
            actions:
              - reject: {code: 450, status: 4.7.1}
          - name: trap
            recipients: [trap@example.test]
            actions:
              - reject: {text: Closed}
          - name: plain
            recipients: [safe@example.test]
            when:
              - tls: false
            actions:
              - reject: {text: Only by TLS}
          - name: all
            actions:
              - store: {bucket: mail}
        """

    def answer(self, mail, to="desk@example.test", sender="eve@sender.example"):
        with self.server.client() as client:
            client.ehlo_or_helo_if_needed()
            client.mail(sender)
            self.assertEqual(client.rcpt(to)[0], 250)
            code, text = client.data(mail)
            return code, text.decode()

    @staticmethod
    def carrying(name, size=0):
        return ("From: eve@sender.example\r\nMIME-Version: 1.0\r\nSubject: x\r\n"
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                f'Content-Disposition: attachment; filename="{name}"\r\n\r\nMZ'
                + ("0123456789" * 7 + "\r\n") * (size // 72) + "\r\n--b--\r\n").encode()

    def mails(self):
        return len(self.server.json("mail", "list"))

    def test_what_a_rule_refuses_leaves_nothing(self):
        before = self.mails()
        for size in (0, 200_000):
            self.assertEqual(
                self.answer(self.carrying("a.exe", size)),
                (552, "5.7.0 No programs, eve@sender.example"))
        code, text = self.answer(b"Subject: come later\r\n\r\n")
        self.assertEqual((code, text), (450, "4.7.1 Not wanted here"))
        self.assertEqual(self.mails(), before)
        self.assertEqual(os.listdir(self.server.path("data", "spool", "bodies")), [])
        self.assertEqual(self.answer(self.carrying("a.txt"))[0], 250)
        self.assertEqual(self.mails(), before + 1)

    def test_chunks_are_refused_at_their_end(self):
        mail = self.carrying("a.exe")
        with self.server.dialog() as dialog:
            dialog.expect(220)
            dialog.command("EHLO client.example", 250)
            for _ in range(2):
                dialog.command("MAIL FROM:<eve@sender.example>", 250)
                dialog.command("RCPT TO:<desk@example.test>", 250)
                dialog.send(b"BDAT 40\r\n" + mail[:40])
                dialog.expect(250)
                dialog.send(f"BDAT {len(mail) - 40} LAST\r\n".encode() + mail[40:])
                dialog.expect(552)

    def test_the_envelope_is_enough_at_rcpt(self):
        self.assertEqual(self.server.rcpt("trap@example.test"), (550, "5.7.1 Closed"))
        self.assertEqual(self.server.rcpt("safe@example.test"), (550, "5.7.1 Only by TLS"))
        self.assertEqual(self.server.rcpt("safe@example.test", tls=True)[0], 250)

    def test_a_stop_before_it_keeps_the_mail(self):
        code, _ = self.answer(self.carrying("a.exe"), sender="bob@friend.example")
        self.assertEqual(code, 250)

    def test_recipients_of_other_rules_come_apart(self):
        with self.server.client() as client:
            client.ehlo_or_helo_if_needed()
            client.mail("eve@sender.example")
            self.assertEqual(client.rcpt("other@example.test")[0], 250)
            self.assertEqual(client.rcpt("more@example.test")[0], 250)
            self.assertEqual(client.rcpt("trap@example.test")[0], 550)
            code, text = client.rcpt("desk@example.test")
            self.assertEqual((code, text[:6]), (452, b"4.5.3 "))
            self.assertEqual(client.data(self.carrying("a.exe"))[0], 250)
            client.mail("eve@sender.example")
            self.assertEqual(client.rcpt("desk@example.test")[0], 250)
            self.assertEqual(client.rcpt("postmaster@example.test")[0], 452)
            self.assertEqual(client.data(self.carrying("a.exe"))[0], 552)

    def test_the_log_and_the_trace_name_the_rule(self):
        tracer = Tracer(self, self.server, "--count", "1")
        self.answer(self.carrying("a.exe"))
        self.assertEqual(tracer.wait(), 0)
        self.assertEqual(tracer.texts("rule"), ["no-programs"])
        self.server.logged("refused", "rule=no-programs", "552 5.7.0")

    def test_explain_says_who_is_refused(self):
        path = self.server.path("program.eml")
        with open(path, "wb") as file:
            file.write(self.carrying("a.exe"))
        text = martlet(
            "rules", "explain", self.server.path("rules", "main.yaml"), "--mail", path,
            "--to", "desk@example.test", "--to", "other@example.test",
            "--mail-from", "eve@sender.example").stdout
        self.assertIn("+ no-programs  took desk@example.test\n", text)
        self.assertIn("-> reject 552 5.7.0 No programs, eve@sender.example  would refuse\n", text)
        self.assertIn("+ all  took other@example.test\n", text)


class Reload(ServerCase):
    rules = one_rule("old@example.test")

    def setUp(self):
        for name in os.listdir(self.server.path("rules")):
            os.unlink(self.server.path("rules", name))
        self.server.write_rules(one_rule("old@example.test"))
        self.server.cli("rules", "reload")

    def is_taken(self, recipient):
        return self.server.rcpt(recipient)[0] == 250

    def test_change_of_the_file(self):
        self.assertTrue(self.is_taken("old@example.test"))
        self.server.write_rules(one_rule("new@example.test"))
        self.server.eventually(
            lambda: self.is_taken("new@example.test"), "the changed file is in force")
        self.assertFalse(self.is_taken("old@example.test"))

    def test_a_list_beside_the_rules(self):
        def write_list(text):
            with open(self.server.path("rules", "blocked.list"), "w", encoding="utf-8") as file:
                file.write(text)

        def answer(sender):
            mail = self.server.send(MAIL, "any@example.test", sender=sender)
            self.server.settled(mail)
            return self.server.json("mail", "trace", mail)["rules"][0]["answer"]

        write_list("# nobody yet\n")
        self.server.write_rules("""ruleSet: main
rules:
  - name: blocked
    recipients: [example.test]
    when:
      - mailFrom: {in: blocked}
    actions: [stop]
""")
        self.server.cli("rules", "reload")
        self.assertEqual(answer("ada@sender.example"), "conditions")
        write_list("sender.example\n")
        self.server.eventually(
            lambda: answer("ada@sender.example") == "took", "the changed list is in force")
        self.assertEqual(answer("ada@other.example"), "conditions")
        write_list("sender.example\nno address\n")
        done = self.server.cli("rules", "reload", status=2)
        self.assertIn("blocked.list:2: “no address” is", done.stderr)
        self.assertIn("main.yaml: ruleSet: the list blocked.list that it names", done.stderr)
        self.assertEqual(answer("ada@sender.example"), "took")

    def test_a_broken_file_leaves_the_old_rules_in_force(self):
        version = self.server.json("status")["ruleSetVersion"]
        self.server.write_rules("""ruleSet: main
rules:
  - name: one
    recipients: [new@example.test, "*.example.test"]
    acctions: []
    actions:
      - store: {bucket: mall}
      - explode
  - name: one
    tls: sometimes
    actions: []
""")
        self.server.eventually(
            lambda: self.server.log_lines("rules have problems"), "the problems are told")
        path = self.server.path("rules", "main.yaml")
        for line, words in ((4, "“*” stands in addresses"), (5, "unknown key “acctions”"),
                            (7, "did you mean “mail”?"), (8, "explode"),
                            (9, "stands above already"), (10, "expected optional or require")):
            self.assertTrue(
                self.server.log_lines(f"{path}:{line}: ", words),
                f"line {line}, {words}\n{self.server.log_tail()}")
        self.assertTrue(self.is_taken("old@example.test"))
        self.assertFalse(self.is_taken("new@example.test"))
        self.assertEqual(self.server.json("status")["ruleSetVersion"], version)
        listed = self.server.cli("rules", "list")
        self.assertIn(f"{path}:4: ", listed.stderr)
        failed = self.server.cli("rules", "reload", status=2)
        self.assertIn(f"{path}:10: ", failed.stderr)
        self.assertIn("What was in force stays in force.", failed.stderr)
        # Mail is taken by what is in force.
        mail = self.server.send(MAIL, "old@example.test")
        self.assert_stored(mail, MAIL, key=f"main/{mail}")
        # Repaired, it loads.
        self.server.write_rules(one_rule("new@example.test"))
        self.server.eventually(
            lambda: self.is_taken("new@example.test"), "the repaired file is in force")

    def test_a_copy_of_the_active_file_takes_nothing_over(self):
        server = self.server
        before = server.cli("rules", "show").stdout
        with open(server.path("rules", "main.yaml"), encoding="utf-8") as file:
            server.write_rules(file.read(), "main-old.yaml")
        said = server.cli("rules", "reload", status=2).stderr
        for file, other in (("main", "main-old"), ("main-old", "main")):
            self.assertIn(f"rules/{file}.yaml: ruleSet: “main” is the name of ", said)
            self.assertIn(f"rules/{other}.yaml too: none of them counts", said)
        self.assertIn("What was in force stays in force.", said)
        self.assertIn("“main” is in force as it was read before", server.cli("rules", "list").stdout)
        self.assertEqual(before, server.cli("rules", "show").stdout)

    def test_a_rule_file_with_another_ending_is_named(self):
        self.server.write_rules("ruleSet: more\nrules: []\n", "more.yml")
        said = self.server.cli("rules", "reload", status=2).stderr
        self.assertIn("rules/more.yml: rule files end in .yaml: rename it", said)

    def test_a_removed_file_leaves_the_old_rules_in_force(self):
        os.unlink(self.server.path("rules", "main.yaml"))
        failed = self.server.cli("rules", "reload", status=2)
        self.assertIn("there is no rule set “main”", failed.stderr)
        self.assertTrue(self.is_taken("old@example.test"))

    def test_a_mail_keeps_the_rules_of_its_arrival(self):
        mail = self.server.send(MAIL, "old@example.test")
        version = self.server.settled(mail)["ruleSetVersion"]
        self.server.write_rules(one_rule("new@example.test", "other"))
        self.server.cli("rules", "reload")
        self.assertNotEqual(self.server.json("status")["ruleSetVersion"], version)
        trace = self.server.json("mail", "trace", mail)
        self.assertEqual(trace["ruleSetVersion"], version)
        self.assertEqual(trace["rules"][0]["answer"], "took")


class Warnings(ServerCase):
    """Rules that can never match load, and whoever asks about them is warned."""

    rules = one_rule("old@example.test")
    unreachable = """ruleSet: main
rules:
  - name: all
    actions: [stop, store: {bucket: mail}]
  - name: late
    recipients: [late@example.test]
    actions: []
"""

    def test_each_command_and_the_log_warn(self):
        self.server.write_rules(self.unreachable)
        path = self.server.path("rules", "main.yaml")
        warnings = [
            f"warning: {path}:4: rules[0].actions[1]: is never done: the “stop” before it ends the"
            " rules\n",
            f"warning: {path}:5: rules[1]: “late” takes no mail that comes: all of its mail is"
            " taken and stopped by “all” above\n"]
        self.server.eventually(
            lambda: self.server.log_lines(" warning ", f"{path}:5: rules[1]: “late” takes no"),
            "the log warns")
        done = self.server.cli("rules", "reload")
        self.assertEqual(done.stdout.partition("\n")[2], "".join(warnings))
        for command in (["rules", "check", path],
                        ["rules", "explain", path, "--to", "late@example.test"],
                        ["check", "-c", self.server.config_path]):
            done = martlet(*command)
            for warning in warnings:
                self.assertIn(warning, done.stderr)
        # It warned rightly.
        mail = self.server.send(MAIL, "late@example.test")
        self.server.settled(mail)
        trace = self.server.json("mail", "trace", mail)
        self.assertEqual([rule["answer"] for rule in trace["rules"]], ["took", "stopped"])
        self.assertEqual(
            [action["standing"] for action in trace["rules"][0]["actions"]],
            ["stopped", "not reached"])


class HangUp(unittest.TestCase):
    def test_reads_the_rules_anew(self):
        server = new_server(self, one_rule("old@example.test")).start()
        # Changed behind the back of whoever looks at the file's size, date and number.
        path = server.path("rules", "main.yaml")
        before = os.stat(path)
        with open(path, "r+", encoding="utf-8") as file:
            file.write(one_rule("new@example.test"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        server.process.send_signal(signal.SIGHUP)
        server.eventually(
            lambda: server.rcpt("new@example.test")[0] == 250, "SIGHUP reads the rules anew")
        self.assertEqual(server.rcpt("old@example.test")[0], 550)

    def test_early(self):
        """It does not end a server that has hardly begun."""
        server = new_server(self)
        server.write_config()
        server.launch()
        server.eventually(lambda: " listens " in server.log(), "it listens")
        server.process.send_signal(signal.SIGHUP)
        server.eventually(server.is_ready, "the server is ready")


class Activate(ServerCase):
    rules = one_rule("first@example.test")

    @classmethod
    def prepare(cls, server):
        server.write_rules(
            one_rule("second@example.test").replace("ruleSet: main", "ruleSet: second"),
            "second.yaml")

    def test_activate_and_none(self):
        listed = {entry["name"]: entry for entry in self.server.json("rules", "list")}
        self.assertEqual(set(listed), {"main", "second"})
        self.assertTrue(listed["main"]["isActive"])
        self.assertEqual(self.server.rcpt("second@example.test")[0], 550)
        self.server.cli("rules", "activate", "second")
        self.assertEqual(self.server.rcpt("second@example.test")[0], 250)
        self.assertEqual(self.server.rcpt("first@example.test")[0], 550)
        self.assertIn("ruleSet: second", self.server.cli("rules", "show").stdout)
        self.assertIn("ruleSet: main", self.server.cli("rules", "show", "main").stdout)
        unknown = self.server.cli("rules", "activate", "secnod", status=1)
        self.assertIn("did you mean “second”?", unknown.stderr)
        self.server.cli("rules", "activate", "--none")
        self.assertEqual(self.server.rcpt("second@example.test")[0], 550)
        # An operator's choice outlives the process.
        self.server.cli("rules", "activate", "second")
        self.server.stop()
        self.server.start(identities=())
        self.assertEqual(self.server.rcpt("second@example.test")[0], 250)


class BrokenAtStart(unittest.TestCase):
    def test_the_server_does_not_start_and_says_every_problem(self):
        server = new_server(self, rules="ruleSet: main\nrules:\n  - name: x\n    actins: []\n")
        server.write_config()
        path = server.path("rules", "main.yaml")
        done = martlet("serve", "-c", server.config_path, status=2)
        self.assertIn(f"{path}:4: ", done.stderr)
        self.assertIn("did you mean “actions”?", done.stderr)
        self.assertIn(f"{path}:3: ", done.stderr)


class Tools(unittest.TestCase):
    """`martlet rules` on files alone; no server runs."""

    def setUp(self):
        # For its folder; it is never started.
        self.folder = Server()
        self.addCleanup(self.folder.close)

    def file(self, name, text):
        path = self.folder.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_check(self):
        good = self.file("good.yaml", one_rule("someone@example.test"))
        bad = self.file("bad.yaml", """ruleSet: bad name
rules:
  - recipients: [someone@]
    actions:
      - store: {bucket: mail, prefix: ../up}
      - addHeader: {name: "X:", value: fine}
      - stop
    tls: required
""")
        other = self.file("other.yaml", "ruleSet: other\nrules:\n\t- tab\n")
        self.assertIn(f"{good}: ok; “main” with 1 rule(s)", martlet("rules", "check", good).stdout)
        done = martlet("rules", "check", bad, good, other, status=2)
        for place in (f"{bad}:1: ruleSet: ", f"{bad}:3: rules[0]: “name” is missing",
                      f"{bad}:3: rules[0].recipients[0]: ",
                      f"{bad}:5: rules[0].actions[0].store.prefix: ",
                      f"{bad}:6: rules[0].actions[1].addHeader.name: ",
                      f"{bad}:8: rules[0].tls: ", f"{other}:3: not YAML"):
            self.assertIn(place, done.stderr)
        self.assertIn(f"{good}: ok", done.stdout)
        missing = martlet("rules", "check", self.folder.path("none.yaml"), status=2)
        self.assertIn("cannot be read", missing.stderr)

    def test_explain(self):
        file = self.file("rules.yaml", """ruleSet: main
rules:
  - name: secret
    recipients: [someone@example.test]
    tls: require
    actions:
      - store: {bucket: mail}
  - name: rest
    recipients: [example.test]
    actions:
      - stop
  - name: late
    actions:
      - notify: {topic: received}
""")
        text = martlet("rules", "explain", file, "--to", "someone+x@example.test").stdout
        self.assertIn("- secret  requires TLS, and the mail came without", text)
        self.assertIn("+ rest  took someone+x@example.test", text)
        self.assertIn("- late  not reached: an earlier rule stopped", text)
        rules = json.loads(martlet(
            "rules", "explain", file, "--tls", "--json", "--to", "someone@example.test",
            "--to", "other@elsewhere.example").stdout)
        self.assertEqual(
            [(rule["rule"], rule["answer"], rule["matchedRecipients"]) for rule in rules],
            [("secret", "took", ["someone@example.test"]),
             ("rest", "took", ["someone@example.test"]),
             ("late", "stopped", ["someone@example.test", "other@elsewhere.example"])])
        self.assertEqual(
            [condition["answer"] for condition in rules[1]["conditions"]], ["yes", "no"])
        # What turns the direction of a line does not reach the terminal.
        turned = martlet(
            "rules", "explain", file, "--to", "a\u202eb@example.test", status=64).stderr
        self.assertIn("“a?b@example.test” is no mail address", turned)
        self.assertNotIn("\u202e", turned)
        martlet("rules", "explain", file, "--to", "nonsense", status=64)

    # As `aws ses describe-receipt-rule-set` prints one.
    ses = {
        "Metadata": {"Name": "from-ses", "CreatedTimestamp": "2024-05-01T10:00:00.000Z"},
        "Rules": [
            {"Name": "support", "Enabled": True, "TlsPolicy": "Require", "ScanEnabled": True,
             "Recipients": ["support@example.test", "example.test", ".example.test"],
             "Actions": [
                 {"AddHeaderAction": {"HeaderName": "X-Queue", "HeaderValue": "support: yes"}},
                 {"S3Action": {"BucketName": "mail", "ObjectKeyPrefix": "in/",
                               "TopicArn": "arn:aws:sns:us-east-1:000000000000:received"}},
                 {"LambdaAction": {
                     "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:ticket",
                     "InvocationType": "RequestResponse"}},
                 {"SNSAction": {"TopicArn": "arn:aws:sns:us-east-1:000000000000:received",
                                "Encoding": "Base64"}},
                 {"StopAction": {"Scope": "RuleSet"}}]},
            {"Name": "off", "Enabled": False, "TlsPolicy": "Optional", "ScanEnabled": False,
             "Actions": []},
        ],
    }

    def test_import_and_export_round_trip(self):
        source = self.file("ses.json", json.dumps(self.ses))
        yaml = self.folder.path("imported.yaml")
        martlet("rules", "import", source, "-o", yaml)
        self.assertIn("“from-ses” with 2 rule(s)", martlet("rules", "check", yaml).stdout)
        exported = json.loads(martlet("rules", "export", yaml).stdout)
        self.assertRegex(exported["Metadata"].pop("CreatedTimestamp"), r"^\d{4}-.*Z$")
        self.assertEqual(exported["Metadata"], {"Name": "from-ses"})
        self.assertEqual(exported["Rules"], self.ses["Rules"])
        # It does not write over what is there.
        self.assertIn("exists already",
                      martlet("rules", "import", source, "-o", yaml, status=1).stderr)

    def test_import_takes_sess_defaults(self):
        source = self.file("defaults.json", json.dumps({
            "Metadata": {"Name": "defaults"},
            "Rules": [{"Name": "one", "Actions": [
                {"LambdaAction": {"FunctionArn": "arn:aws:lambda:eu-west-1:1:function:f:live"}}
            ]}]}))
        exported = json.loads(martlet("rules", "export", source).stdout)
        self.assertIs(exported["Rules"][0]["Enabled"], False)
        action = exported["Rules"][0]["Actions"][0]["LambdaAction"]
        self.assertEqual(action["InvocationType"], "Event")
        self.assertTrue(action["FunctionArn"].endswith(":function:f"), action)

    def test_import_names_what_cannot_be_done(self):
        source = self.file("cannot.json", json.dumps({
            "Metadata": {"Name": "cannot"},
            "Rules": [{"Name": "one", "Enabled": True, "Actions": [
                {"ConnectAction": {}}, {"WorkmailAction": {}}]}]}, indent=1))
        done = martlet("rules", "import", source, status=2)
        self.assertIn("ConnectAction cannot be done here", done.stderr)
        self.assertIn("say where WorkMail's mailboxes are now", done.stderr)

    def test_import_puts_workmails_mailboxes_where_they_are(self):
        source = self.file("workmail.json", json.dumps({
            "Metadata": {"Name": "workmail"},
            "Rules": [{"Name": "one", "Enabled": True, "Actions": [{"WorkmailAction": {
                "OrganizationArn": "arn:aws:workmail:us-east-1:1:organization/m-1"}}]}]}))
        for option, line in (("deliver=home", "deliver: {maildir: home}"),
                             ("relay=mailboxes", "relay: {to: mailboxes}")):
            yaml = martlet("rules", "import", source, "--workmail", option).stdout
            self.assertIn(f"      - {line}\n", yaml)
            self.assertIn("ok; “workmail” with 1 rule(s)",
                          martlet("rules", "check", self.file("imported.yaml", yaml)).stdout)
        martlet("rules", "import", source, "--workmail", "home", status=64)

    def test_the_projects_own_rules_load(self):
        files = [os.path.join(folder, name)
                 for folder, _, names in os.walk(os.path.join(PROJECT, "rules"))
                 for name in sorted(names) if name.endswith(".yaml")]
        self.assertTrue(files)
        martlet("rules", "check", *files)


if __name__ == "__main__":
    unittest.main()
