"""Who sent a mail, as rules, handlers, subscribers and people see it: swaks sends, and the DNS is a
file that the test writes."""

import json
import os
import socket
import subprocess
import time
import unittest

from support import message, new_server

RULES = """
    ruleSet: main
    rules:
      - name: all
        scan: true
        actions:
          - store: {bucket: mail}
          - notify: {topic: told}
    """

ZONE = """\
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
  NS ns
ns A 127.0.0.1
sender TXT "v=spf1 ip4:127.0.0.0/8 -all"
_dmarc.sender TXT "v=DMARC1; p=reject; pct=50"
list TXT "v=spf1 ip4:192.0.2.0/24 ~all"
_dmarc.list TXT "v=DMARC1; p=none"
"""


def judging_server(test, screening=None, **authentication):
    server = new_server(test, RULES, screening=screening or {})
    with open(server.path("zone"), "w", encoding="ascii") as file:
        file.write(ZONE)
    server.config["dns"] = {"zones": [{"name": "example", "file": "zone"}], "timeoutSeconds": 2}
    server.config["authentication"] = authentication
    server.config["topics"] = {"told": {"log": {"file": "told"}}}
    return server.start()


class Verdicts(unittest.TestCase):
    def send(self, server, sender, author, *headers):
        extra = [argument for header in headers for argument in ("--header", header)]
        done = subprocess.run(
            ["swaks", "--server", f"127.0.0.1:{server.port}", "--helo", "mail.sender.example",
             "--from", sender, "--to", "someone@example.test", "--h-From", author, *extra],
            capture_output=True, text=True, timeout=60, check=False)
        return done

    @staticmethod
    def checks(server, mail):
        return {each["check"]: each for each in server.json("mail", "show", mail)["verdicts"]}

    def test_a_mail_from_whom_it_says(self):
        server = judging_server(self)
        done = self.send(server, "ada@sender.example", "<ada@sender.example>",
                         "Authentication-Results: mx.example.test; dkim=pass header.d=bank.example",
                         "X-Kept: yes")
        self.assertEqual(done.returncode, 0, done.stdout)
        mail, = [each["id"] for each in server.mails()]
        server.settled(mail)
        shown = server.json("mail", "show", mail)
        checks = {each["check"]: each for each in shown["verdicts"]}
        self.assertEqual(checks["spf"]["status"], "PASS")
        self.assertEqual(checks["dkim"]["result"], "none")
        self.assertEqual(checks["dmarc"]["status"], "PASS")
        self.assertIn("sender.example", checks["dmarc"]["reason"])
        self.assertEqual(checks["spam"]["status"], "DISABLED")
        stored, = server.objects().values()
        head = stored.split(b"\r\n\r\n")[0].decode()
        self.assertIn("\r\nReceived-SPF: pass (spfCheck: domain of sender.example designates "
                      "127.0.0.1 as permitted sender) client-ip=127.0.0.1; ", head)
        self.assertIn("\r\nAuthentication-Results: mx.example.test;\r\n spf=pass ", head)
        self.assertIn("\r\n dmarc=pass header.from=sender.example;\r\nX-SES-RECEIPT: ", head)
        # P2: what the mail said under our name is gone, and nothing else of it.
        self.assertEqual(head.lower().count("authentication-results"), 1)
        self.assertNotIn("bank.example", head)
        self.assertIn("\r\nX-Kept: yes", head)
        raw = server.cli("mail", "raw", mail, text=False).stdout
        self.assertIn(b"dkim=pass header.d=bank.example", raw)
        server.eventually(lambda: os.path.exists(server.path("told")), "it was told")
        with open(server.path("told"), encoding="utf-8") as file:
            receipt = json.loads(json.loads(file.readline())["Message"])["receipt"]
        self.assertEqual(receipt["spfVerdict"], {"status": "PASS"})
        self.assertEqual(receipt["dkimVerdict"], {"status": "GRAY"})
        self.assertEqual(receipt["dmarcVerdict"], {"status": "PASS"})
        self.assertNotIn("dmarcPolicy", receipt)
        self.assertEqual(receipt["spamVerdict"], {"status": "DISABLED"})

    def test_hostile_headers_are_told_in_valid_json(self):
        """P1, P10: events are JSON in UTF-8 whatever a header says, and no line of ours is ended."""
        server = judging_server(self)
        hostile = [
            b"From: \xff\xfe <ada@sender.example>",
            b"Subject: \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x80\xae\xe2\x80\xa8 half \xe2\x82",
            b"To: =?utf-8?q?a=0D=0ABcc:_x=40y.example?= <a@b.example>, =?utf-16?b?2AA=?= <c@d.example>",
            b"Cc: =?utf-8?q?unended <e@f.example>, \"\x01\x1b[31m\" <g@h.example>",
            b"X-Controls: \x01\x02\x07\x08\x0b\x0c\x1b\x1f\x7f\x85 \"\\ \\u0000",
            b"X-\xe9\xa0: 8-bit name", b"Message-ID: <\xa9@\xff>",
            b"Date: =?iso-2022-jp?b?GyRC?=", b"Reply-To: =?x-none?q?=FF=00?= <i@j.example>",
            b"DKIM-Signature: v=1; a=rsa-sha256; d=\xc3\xbc.example; s=\x1b; bh=; b=; h=from",
        ]
        mail = server.send(b"\r\n".join(hostile) + b"\r\n\r\nbody\r\n")
        server.settled(mail)
        server.eventually(lambda: os.path.exists(server.path("told")), "it was told")
        with open(server.path("told"), "rb") as file:
            outer = json.loads(file.readline().decode("utf-8", "strict"))
        inner = outer["Message"]
        # Half a surrogate would be no UTF-8 when it is written again.
        event = json.loads(inner.encode("utf-8", "strict"))
        json.dumps(event, ensure_ascii=False).encode("utf-8", "strict")
        common = event["mail"]["commonHeaders"]
        for address in common["to"] + common["cc"] + common["from"]:
            self.assertNotRegex(address, r"[\r\n]")
        self.assertEqual(len(event["mail"]["headers"]) >= len(hostile), True)
        stored, = server.objects().values()
        head = stored.split(b"\r\n\r\n")[0]
        self.assertNotIn(b"\r\nBcc:", head)
        for line in hostile:
            self.assertIn(b"\r\n" + line, head)
        shown = server.cli("mail", "show", mail, "--json", text=False).stdout
        json.loads(shown.decode("utf-8", "strict"))
        inspected = server.cli("mail", "raw", mail, text=False).stdout
        self.assertEqual(inspected.split(b"\r\n\r\n")[0], b"\r\n".join(hostile))

    def test_a_forged_author_is_marked(self):
        server = judging_server(self)
        self.assertEqual(self.send(server, "x@list.example", "<ada@sender.example>").returncode, 0)
        mail, = [each["id"] for each in server.mails()]
        server.settled(mail)
        checks = self.checks(server, mail)
        self.assertEqual((checks["spf"]["status"], checks["spf"]["result"]), ("GRAY", "softfail"))
        self.assertEqual((checks["dmarc"]["status"], checks["dmarc"]["policy"]),
                         ("FAIL", "reject"))

    def test_a_forged_author_is_refused_where_policy_says_so(self):
        server = judging_server(self, dmarcReject="refuse")
        done = self.send(server, "x@list.example", "<ada@sender.example>")
        self.assertIn("550 5.7.1 The policy (DMARC) of the domain in From asks to reject", done.stdout)
        self.assertEqual(server.mails(), [])
        self.assertEqual(server.objects(), {})
        # The session goes on, and who is who he says is taken.
        self.assertEqual(self.send(server, "ada@sender.example", "<ada@sender.example>").returncode, 0)
        mail, = [each["id"] for each in server.mails()]
        server.settled(mail)

    def test_the_session_waits_for_no_scanner(self):
        """Where DMARC may refuse, the reply waits for it alone; the rest is asked after."""
        scanner = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(scanner.close)
        server = judging_server(self, screening={"rspamd": {
            "address": f"127.0.0.1:{scanner.getsockname()[1]}", "whenUnavailable": "goOn",
            "timeoutSeconds": 600}}, dmarcReject="refuse")
        start = time.monotonic()
        mail = server.send(message(), sender="ada@sender.example")
        self.assertLess(time.monotonic() - start, 10)
        connection, _ = scanner.accept()
        with connection:
            checks = self.checks(server, mail)
            self.assertEqual((checks["spf"]["status"], checks["dmarc"]["status"]), ("PASS", "PASS"))
            self.assertEqual((checks["spam"]["status"], checks["spam"]["reason"]),
                             ("DISABLED", "not asked yet"))
            self.assertEqual(server.json("mail", "show", mail)["mail"]["state"], "acting")
            connection.recv(65_536)
            answer = b'{"action": "no action", "score": 0.5, "required_score": 15, "symbols": {}}'
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (len(answer), answer))
            server.settled(mail)
        checks = self.checks(server, mail)
        self.assertEqual((checks["dmarc"]["status"], checks["spam"]["status"]), ("PASS", "PASS"))
        self.assertEqual([each["asked"] for each in server.json("mail", "show", mail)["inquiries"]],
                         ["rspamd"])

    def test_a_large_mail_is_judged_from_its_file(self):
        server = judging_server(self)
        mail = server.send(message(body="x" * 70 + "\n" * 1 + "y\n" * 40_000), sender="ada@sender.example")
        server.settled(mail)
        stored, = server.objects().values()
        self.assertIn(b"\r\n dmarc=pass header.from=sender.example;\r\n", stored)
        raw = server.cli("mail", "raw", mail, text=False).stdout
        self.assertTrue(stored.endswith(raw[-1_000:]))

    def test_auth_verify_tells_each_step(self):
        server = judging_server(self)
        path = server.path("mail.eml")
        with open(path, "wb") as file:
            file.write(message())
        told = server.cli("auth", "verify", "--ip", "127.0.0.1", "--helo", "a.example",
                          "--from", "ada@sender.example", path).stdout
        self.assertIn("spf=pass", told)
        self.assertIn('asked for TXT sender.example: "v=spf1 ip4:127.0.0.0/8 -all"', told)
        self.assertIn("dmarc=pass", told)
        # The whole field, with the greeting's check (RFC 7208 §2.3).
        told = server.cli("auth", "verify", "--ip", "127.0.0.1", "--helo", "list.example",
                          "--from", "ada@sender.example", path).stdout
        field = told[told.index("\nAuthentication-Results: "):]
        self.assertIn(" spf=pass smtp.mailfrom=ada@sender.example;\n", field)
        self.assertIn(" spf=softfail smtp.helo=list.example;\n", field)
        checks = json.loads(server.cli("auth", "verify", "--json", path).stdout)["checks"]
        self.assertEqual([each["method"] for each in checks], ["dkim", "arc", "dmarc"])

    def test_auth_verify_tells_what_older_receivers_find(self):
        server = judging_server(self)
        for name, text in (("mail.eml", message(sender="ada@deep.sender.example").decode()),
                           ("own", "// below which anyone registers\nexample\n"),
                           ("shared", "example\nsender.example\n"), ("none", "// nothing\n")):
            with open(server.path(name), "w", encoding="ascii") as file:
                file.write(text)

        def told(*options, status=0):
            return server.cli("auth", "verify", *options, server.path("mail.eml"), status=status)

        half = "it is to be applied to 50 of 100 mails (pct=50)"
        newer = told().stdout
        self.assertIn("dmarc=fail", newer)
        self.assertNotIn(half, newer)
        older = told("--public-suffixes", server.path("own")).stdout
        self.assertIn("the organization of deep.sender.example is sender.example", older)
        self.assertIn(half, older)
        self.assertIn("dmarc=none", told("--public-suffixes", server.path("shared")).stdout)
        refused = told("--public-suffixes", server.path("none"), status=1)
        self.assertIn("the public suffix list has no rule", refused.stderr)
        refused = told("--public-suffixes", server.path("mail.eml"), status=1)
        self.assertIn("this is no public suffix list: of its lines, ", refused.stderr)
        refused = told("--public-suffixes", server.path("data"), status=64)
        self.assertIn("data: it is a folder, and a file is wanted", refused.stderr)
