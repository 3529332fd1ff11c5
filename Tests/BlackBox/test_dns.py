"""Identities and the names of peers, by DNS: against Debian's name server, with a signed zone and a forged one."""

import socket
import unittest

from nameserver import Nameserver
from support import DEADLINE_SECONDS, Dialog, message, new_server, queued_id


class Identities(unittest.TestCase):
    def setUp(self):
        self.names = Nameserver(self)
        self.server = new_server(self, dns={
            "servers": [{"address": "127.0.0.1", "port": self.names.port}],
            "trustAnchor": self.names.anchor, "timeoutSeconds": 5,
        }).start(identities=())

    def add(self, name="ours.zone.test"):
        """Adds a domain; answers the line for its zone, and its token."""
        added = self.server.json("identity", "add", name)
        self.assertEqual(added["status"], "PENDING")
        (line,) = added["recordsToPublish"]
        token = line.split('"')[1]
        self.assertEqual(len(token), 44)
        self.assertEqual(line, f'_amazonses.{name}. 1800 IN TXT "{token}"')
        return line.replace(" 1800 ", " 1 "), token

    def check(self, name="ours.zone.test", status=0):
        self.server.cli("identity", "check", name, status=status)
        return self.server.json("identity", "show", name)

    def becomes(self, error, name="ours.zone.test"):
        """Checks until the last thing found is `error`: what the resolver keeps is kept for a
        second."""
        def found():
            self.server.cli("identity", "check", name, status=None)
            shown = self.server.json("identity", "show", name)
            return shown if shown.get("errorType") == error else None
        return self.server.eventually(found, f"{name} is found {error}")

    def test_a_published_record_verifies_the_domain(self):
        line, token = self.add()
        self.assertEqual(self.server.rcpt("any@ours.zone.test")[0], 550)
        self.names.publish(line)
        shown = self.becomes(None)
        self.assertEqual(shown["status"], "SUCCESS")
        self.assertEqual(shown["found"], [f'"{token}"'])
        self.assertIn("proven by DNSSEC", shown["finding"])
        self.assertEqual(self.server.rcpt("any@ours.zone.test")[0], 250)
        self.assertEqual(self.server.rcpt("any@sub.ours.zone.test")[0], 250)
        self.server.stop()
        self.server.launch()
        self.server.eventually(self.server.is_ready, "the server is ready again")
        self.assertEqual(self.server.rcpt("any@ours.zone.test")[0], 250)

    def test_it_looks_by_itself(self):
        self.add()
        self.server.eventually(
            lambda: self.server.json("identity", "show", "ours.zone.test").get("lastCheckedAt"),
            "the record was looked for")

    def test_the_text_for_people_is_a_zone_file(self):
        line, token = self.add()
        self.server.eventually(
            lambda: "looked at" in self.server.cli("identity", "show", "ours.zone.test").stdout,
            "the record was looked for")
        for command in (("identity", "add", "ours.zone.test"),
                        ("identity", "show", "ours.zone.test")):
            text = self.server.cli(*command).stdout
            self.assertIn(token, text)
            self.names.publish(*text.splitlines())
        listed = self.server.cli("identity").stdout
        self.assertIn("PENDING", listed)
        self.assertIn(line.replace(" 1 ", " 1800 "), listed)
        self.assertEqual(self.becomes(None)["status"], "SUCCESS")

    def test_what_is_there_instead(self):
        _, token = self.add()
        shown = self.check(status=1)
        self.assertEqual(shown["errorType"], "HOST_NOT_FOUND")
        self.names.publish("_amazonses.ours A 192.0.2.1")
        self.becomes("TYPE_NOT_FOUND")
        self.names.publish(rf'_amazonses.ours TXT "{token}x" "\010\"quoted\""',
                           '_amazonses.ours TXT "v=spf1 -all"')
        shown = self.becomes("INVALID_VALUE")
        self.assertCountEqual(
            shown["found"], [rf'"{token}x" "\010\"quoted\""', '"v=spf1 -all"'])
        text = self.server.cli("identity", "show", "ours.zone.test").stdout
        self.assertIn(rf'; found: "{token}x" "\010\"quoted\""', text)
        self.assertEqual(self.server.rcpt("any@ours.zone.test")[0], 550)

    def test_a_forged_answer_proves_nothing(self):
        line, token = self.add()
        forged = token[:-2] + "x="
        self.names.publish(line.replace(token, forged), forge={forged: token})
        shown = self.becomes("DNS_SERVER_ERROR")
        self.assertEqual(shown["status"], "PENDING")
        self.assertIn("forged", shown["finding"])
        self.assertIn("signature", shown["finding"])
        self.assertEqual(self.server.rcpt("any@ours.zone.test")[0], 550)

    def test_a_token_in_several_strings(self):
        _, token = self.add()
        self.names.publish(f'_amazonses.ours TXT "{token[:9]}" "{token[9:]}"')
        self.assertEqual(self.becomes(None)["found"], [f'"{token[:9]}" "{token[9:]}"'])

    def test_a_record_behind_an_alias(self):
        _, token = self.add()
        self.names.publish("_amazonses.ours CNAME elsewhere", f'elsewhere TXT "{token}"')
        self.assertEqual(self.becomes(None)["status"], "SUCCESS")

    def test_an_answer_too_large_for_udp_comes_by_tcp(self):
        line, _ = self.add()
        others = [f'_amazonses.ours TXT "{n:02}{"x" * 250}"' for n in range(12)]
        self.names.publish(*others, line)
        shown = self.becomes(None)
        self.assertEqual(shown["status"], "SUCCESS")
        self.assertEqual(shown["found"][-1], "; and 3 more")

    def test_an_answer_larger_than_we_take(self):
        line, _ = self.add()
        others = [f'_amazonses.ours TXT "{n:02}{"x" * 250}"' for n in range(70)]
        self.names.publish(*others, line)
        self.assertIn("larger than we take", self.becomes("SERVICE_ERROR")["finding"])

    def test_a_dns_that_is_away_changes_nothing(self):
        line, _ = self.add()
        self.names.publish(line)
        self.becomes(None)
        self.names.stop()
        shown = self.becomes("DNS_SERVER_ERROR")
        self.assertEqual(shown["status"], "SUCCESS")
        self.assertEqual(self.server.rcpt("any@ours.zone.test")[0], 250)
        self.names.start()
        self.becomes(None)

    def test_a_record_that_is_gone(self):
        line, _ = self.add()
        self.names.publish(line)
        self.becomes(None)
        self.names.publish()
        shown = self.becomes("HOST_NOT_FOUND")
        self.assertEqual(shown["status"], "TEMPORARY_FAILURE")
        self.assertIn("statusEndsAt", shown)
        # SES: it stays usable for 72 hours.
        self.assertEqual(self.server.rcpt("any@ours.zone.test")[0], 250)
        self.names.publish(line)
        self.assertEqual(self.becomes(None)["status"], "SUCCESS")

    def test_by_the_operators_word(self):
        address = self.server.cli("identity", "add", "ada@ours.zone.test", status=1)
        self.assertIn("--trusted", address.stderr)
        self.server.cli("identity", "add", "ours.zone.test", "--trusted")
        self.assertEqual(self.server.rcpt("any@ours.zone.test")[0], 250)
        check = self.server.cli("identity", "check", "ours.zone.test", status=1)
        self.assertIn("by your word", check.stderr)
        trusted = self.server.json("identity", "add", "b.zone.test", "--trusted")
        self.assertEqual((trusted["status"], trusted["isTrusted"]), ("SUCCESS", True))
        self.assertEqual(
            self.server.cli("identity", "show", "ours.zone.test").stdout.splitlines(),
            ["; ours.zone.test (domain) is verified by your word",
             "; no DKIM of its own: unless a parent domain signs, its mail leaves unsigned; "
             "martlet identity dkim start ours.zone.test"])


