"""What leaves is signed, and others find so: dkimpy, OpenDKIM's library and rspamd, each by the
records that a name server has."""

import http.client
import json
import os
import socket
import subprocess
import unittest

from hop import Hop
from nameserver import Nameserver
from scanners import Scanner
from sending import SendingCase
from support import DEADLINE_SECONDS, PROJECT, large_body
from test_sns import ENVIRONMENT

OPENDKIM = os.path.join(PROJECT, "var/peers/opendkim")
LIBRARIES = os.path.join(OPENDKIM, "root/usr/lib/x86_64-linux-gnu")
# Whom rspamd takes the mail to come from.
ADDRESS = "192.0.2.25"

# Signed once more than they are there: nobody can add one. The others: as often as they are there.
OVER_SIGNED = {"from", "to", "subject", "date", "message-id", "reply-to", "mime-version",
               "content-type", "content-transfer-encoding"}
SIGNED = {"list-unsubscribe", "list-unsubscribe-post"}


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE_SECONDS)
        self.sock.connect(self.host)


class Signatures(SendingCase):
    identities = ()

    @classmethod
    def setUpClass(cls):
        for script in (["scripts/python-env", ENVIRONMENT],
                       ["scripts/fetch-peer", "opendkim", OPENDKIM]):
            subprocess.run([os.path.join(PROJECT, script[0]), *script[1:]], check=True,
                           stdin=subprocess.DEVNULL, timeout=5 * DEADLINE_SECONDS)

    def setUp(self):
        self.names = Nameserver(self, zone="example")
        self.hop = Hop(self)
        self.lines = [
            "far MX 10 hop", "hop A 127.0.0.1", f"mail A {ADDRESS}",
            '_dmarc.shop TXT "v=DMARC1; p=reject; aspf=s; adkim=s"']

    def start_sending(self, service_domain=None, rules=None, **config):
        server = self.sending_server(self.hop.port, **config)
        if rules:
            server.write_rules(rules)
        server.config["hostname"] = "mail.example"
        server.config["dns"] = {
            "servers": [{"address": "127.0.0.1", "port": self.names.port}],
            "trustAnchor": self.names.anchor, "timeoutSeconds": 5}
        if service_domain:
            server.config["sending"]["serviceDomain"] = service_domain
        self.start(server)
        self.identity("add", "shop.example", "--trusted")

    def identity(self, *arguments):
        self.server.cli("identity", *arguments)

    def publish(self):
        """What the server says is to be published, as it prints it, beside what stands there."""
        lines = self.server.cli("identity", "show", "shop.example").stdout.splitlines()
        if self.server.config["sending"].get("serviceDomain"):
            lines += self.server.cli("zone", "export").stdout.splitlines()
        self.names.publish(
            *self.lines,
            *(line.replace(" 1800 IN ", " 1 IN ") for line in lines if line[:1] != ";"))

    def shown(self):
        return self.server.json("identity", "show", "shop.example")

    def becomes_good(self, *parts):
        """Has the records looked for until each of `parts` (`dkim`, `mailFrom`) is found."""
        def found():
            self.server.cli("identity", "check", "shop.example", status=None)
            shown = self.shown()
            return all(shown[part]["status"] == "SUCCESS" and "errorType" not in shown[part]
                       for part in parts)
        self.server.eventually(found, f"the records of {parts} are found")

    def start_dkim(self, service_domain=None):
        self.start_sending(service_domain)
        self.identity("dkim", "start", "shop.example")
        self.publish()
        self.becomes_good("dkim")

    def arrived(self, **options):
        """A mail as the next hop has it, once it is sent."""
        count = len(self.hop.taken)
        self.send("ada@far.example", **options)
        self.server.eventually(lambda: len(self.hop.taken) > count, "the mail arrives")
        return self.hop.taken[-1]

    def verify(self, content):
        """What the two libraries say: signatures in their order, by library."""
        done = subprocess.run(
            [os.path.join(ENVIRONMENT, "bin/python"),
             os.path.join(PROJECT, "Tests/BlackBox/signature_verify.py"), str(self.names.port),
             os.path.join(LIBRARIES, "libopendkim.so.11")],
            input=content, capture_output=True, timeout=DEADLINE_SECONDS,
            env={**os.environ, "LD_LIBRARY_PATH": LIBRARIES})
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return json.loads(done.stdout)

    def keys(self, state="active"):
        return {key["selector"]: key["algorithm"] for key in self.shown()["dkim"]["keys"]
                if key["state"] == state}

    def assert_verified(self, content, selectors):
        """Each library finds the signatures of all `selectors` good, and no other one."""
        found = self.verify(content)
        for library in ("dkimpy", "opendkim"):
            self.assertEqual(
                {each["selector"]: each["result"] for each in found[library]},
                {selector: "pass" for selector in selectors}, library)
        for each in found["dkimpy"] + found["opendkim"]:
            self.assertEqual(each["domain"], "shop.example")
        return found

    def symbols(self, taken):
        """What rspamd says of a mail that has come from `ADDRESS`: each symbol with its words."""
        connection = UnixConnection(self.rspamd.address)
        connection.request("POST", "/checkv2", taken.content, {
            "From": f"<{taken.path}>", "Rcpt": taken.recipients[0], "IP": ADDRESS,
            "Helo": "mail.example", "Hostname": "mail.example"})
        answer = json.load(connection.getresponse())
        connection.close()
        return {name: each.get("options", []) for name, each in answer["symbols"].items()}

    # Tests

    def test_both_signatures_verify_by_records_in_the_zone(self):
        self.start_dkim()
        taken = self.arrived()
        selectors = self.keys()
        self.assertEqual(sorted(selectors.values()), ["ed25519", "rsa"])
        found = self.assert_verified(taken.content, selectors)
        self.assertEqual([each["algorithm"] for each in found["dkimpy"]],
                         ["rsa-sha256", "ed25519-sha256"])
        # Who has seen it cannot change it, nor add what a reader would show in its place.
        for change in ((b"Subject: Order", b"Subject: Older"), (b"Hello.", b"Hallo."),
                       (b"Subject: Order", b"Subject: Order\r\nSubject: Other"),
                       (b"Subject: Order", b"Subject: Order\r\nFrom: eve@other.example")):
            with self.subTest(change):
                found = self.verify(taken.content.replace(*change))
                for each in found["dkimpy"] + found["opendkim"]:
                    self.assertNotEqual(each["result"], "pass")

    def test_both_signatures_verify_by_aliases_into_the_service_domain(self):
        self.start_dkim(service_domain="send.example")
        records = [key["recordToPublish"] for key in self.shown()["dkim"]["keys"]]
        self.assertEqual(len(records), 3)
        for record in records:
            self.assertRegex(
                record, r"_domainkey\.shop\.example\. .* CNAME .*\.dkim\.send\.example\.")
        self.assert_verified(self.arrived().content, self.keys())

    def test_what_is_signed(self):
        self.start_dkim()
        taken = self.arrived(headers=(
            "Reply-To: help@shop.example\r\nDate: Sat, 28 Nov 2026 09:00:00 +0000\r\n"
            "List-Unsubscribe: <https://shop.example/u/1>,\r\n <mailto:u@shop.example>\r\n"
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n"), body="grün \r\n\r\n  .\r\n.\r\n..\r\n\r\n")
        for each in self.assert_verified(taken.content, self.keys())["dkimpy"]:
            fields = each["fields"]
            for name in OVER_SIGNED:
                self.assertEqual(fields.count(name), 2, f"{name} in {fields}")
            for name in SIGNED | {"cc"}:
                self.assertEqual(fields.count(name), 1, f"{name} in {fields}")
            for name in ("received", "return-path", "x-ses-outgoing", "feedback-id"):
                self.assertNotIn(name, fields)

    def test_mails_of_any_size_and_shape(self):
        self.start_dkim()
        selectors = self.keys()
        for name, body in (("empty", ""), ("lines alone", "\r\n\r\n\r\n"),
                           ("spaces", " \t \r\n a\t b  "),
                           ("long lines", ("gr\u00fcn" * 600 + " \r\n" + " " * 3_000 + "\r\n") * 9),
                           ("large", large_body(2_000_000).replace("\n", "\r\n"))):
            with self.subTest(name):
                self.assert_verified(self.arrived(body=body).content, selectors)

    def test_rspamd_finds_it_aligned(self):
        self.rspamd = Scanner(self, "rspamd", self.names.port)
        self.start_sending()
        self.publish()
        found = self.symbols(self.arrived())
        self.assertIn("DMARC_POLICY_REJECT", found, "neither signed nor of its own path")
        # By its return path alone.
        self.identity("mail-from", "set", "shop.example", "bounce.shop.example")
        self.publish()
        self.becomes_good("mailFrom")
        taken = self.arrived()
        self.assertTrue(taken.path.endswith("@bounce.shop.example"), taken.path)
        found = self.symbols(taken)
        self.assertIn("R_SPF_ALLOW", found)
        # Strict alignment wants the very domain, and it is below it.
        self.assertIn("DMARC_POLICY_REJECT", found)
        # By its signatures.
        self.identity("dkim", "start", "shop.example")
        self.publish()
        self.becomes_good("dkim")
        found = self.symbols(self.arrived())
        self.assertIn("DMARC_POLICY_ALLOW", found)
        self.assertEqual(
            sorted(found["R_DKIM_ALLOW"]),
            sorted(f"shop.example:s={selector}" for selector in self.keys()))

    def test_what_is_sent_on_is_sealed(self):
        """Twice through us: the second seal stands on the first, and both on what was found."""
        self.rspamd = Scanner(self, "rspamd", self.names.port)
        self.start_sending(authentication={"enabled": True}, rules="""
            ruleSet: main
            rules:
              - name: on
                recipients: [shop.example]
                actions:
                  - forward: {to: ada@far.example}
            """)
        self.identity("dkim", "start", "shop.example")
        self.publish()
        self.becomes_good("dkim")
        selectors = self.keys()
        mail = (b"From: eve@far.example\r\nTo: team@shop.example\r\nSubject: x\r\n"
                b"Date: Sat, 28 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@far.example>\r\n"
                b"\r\nHello.\r\n")
        for round in (1, 2):
            recipient = f"round-{round}@shop.example"
            self.server.send(mail, recipient, sender="eve@far.example")
            self.server.eventually(lambda: len(self.hop.taken) == round, "it is sent on")
            mail = self.hop.taken[-1].content
            found = self.verify(mail)
            self.assertEqual(found["arc"]["result"], "pass", found["arc"])
            self.assertEqual(found["arc"]["sealers"], ["shop.example"] * round)
            ours = [each for each in found["dkimpy"] if each["result"] == "pass"]
            self.assertEqual({each["selector"] for each in ours}, set(selectors))
            self.assertIn(f"ARC-Authentication-Results: i={round}; mail.example".encode(), mail)
            self.assertIn("ARC_ALLOW", self.symbols(self.hop.taken[-1]))

    def test_what_rules_tell_senders_is_signed(self):
        self.lines.append('far TXT "v=spf1 ip4:127.0.0.0/8 -all"')
        self.start_sending(authentication={"enabled": True}, rules="""
            ruleSet: main
            rules:
              - name: back
                recipients: [gone@shop.example]
                actions:
                  - bounce: {template: MailboxDoesNotExist, sender: desk@shop.example}
              - name: away
                recipients: [away@shop.example]
                actions:
                  - reply: {text: "I am away.", html: "<p>I am away.</p>"}
            """)
        self.identity("dkim", "start", "shop.example")
        self.publish()
        self.becomes_good("dkim")
        selectors = self.keys()
        for count, recipient in enumerate(("gone@shop.example", "away@shop.example"), 1):
            self.server.send(
                f"From: eve@far.example\r\nTo: {recipient}\r\n\r\nHello.\r\n".encode(),
                recipient, sender="eve@far.example")
            self.server.eventually(lambda: len(self.hop.taken) == count, "the sender is told")
            found = self.verify(self.hop.taken[-1].content)
            self.assertEqual({each["selector"] for each in found["dkimpy"]
                              if each["result"] == "pass"}, set(selectors))

    def test_a_path_of_its_own_that_is_not_set_up(self):
        self.start_sending()
        self.publish()
        self.identity("mail-from", "set", "shop.example", "bounce.shop.example")
        self.assertTrue(self.arrived().path.endswith("@mail.example"))
        self.identity("mail-from", "set", "--reject", "shop.example", "bounce.shop.example")
        code, reply = self.submit("ada@far.example")
        self.assertEqual(code, 554, reply)
        self.assertIn(b"bounce.shop.example", reply)
        self.publish()
        self.becomes_good("mailFrom")
        self.assertTrue(self.arrived().path.endswith("@bounce.shop.example"))

    def test_a_key_of_the_owners_follows(self):
        self.start_dkim()
        before = self.arrived().content
        old = self.keys()
        path = self.server.path("own.pem")
        subprocess.run(["openssl", "genrsa", "-out", path, "1024"], check=True,
                       capture_output=True, timeout=DEADLINE_SECONDS)
        self.identity("dkim", "bring", "shop.example", "own2026", path)
        # Until its record is found the others sign.
        self.assert_verified(self.arrived().content, old)
        self.publish()
        self.becomes_good("dkim")
        self.assertEqual(self.keys(), {"own2026": "rsa"})
        self.assert_verified(self.arrived().content, {"own2026": "rsa"})
        # What is on its way still verifies: the old records stay.
        self.assertEqual(self.keys("retiring"), old)
        self.publish()
        self.assert_verified(before, old)

    def test_a_key_is_changed_while_mails_are_on_their_way(self):
        self.start_dkim(service_domain="send.example")
        before = self.arrived().content
        old = self.keys()
        self.let_days_pass(91)
        self.becomes_good("dkim")
        new = self.keys()
        self.assertEqual(len(new), 2)
        self.assertEqual(len(set(new) - set(old)), 1, "one key of the two was followed")
        self.publish()
        self.assert_verified(self.arrived().content, new)
        self.assert_verified(before, old)

    def let_days_pass(self, days):
        """The times of all keys are so many days earlier."""
        with self.store_of_a_stopped_server() as database:
            for row, facts in database.execute("SELECT rowid, facts FROM dkim_key").fetchall():
                facts = json.loads(facts)
                for name in ("since", "createdAt", "foundAt"):
                    if name in facts:
                        facts[name] -= days * 86_400_000
                database.execute("UPDATE dkim_key SET facts = ? WHERE rowid = ?",
                                 (json.dumps(facts), row))


if __name__ == "__main__":
    unittest.main()
