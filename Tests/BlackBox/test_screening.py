"""What others say of mails: Debian's rspamd and clamd, and a list in the DNS."""

import base64
import unittest

from hop import Hop
from nameserver import Nameserver
from scanners import EICAR, EICAR_SIGNATURE, GTUBE, Scanner
from sending import SendingCase
from support import large_body, message, new_server
from test_operation import metrics

RULES = """
    ruleSet: main
    rules:
      - name: all
        scan: true
        actions:
          - store: {bucket: mail}
    """


def verdict(detail, check):
    return next(each for each in detail["verdicts"] if each["check"] == check)


class Scanners(unittest.TestCase):
    def setUp(self):
        self.started = {name: Scanner(self, name) for name in ("rspamd", "clamd")}
        self.server = new_server(self, RULES, screening={
            name: {"address": scanner.address, "whenUnavailable": "goOn"}
            for name, scanner in self.started.items()}).start()

    def screened(self, content):
        detail = self.server.settled(self.server.send(content))
        return verdict(detail, "spam"), verdict(detail, "virus")

    def test_what_is_made_to_be_found_is_found(self):
        spam, virus = self.screened(message())
        self.assertEqual((spam["status"], virus["status"]), ("PASS", "PASS"))
        spam, virus = self.screened(message(body=GTUBE))
        self.assertEqual((spam["status"], virus["status"]), ("FAIL", "PASS"))
        self.assertIn("reject, 15 of 15 (GTUBE", spam["reason"])
        shown = self.server.cli("mail", "show", self.server.mails()[0]["id"]).stdout
        self.assertRegex(shown, r"rspamd +the mail +- +\d+ ms +rspamd: reject, 15 of 15 \(GTUBE")
        self.assertRegex(shown, r"clamd +the mail +- +\d+ ms +clamd found nothing")
        spam, virus = self.screened(message(
            body=base64.encodebytes(EICAR.encode()).decode(),
            extra=["MIME-Version: 1.0", "Content-Type: application/octet-stream",
                   "Content-Transfer-Encoding: base64"]))
        self.assertEqual((spam["status"], virus["status"]), ("PASS", "FAIL"))
        self.assertIn(EICAR_SIGNATURE, virus["reason"])
        # In a body file, and more than this clamd takes.
        spam, virus = self.screened(message(body=large_body(2_000_000)))
        self.assertEqual((spam["status"], virus["status"]), ("PASS", "PROCESSING_FAILED"))
        self.assertIn("size limit exceeded", virus["reason"])

    def test_mails_go_on_without_a_scanner_that_is_away(self):
        for scanner in self.started.values():
            scanner.stop()
        spam, virus = self.screened(message())
        for each in (spam, virus):
            self.assertEqual(each["status"], "PROCESSING_FAILED")
            self.assertIn("No such file or directory", each["reason"])
        self.started["clamd"].start()
        self.assertEqual(self.screened(message())[1]["status"], "PASS")


class Refusing(unittest.TestCase):
    """Rules that refuse before the 250 what a scanner finds."""

    RULES = """
        ruleSet: main
        rules:
          - name: viruses
            when:
              - virus: FAIL
            actions:
              - reject: {text: Look at your machine}
          - name: all
            actions:
              - store: {bucket: mail}
        """

    def data(self, server, body):
        with server.client() as client:
            client.ehlo_or_helo_if_needed()
            client.mail("ada@sender.example")
            client.rcpt("someone@example.test")
            code, text = client.data(message(body=body))
            return code, text.decode()

    def test_the_session_waits_for_the_scanner(self):
        clamd = Scanner(self, "clamd")
        server = new_server(self, self.RULES, screening={
            "clamd": {"address": clamd.address, "whenUnavailable": "goOn"}}).start()
        self.assertEqual(self.data(server, EICAR), (550, "5.7.1 Look at your machine"))
        self.assertEqual(self.data(server, large_body(100_000))[0], 250)
        # The rule is about mails of which it is known.
        clamd.stop()
        code, text = self.data(server, EICAR)
        self.assertEqual(code, 250)
        detail = server.settled(text.split()[-1])
        self.assertEqual(verdict(detail, "virus")["status"], "PROCESSING_FAILED")
        trace = server.json("mail", "trace", text.split()[-1])
        self.assertEqual(
            [(rule["rule"], rule["answer"]) for rule in trace["rules"]],
            [("viruses", "conditions"), ("all", "took")])


