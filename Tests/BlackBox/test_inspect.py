"""`martlet mail inspect`: what a mail's file is, for people and for scripts."""

import gzip
import json
import os
import tempfile
import time
import unicodedata
import unittest
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from scanners import EICAR, EICAR_SIGNATURE, GTUBE, Scanner
from support import martlet, message, new_server
from test_verdicts import ZONE

BOUNCE = b"""\
From: MAILER-DAEMON@mx.far.example
To: ada@ours.example
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

It did not work.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.far.example

Final-Recipient: rfc822; bob@far.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user

Final-Recipient: rfc822; eve@far.example
Action: failed
Status: 4.2.2
Diagnostic-Code: smtp; 452 4.2.2 Mailbox full
--b
Content-Type: text/rfc822-headers

From: ada@ours.example
To: bob@far.example
Message-ID: <x@ours.example>
--b--
"""

INVITATION = b"""\
From: "Ada, L." <ada@far.example>
To: The team: Bob <bob@ours.example>, eve@ours.example;
Subject: Talk
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; format=flowed

One paragraph over\x20
two lines.

Another.

--b
Content-Type: text/calendar; method=REQUEST

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:1@far.example
SUMMARY:Talk\\, at noon
DTSTART:20261128T120000Z
ORGANIZER:mailto:ada@far.example
END:VEVENT
END:VCALENDAR
--b--
"""

COMPLAINT = b"""\
From: feedback@far.example
To: abuse@ours.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b

Somebody complains.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Far/1.0
Version: 1
Original-Rcpt-To: <bob@far.example>
Source-IP: 192.0.2.7
--b
Content-Type: message/rfc822

From: ada@ours.example
To: bob@far.example
Message-ID: <x@ours.example>

Buy this.
--b--
"""

AGGREGATE = b"""<?xml version="1.0"?>
<feedback>
  <report_metadata><org_name>Far</org_name><email>r@far.example</email><report_id>7</report_id>
    <date_range><begin>86400</begin><end>172799</end></date_range></report_metadata>
  <policy_published><domain>ours.example</domain><p>reject</p></policy_published>
  %s
</feedback>
"""

RECORD = """<record><row><source_ip>192.0.2.%d</source_ip><count>%d</count>
  <policy_evaluated><disposition>none</disposition><dkim>%s</dkim><spf>fail</spf></policy_evaluated>
  </row><identifiers><header_from>ours.example</header_from></identifiers>
  <auth_results><spf><domain>ours.example</domain><result>fail</result></spf></auth_results>
  </record>"""