class Settings(unittest.TestCase):
    def test_the_name_of_the_record(self):
        server = new_server(
            self, identities={"verificationPrefix": "_mx.verify"}).start(identities=())
        added = server.json("identity", "add", "ours.test")
        self.assertTrue(added["recordsToPublish"][0].startswith("_mx.verify.ours.test. "))


class PeerNames(unittest.TestCase):
    """Peers are who a proxy's header says; one zone has the names of their addresses, and the
    addresses of these names."""

    def setUp(self):
        self.names = Nameserver(self, zone="in-addr.arpa")
        self.server = None
        self.names.publish(
            "1.2.0.192 PTR mail", "mail A 192.0.2.1",
            "2.2.0.192 PTR bank", "bank A 192.0.2.99",
            r"3.2.0.192 PTR bad\010\(name\).in-addr.arpa.")

    def start(self, **settings):
        self.server = new_server(
            self, listeners=[{"address": "127.0.0.1", "port": 0, "proxyFrom": ["127.0.0.1"]}],
            dns={"servers": [{"address": "127.0.0.1", "port": self.names.port}]},
            **settings).start()

    def deliver(self, peer):
        connection = socket.create_connection(("127.0.0.1", self.server.port), DEADLINE_SECONDS)
        with Dialog(connection) as dialog:
            dialog.send(f"PROXY TCP4 {peer} {peer} 50000 25\r\n".encode())
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            dialog.send(message() + b".\r\n")
            mail = queued_id(dialog.reply())
        return mail, self.server.json("mail", "show", mail)

    def known(self, peer):
        """A mail of a peer whose name is known: the first may come too soon."""
        def arrived():
            mail, shown = self.deliver(peer)
            return (mail, shown) if shown["peerNameState"] != "unknown" else None
        return self.server.eventually(arrived, f"the name of {peer} is known")

    def test_a_name_that_leads_back(self):
        self.start()
        mail, shown = self.known("192.0.2.1")
        self.assertEqual(
            (shown["peerNameState"], shown["peerName"]), ("verified", "mail.in-addr.arpa"))
        received = self.server.raw(mail, "--stored").decode().split("\r\n")[1]
        self.assertEqual(received, "Received: from client.example (mail.in-addr.arpa [192.0.2.1])")
        self.server.logged("accepted", mail, "name=mail.in-addr.arpa")
        self.assertIn("mail.in-addr.arpa (verified)", self.server.cli("mail", "show", mail).stdout)

    def test_a_name_that_anybody_may_write(self):
        self.start()
        mail, shown = self.known("192.0.2.2")
        self.assertEqual(
            (shown["peerNameState"], shown["peerName"]), ("unconfirmed", "bank.in-addr.arpa"))
        self.assertIn(b"(unknown [192.0.2.2])", self.server.raw(mail, "--stored"))
        self.server.logged("accepted", mail, "name=unknown")

    def test_a_name_that_is_none(self):
        self.start()
        _, shown = self.known("192.0.2.3")
        self.assertEqual(shown["peerNameState"], "absent")
        _, shown = self.known("192.0.2.4")
        self.assertEqual(shown["peerNameState"], "absent")

    def test_nobody_waits_for_a_dns_that_is_away(self):
        self.start()
        self.names.stop()
        _, shown = self.deliver("192.0.2.1")
        self.assertEqual(shown["peerNameState"], "unknown")

    def test_nobody_is_asked(self):
        self.start(sessions={"peerNames": False})
        for _ in range(3):
            self.assertEqual(self.deliver("192.0.2.1")[1]["peerNameState"], "unknown")