class Waiting(unittest.TestCase):
    def test_mails_wait_for_a_scanner_that_is_away(self):
        clamd = Scanner(self, "clamd")
        clamd.stop()
        server = new_server(self, RULES, authentication={"enabled": True}, screening={
            "clamd": {"address": clamd.address, "whenUnavailable": "defer"}})
        with open(server.path("zone"), "w", encoding="ascii") as file:
            file.write("$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n NS ns\nns A 127.0.0.1\n")
        server.config["dns"] = {"zones": [{"name": "example", "file": "zone"}],
                                "timeoutSeconds": 2}
        server.start()
        mail = server.send(message())
        server.eventually(lambda: server.log_lines("not judged yet", mail), "the mail waits")
        server.eventually(lambda: server.json("mail", "show", mail)["mail"].get("waitsFor"),
                          "it says why")
        shown = server.json("mail", "show", mail)
        self.assertEqual(shown["mail"]["state"], "acting")
        self.assertIn("clamd", shown["mail"]["waitsFor"])
        self.assertIn("No such file or directory", shown["mail"]["waitsFor"])
        # What is known of it stands there already; who is away is among those that were asked.
        self.assertEqual(verdict(shown, "dkim")["result"], "none")
        self.assertEqual(verdict(shown, "virus")["status"], "PROCESSING_FAILED")
        self.assertEqual([each["asked"] for each in shown["inquiries"]], ["clamd"])
        self.assertRegex(server.cli("mail", "show", mail).stdout,
                         r"waits +it is not judged yet: .*clamd")
        queue = server.cli("queue").stdout
        self.assertIn("acting, unjudged", queue)
        self.assertIn("1 acting (1 unjudged)", queue)
        self.assertIn("1 acting (1 unjudged)", server.cli("status").stdout)
        counted = metrics(server)
        self.assertGreaterEqual(counted['martlet_judgements_total{outcome="postponed"}'], 1)
        self.assertEqual(counted['martlet_mails{state="unjudged"}'], 1)
        self.assertEqual(server.objects(), {})
        # It is looked at again within a minute, or when somebody says so.
        clamd.start()
        server.cli("queue", "retry", mail)
        detail = server.settled(mail)
        self.assertEqual(verdict(detail, "virus")["status"], "PASS")
        self.assertNotIn("waitsFor", detail["mail"])
        self.assertEqual(len(server.objects()), 1)
        self.assertEqual(metrics(server)['martlet_judgements_total{outcome="done"}'], 1)


class Sent(SendingCase):
    """What is sent is looked into, too; SES tells what is found by a Reject."""

    def setUp(self):
        self.clamd = Scanner(self, "clamd")
        self.hop = Hop(self)

    def sender(self, when_unavailable):
        return self.start(self.sending_server(
            self.hop.port, ["far MX 10 mx"],
            screening={"clamd": {"address": self.clamd.address,
                                 "whenUnavailable": when_unavailable}}))

    def test_a_virus_goes_nowhere(self):
        self.sender("defer")
        attached = base64.b64encode(EICAR.encode()).decode()
        mime = ("MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
                "Content-Transfer-Encoding: base64\r\n")
        mail = self.send("ada@far.example", "bob@far.example", headers=mime, body=attached)
        self.tells(mail, "Send", "Reject")
        self.assertEqual(self.event("Reject", mail)["reject"], {"reason": "Bad content"})
        for state, detail in self.recipients(mail).values():
            self.assertEqual(state, "removed")
            self.assertIn(EICAR_SIGNATURE, detail)
        # In a body file; and what holds none goes.
        large = "x\r\n" * 200_000 + "\r\n--b\r\n" + mime.replace("MIME-Version: 1.0\r\n", "")
        self.tells(self.send(
            "ada@far.example", headers="MIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=b\r\n",
            body=f"{large}\r\n{attached}\r\n--b--"), "Send", "Reject")
        self.tells(self.send("ada@far.example"), "Send", "Delivery")
        self.assertEqual(len(self.hop.taken), 1)
        self.assertEqual(self.server.json("suppression", "list"), [])

    def test_a_mail_that_nobody_can_look_into(self):
        self.sender("defer")
        self.clamd.stop()
        code, reply = self.submit("ada@far.example")
        self.assertEqual(code, 451)
        self.assertEqual(reply, b"Temporary service failure")
        self.sender("goOn")
        self.tells(self.send("ada@far.example"), "Send", "Delivery")