HOSTILE = (
    b"From: =?utf-8?q?=1B]0;x=07?= <a@b.example>\r\n"
    b"Subject: \x1b[31m\x7f =?utf-8?q?=C2=9B31m=E2=80=AEx=F3=A0=81=81?=\r\n"
    b"Authentication-Results: mx.example.test; x=\x1b[2J\x9b\r\n"
    b"DKIM-Signature: v=1; d=\x1b[31m.example; s=\x07; b=x; a=\x9b\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=\"\x1b[1m\"; name*=utf-8''%1B%5B31m%E2%80%AE\r\n\r\nx\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    b"Reporting-MTA: dns; mx\x1b[31m\r\n\r\nFinal-Recipient: rfc822; b\x1b@\x07c.example\r\n"
    b"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 \x1b]0;\x07 \xc2\x9b\r\n--b--\r\n")


def carrying(kind, content, name):
    mail = MIMEMultipart("mixed")
    mail["From"], mail["To"], mail["Subject"] = "r@far.example", "d@ours.example", "Report"
    mail.attach(MIMEText("A report."))
    part = MIMEApplication(content, kind)
    part.add_header("Content-Disposition", "attachment", filename=name)
    mail.attach(part)
    return mail.as_bytes()


class Inspect(unittest.TestCase):
    def file(self, content):
        file = tempfile.NamedTemporaryFile(suffix=".eml")
        self.addCleanup(file.close)
        file.write(content)
        file.flush()
        return file.name

    def inspected(self, content, *arguments):
        arguments = arguments or ("--offline",)
        return json.loads(
            martlet("mail", "inspect", *arguments, "--json", self.file(content)).stdout)

    def test_a_bounce(self):
        told = self.inspected(BOUNCE)["feedback"]
        self.assertEqual((told["kind"], told["reporter"]), ("bounce", "mx.far.example"))
        self.assertEqual(
            [(each["address"], each["status"], each["permanence"], each["bounceType"],
              each["bounceSubType"], each["reason"]) for each in told["recipients"]],
            [("bob@far.example", "5.1.1", "hard", "Permanent", "General", "noSuchMailbox"),
             ("eve@far.example", "4.2.2", "soft", "Transient", "MailboxFull", "mailboxFull")])
        self.assertEqual(told["original"]["messageID"], "x@ours.example")
        text = martlet("mail", "inspect", "--offline", self.file(BOUNCE)).stdout
        self.assertIn("reports     bounce by mx.far.example\n", text)
        self.assertRegex(text, r"bob@far\.example +failed +5\.1\.1 +hard +noSuchMailbox +550 5\.1\.1")
        for line in text.splitlines():
            self.assertEqual(line, line.rstrip())

    def test_a_complaint(self):
        told = self.inspected(COMPLAINT)["feedback"]
        self.assertEqual((told["kind"], told["complaintType"], told["reporter"],
                          told["sourceAddress"]), ("complaint", "abuse", "Far/1.0", "192.0.2.7"))
        self.assertEqual([each["address"] for each in told["recipients"]], ["bob@far.example"])
        self.assertEqual(told["original"]["messageID"], "x@ours.example")

    def test_whom_it_names_what_it_says_and_asks_for(self):
        seen = self.inspected(INVITATION)
        self.assertEqual(
            [(each["field"], each.get("name"), each["address"], each.get("group"))
             for each in seen["addresses"]],
            [("From", "Ada, L.", "ada@far.example", None),
             ("To", "Bob", "bob@ours.example", "The team"),
             ("To", None, "eve@ours.example", "The team")])
        plain, calendar = [part for part in seen["parts"] if "text" in part]
        self.assertEqual(plain["text"], "One paragraph over two lines.\n\nAnother.\n")
        event, = calendar["calendar"]["events"]
        self.assertEqual(calendar["calendar"]["method"], "REQUEST")
        self.assertEqual((event["summary"], event["start"], event["organizer"]),
                         ("Talk, at noon", "20261128T120000Z", "ada@far.example"))
        self.assertRegex(martlet("mail", "inspect", "--offline", self.file(INVITATION)).stdout,
                         r"REQUEST +20261128T120000Z +- +ada@far.example +Talk, at noon +-")

    def test_an_automatic_answer(self):
        told = self.inspected(message(extra=["Auto-Submitted: auto-replied",
                                             "In-Reply-To: <x@ours.example>"]))["feedback"]
        self.assertEqual((told["kind"], told["reporter"], told["original"]["messageID"]),
                         ("autoReply", "ada@sender.example", "x@ours.example"))
        self.assertNotIn("feedback", self.inspected(message()))

    def test_reports(self):
        records = RECORD % (1, 40, "pass") + RECORD % (2, 2, "fail")
        xml = AGGREGATE % records.encode()
        told = self.inspected(carrying(
            "gzip", gzip.compress(xml), "far!ours.example!86400!172799.xml.gz"))["feedback"]
        self.assertEqual((told["kind"], told["reporter"]), ("aggregateReport", "Far"))
        self.assertEqual(told["report"], {
            "id": "7", "domains": ["ours.example"], "begin": "1970-01-02T00:00:00.000Z",
            "end": "1970-01-02T23:59:59.000Z", "count": 42, "failed": 2})
        # Counts that no number holds.
        most = AGGREGATE % (RECORD % (1, 2 ** 63 - 1, "fail") * 2).encode()
        told = self.inspected(carrying(
            "gzip", gzip.compress(most), "far!ours.example!86400!172799.xml.gz"))["feedback"]
        self.assertTrue("refused" in told["report"] or told["report"]["count"] == 2 ** 63 - 1)
        told = self.inspected(carrying(
            "gzip", gzip.compress(xml[:-40]), "far!ours.example!86400!172799.xml.gz"))["feedback"]
        self.assertTrue(told["kind"] == "aggregateReport", told)
        tls = {"organization-name": "Far", "contact-info": "t@far.example", "report-id": "8",
               "date-range": {"start-datetime": "2026-01-01T00:00:00Z",
                              "end-datetime": "2026-01-01T23:59:59Z"},
               "policies": [{"policy": {"policy-type": "sts", "policy-domain": "ours.example"},
                             "summary": {"total-successful-session-count": 9,
                                         "total-failure-session-count": 3}}]}
        told = self.inspected(carrying(
            "tlsrpt+gzip", gzip.compress(json.dumps(tls).encode()),
            "far!ours.example!1!2.json.gz"))["feedback"]
        self.assertEqual((told["kind"], told["report"]["count"], told["report"]["failed"]),
                         ("tlsReport", 12, 3))

    def test_a_hostile_mail_prints_nothing_that_a_terminal_obeys(self):
        server = self.server()
        for options in ([], ["--json"]):
            told = server.cli("mail", "inspect", *options, "--ip", "127.0.0.1", "--helo",
                              "a.example", self.file(HOSTILE), text=False).stdout
            for character in told.decode("utf-8"):
                if character != "\n":
                    self.assertNotIn(unicodedata.category(character), ("Cc", "Cf", "Zl", "Zp"),
                                     f"{character!r} in {told!r}")
        parsed = json.loads(told)
        # What stood there is marked, and hides nothing: no control leaves a field.
        self.assertIn("\ufffd[31m\ufffd", parsed["subject"])
        self.assertEqual(len(parsed["forgedResults"]), 1)

    # Verdicts

    def server(self, **config):
        """Not started: only its configuration counts."""
        server = new_server(self, **config)
        with open(server.path("zone"), "w", encoding="ascii") as file:
            file.write(ZONE)
        server.config["dns"] = {"zones": [{"name": "example", "file": "zone"}], "timeoutSeconds": 2}
        server.write_config()
        return server

    def checks(self, server, content, *arguments):
        told = server.json("mail", "inspect", *arguments, self.file(content))
        return {each["check"]: each for each in told["verdicts"]}, told

    def test_who_sent_it(self):
        server = self.server()
        mail = message(extra=["Authentication-Results: mx.example.test; dkim=pass"])
        checks, told = self.checks(server, mail)
        self.assertEqual(checks["spf"]["status"], "DISABLED")
        self.assertEqual((checks["dkim"]["status"], checks["dkim"]["result"]), ("GRAY", "none"))
        self.assertEqual((checks["dmarc"]["status"], checks["dmarc"]["policy"]), ("FAIL", "reject"))
        self.assertEqual(checks["spam"]["status"], "DISABLED")
        self.assertEqual(told["forgedResults"],
                         ["Authentication-Results: mx.example.test; dkim=pass"])
        checks, _ = self.checks(server, mail, "--ip", "127.0.0.1", "--helo", "list.example",
                                "--from", "ada@sender.example")
        self.assertEqual(checks["spf"]["status"], "PASS")
        self.assertEqual(checks["dmarc"]["status"], "PASS")
        # RFC 7208 §2.3
        self.assertEqual((checks["helo"]["status"], checks["helo"]["result"]), ("GRAY", "softfail"))
        text = server.cli("mail", "inspect", self.file(mail)).stdout
        self.assertRegex(text, r"dmarc +FAIL +fail +policy reject; ")
        self.assertIn("forged      Authentication-Results: mx.example.test; dkim=pass\n", text)

    def test_nobody_is_asked_offline(self):
        server = self.server()
        server.config["dns"] = {"servers": [{"address": "192.0.2.1", "port": 53}]}
        server.write_config()
        start = time.monotonic()
        told = server.json("mail", "inspect", "--offline", "--ip", "127.0.0.1",
                           self.file(message()))
        self.assertEqual((told["verdicts"], told["inquiries"]), ([], []))
        self.assertLess(time.monotonic() - start, 5)

    def test_what_goes_together(self):
        path = self.file(message())
        for arguments, problem in [
                (("--scan",), "--scan wants the configuration"),
                (("--scan", "--offline"), "--scan asks others, --offline nobody"),
                (("--ip", "1.2.3"), "“1.2.3” is no IP address"),
                (("--from", "a b"), "“a b” is no address")]:
            done = martlet("mail", "inspect", *arguments, path, status=None)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(problem, done.stderr)

    def test_scanners_are_asked_where_that_is_wanted(self):
        clamd = Scanner(self, "clamd")
        server = self.server(screening={
            "rspamd": {"address": os.path.join(clamd.folder, "none"), "whenUnavailable": "defer"},
            "clamd": {"address": clamd.address, "whenUnavailable": "defer"}})
        mail = message(body=EICAR + GTUBE)
        checks, told = self.checks(server, mail)
        self.assertEqual((checks["virus"]["status"], told["inquiries"]), ("DISABLED", []))
        checks, told = self.checks(server, mail, "--scan")
        self.assertEqual(checks["virus"]["status"], "FAIL")
        self.assertIn(EICAR_SIGNATURE, checks["virus"]["reason"])
        self.assertEqual(checks["spam"]["status"], "PROCESSING_FAILED")
        self.assertEqual([(each["asked"], each["status"]) for each in told["inquiries"]],
                         [("rspamd", "PROCESSING_FAILED"), ("clamd", "FAIL")])
        self.assertGreaterEqual(told["inquiries"][1]["milliseconds"], 0)