class Lists(unittest.TestCase):
    def test_a_peer_that_is_listed(self):
        names = Nameserver(self)
        names.publish("2.0.0.127.bl IN A 127.0.0.4", "3.0.0.127.bl IN A 127.255.255.254")
        dns = {"servers": [{"address": "127.0.0.1", "port": names.port}]}
        server = new_server(self, RULES, dns=dns, screening={
            "grayScore": 3, "failScore": 7, "lists": [
                {"name": "ours", "zone": "bl.zone.test", "kind": "block", "answers": [
                    {"match": "127.0.0.2", "score": 3}, {"match": "127.0.0.4", "score": 8}]}]
        }).start()

        seen = set()

        def spam(peer):
            with server.client(source_address=(peer, 0)) as client:
                client.sendmail("ada@sender.example", ["someone@example.test"], message())
            mail = server.eventually(
                lambda: [each["id"] for each in server.mails() if each["id"] not in seen],
                "the mail has come")[0]
            seen.add(mail)
            return verdict(server.settled(mail), "spam")

        listed = spam("127.0.0.2")
        self.assertEqual(listed["status"], "FAIL")
        self.assertIn("ours has 2.0.0.127: 127.0.0.4, score 8", listed["reason"])
        refused = spam("127.0.0.3")
        self.assertEqual(refused["status"], "PROCESSING_FAILED")
        self.assertIn("it refuses to answer (127.255.255.254)", refused["reason"])
        self.assertEqual(spam("127.0.0.5")["status"], "PASS")
        # Who was asked stands in the trace, also where it knew nothing.
        asked = [
            [(each["asked"], each["about"], each["answer"], each["score"])
             for each in server.json("mail", "trace", mail)["inquiries"]]
            for mail in sorted(seen)]
        self.assertEqual(asked, [
            [("ours", "address 2.0.0.127", "127.0.0.4", 8)],
            [("ours", "address 3.0.0.127", "no answer: it refuses to answer (127.255.255.254)", 0)],
            [("ours", "address 5.0.0.127", "not listed", 0)]])
        text = server.cli("mail", "trace", min(seen)).stdout
        self.assertRegex(text, r"ours +address 2\.0\.0\.127 +8 +- +127\.0\.0\.4")


class ScanEnabled(unittest.TestCase):
    """SES: a mail is scanned where a rule that takes it says so."""

    def test_nobody_is_asked_for_rules_that_do_not_scan(self):
        rules = """
            ruleSet: main
            rules:
              - name: scanned
                recipients: [scanned@example.test]
                scan: true
                actions:
                  - store: {bucket: mail, prefix: scanned/}
              - name: all
                actions:
                  - store: {bucket: mail, prefix: all/}
            """
        clamd = Scanner(self, "clamd")
        server = new_server(self, rules, screening={
            "clamd": {"address": clamd.address, "whenUnavailable": "defer"}}).start()
        head = {}

        def send(to):
            mail = server.send(message(), to=to)
            found = verdict(server.settled(mail), "virus")
            for key, stored in server.objects().items():
                if key.endswith(mail):
                    head[key.split("/")[0]] = stored.split(b"\r\n\r\n")[0]
            return found["status"], found["reason"]

        self.assertEqual(send("scanned@example.test")[0], "PASS")
        # Each rule sees what it asked for.
        self.assertIn(b"\r\nX-SES-Virus-Verdict: PASS\r\n", head["scanned"])
        self.assertNotIn(b"X-SES-Virus-Verdict", head["all"])
        # Nothing waits for a scanner that nobody asks for.
        clamd.stop()
        self.assertEqual(send("other@example.test"),
                         ("DISABLED", "no rule that takes the mail scans"))
        self.assertNotIn(b"X-SES-Virus-Verdict", head["all"])

    def test_check_says_that_nobody_will_be_asked(self):
        server = new_server(self, screening={
            "clamd": {"address": "/run/clamd", "whenUnavailable": "goOn"}})
        server.write_config()
        self.assertIn("warning: screening names whom to ask, and no rule asks for it (scan: true)",
                      server.cli("check").stderr)
        server.write_rules(RULES)
        self.assertNotIn("no rule asks", server.cli("check").stderr)
