"""By which TLS a mail leaves, or that it does not, and what its sender is told: MTA-STS, DANE, null
MX, smart hosts, REQUIRETLS, and reports that were asked for."""

import email
import http.server
import ssl
import subprocess
import threading
import unittest

import peers
from hop import Hop, by_recipient
from nameserver import Nameserver
from sending import SendingCase
from support import DEADLINE_SECONDS, IS_ROOT, new_server

# In a mount namespace of its own: the files of the folder `machine` in place of those of this
# machine, so that names and authorities are those of the test.
MACHINE = ["unshare", "-m", "sh", "-c", """
    mount --bind machine/hosts /etc/hosts && mount --bind machine/certs /etc/ssl/certs && exec "$@"
    """, "sh"]


def certificate(server, name, authority=None):
    """A context with a certificate for `name`, of the authority of `make_authority` or its own."""
    path = server.path(name)
    signer = [] if authority is None else [
        "-CA", server.path("authority.pem"), "-CAkey", server.path("authority.key"),
        "-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{path}.key", "-out", f"{path}.pem",
         "-addext", f"subjectAltName=DNS:{name}", *signer],
        check=True, capture_output=True, timeout=DEADLINE_SECONDS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{path}.pem", f"{path}.key")
    return context


class Exchangers(SendingCase):
    def test_a_domain_without_mail_bounces_at_once(self):
        hop = Hop(self)
        self.start(self.sending_server(hop.port, ["none MX 0 ."]))
        mail = self.send("ada@none.example")
        self.becomes(mail, "bounced", "null MX")
        self.tells(mail, "Send", "Bounce")
        bounce = self.bounce_of(mail)
        self.assertEqual(bounce["bounceType"], "Permanent")
        self.assertEqual(bounce["bouncedRecipients"][0]["status"], "5.1.10")
        mail = self.send("ada@absent.example")
        self.becomes(mail, "bounced", "there is no domain")
        self.assertEqual(
            self.bounce_of(mail)["bouncedRecipients"][0]["status"], "5.1.2")
        self.assertEqual(hop.connections, 0)

    def test_the_next_exchanger_is_asked_where_one_is_away(self):
        hop = Hop(self)
        self.start(self.sending_server(
            hop.port, ["far MX 10 away", "away A 127.0.0.9", "far MX 20 mx"]))
        mail = self.send("ada@far.example")
        self.becomes(mail, "delivered")
        self.tells(mail, "Send", "Delivery")

    def test_every_way_that_the_dns_names(self):
        hop = Hop(self)
        self.start(self.sending_server(hop.port, [
            "direct A 127.0.0.1", "alias CNAME direct", "behind MX 10 alias",
            "both MX 10 twofold", "twofold A 127.0.0.1", "twofold AAAA ::1",
            "xn--grn-hoa MX 10 mx", "*.wild MX 10 mx"]))
        recipients = ["direct.example", "alias.example", "behind.example", "both.example",
                      "xn--grn-hoa.example", "any.wild.example", "[127.0.0.1]"]
        for domain in recipients:
            with self.subTest(domain):
                mail = self.send(f"ada@{domain}")
                self.becomes(mail, "delivered")
                self.assertEqual(len(hop.mails(f"ada@{domain}")), 1)
        # One mail to all of them goes to each once.
        hop.taken.clear()
        mail = self.send(*(f"bob@{domain}" for domain in recipients))
        self.server.eventually(lambda: len(hop.taken) == len(recipients), "all have it")
        self.assertEqual(sorted(taken.recipients for taken in hop.taken),
                         sorted((f"bob@{domain}",) for domain in recipients))

    def test_what_a_next_hop_cannot_take_bounces(self):
        hop = Hop(self, offers=["SIZE 100000"])
        self.start(self.sending_server(hop.port, ["far MX 10 mx", "shop MX 10 mx"]))
        for recipient, options, body, status in (
                ("eight@far.example", ["BODY=8BITMIME"], "grün", "5.6.3"),
                ("grün@far.example", ["SMTPUTF8"], "Hello.", "5.6.7"),
                ("large@far.example", [], "x" * 70 + "\r\n" + "y\r\n" * 60_000, "5.3.4")):
            with self.subTest(recipient):
                hop.taken.clear()
                mail = self.send(recipient, body=body, mail_options=options)
                self.becomes(mail, "bounced")
                bounced, = self.bounce_of(mail)["bouncedRecipients"]
                self.assertEqual(bounced["status"], status)
                # The report of it is one that the same host takes.
                self.server.eventually(
                    lambda: hop.mails("news@shop.example"), "the sender has a report")
                report, = hop.mails("news@shop.example")
                self.assertIn(f"\r\nStatus: {status}\r\n".encode(), report.content)
                self.assertTrue(report.content.isascii())

    def test_any_certificate_will_do_where_none_is_asked_for(self):
        server = self.sending_server(1, ["far MX 10 mx"])
        hop = Hop(self, context=certificate(server, "other.example"))
        server.config["delivery"]["port"] = hop.port
        self.start(server)
        self.becomes(self.send("ada@far.example"), "delivered")
        self.assertEqual(hop.taken[0].tls, "TLSv1.3")


@unittest.skipUnless(IS_ROOT, "names and authorities of the test take a mount namespace")
class Machine(SendingCase):
    """With an authority that the server trusts, and a file of hosts that it reads."""

    def machine_server(self, zone=None, hosts=""):
        server = self.sending_server(1, zone)
        peers.make_authority(server)
        for folder in ("machine", "machine/certs"):
            subprocess.run(["mkdir", "-p", server.path(folder)], check=True)
        with open(server.path("authority.pem"), encoding="ascii") as file:
            authority = file.read()
        for name, text in (("hosts", f"127.0.0.1 localhost\n{hosts}"),
                           ("certs/ca-certificates.crt", authority)):
            with open(server.path("machine", name), "w", encoding="ascii") as file:
                file.write(text)
        server.wrapper = MACHINE
        return server

    # MTA-STS

    def policy_host(self, server, text, address="127.83.84.83"):
        """A web server that has a policy for far.example, on the one port where it is asked for."""
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/.well-known/mta-sts.txt" else 404)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass
        web = http.server.ThreadingHTTPServer((address, 443), Handler)
        web.socket = certificate(server, "mta-sts.far.example", "ours").wrap_socket(
            web.socket, server_side=True)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        self.addCleanup(web.server_close)
        self.addCleanup(web.shutdown)

    def start_with_policy(self, mode, name, authority="ours"):
        """far.example has a policy that names mx.example, which has a certificate for `name`."""
        server = self.machine_server(
            ["far MX 10 mx", '_mta-sts.far TXT "v=STSv1; id=1"'],
            hosts="127.83.84.83 mta-sts.far.example\n")
        server.config["http"] = {"allow": ["127.0.0.0/8"]}
        self.policy_host(
            server, f"version: STSv1\nmode: {mode}\nmx: mx.example\nmax_age: 86400\n")
        hop = Hop(self, context=certificate(server, name, authority))
        server.config["delivery"]["port"] = hop.port
        self.start(server)
        return hop

    def test_mta_sts_takes_the_right_certificate(self):
        hop = self.start_with_policy("enforce", "mx.example")
        mail = self.send("ada@far.example")
        self.becomes(mail, "delivered")
        self.assertEqual(hop.taken[0].tls, "TLSv1.3")

    def test_mta_sts_takes_no_other(self):
        hop = self.start_with_policy("enforce", "other.example")
        mail = self.send("ada@far.example")
        detail = self.becomes(mail, "queued", "certificate")
        self.assertIn("another name", detail)
        self.assertEqual(hop.taken, [])
        self.tells(mail, "Send", "DeliveryDelay")

    def test_what_came_of_tls_is_told_by_day(self):
        hop = self.start_with_policy("testing", "other.example")
        self.becomes(self.send("ada@far.example"), "delivered")
        right = certificate(self.server, "mx.example", "ours")
        hop.context = right
        hop.end_connections()
        self.becomes(self.send("bob@far.example"), "delivered")

        def told():
            return sorted(
                (row["policyDomain"], row["policyType"], row["receivingMX"], row.get("failure", ""))
                for row in self.server.json("tls-results"))
        expected = [("far.example", "sts", "mx.example", ""),
                    ("far.example", "sts", "mx.example", "certificate-host-mismatch")]
        self.assertEqual(told(), expected)
        # What was in memory alone is there after a restart.
        self.server.stop()
        self.server.start(identities=())
        self.assertEqual(told(), expected)
        self.assertEqual(self.server.json("tls-results", "--day", "2020-01-01"), [])
        self.server.cli("tls-results", "--day", "yesterday", status=1)

    def test_mta_sts_takes_no_authority_that_nobody_knows(self):
        hop = self.start_with_policy("enforce", "mx.example", authority=None)
        mail = self.send("ada@far.example")
        self.becomes(mail, "queued", "nobody whom we trust vouches")
        self.assertEqual(hop.taken, [])

    def test_mta_sts_in_testing_only_tells(self):
        hop = self.start_with_policy("testing", "other.example")
        self.becomes(self.send("ada@far.example"), "delivered")
        self.assertEqual(hop.taken[0].tls, "TLSv1.3")
        self.assertEqual(hop.connections, 2)

    # Smart hosts

    def start_with_smart_host(self, name, is_implicit=False, offers=("AUTH PLAIN LOGIN",), **acts):
        server = self.machine_server([])
        hop = Hop(self, acts, context=certificate(server, name, "ours"), is_implicit=is_implicit,
                  offers=offers)
        with open(server.path("password"), "w", encoding="ascii") as file:
            file.write("open sesame\n")
        server.config["delivery"]["smartHost"] = {
            "host": "mx.example", "port": hop.port, "user": "us", "passwordFile": "password",
            "security": "implicit" if is_implicit else "verified"}
        self.start(server)
        return hop

    def test_a_smart_host_is_logged_in_at_under_tls(self):
        for is_implicit in (False, True):
            with self.subTest(is_implicit=is_implicit):
                hop = self.start_with_smart_host("mx.example", is_implicit)
                self.becomes(self.send("ada@anywhere.test"), "delivered")
                login = [line for line in hop.commands if line.startswith("AUTH")]
                self.assertEqual(login, ["AUTH PLAIN AHVzAG9wZW4gc2VzYW1l"])
                self.assertEqual(hop.taken[0].tls, "TLSv1.3")
                self.assertNotIn("AHVzAG9wZW4gc2VzYW1l", self.server.log())
                self.assertNotIn("sesame", self.server.log())

    def test_a_password_is_told_to_nobody_else(self):
        hop = self.start_with_smart_host("other.example")
        mail = self.send("ada@anywhere.test")
        self.becomes(mail, "queued", "another name")
        self.assertFalse([line for line in hop.commands if line.startswith("AUTH")])

    def test_a_smart_host_that_refuses_the_password(self):
        hop = self.start_with_smart_host("mx.example", auth="535 5.7.8 who?")
        mail = self.send("ada@anywhere.test")
        self.becomes(mail, "queued", "AUTH")
        self.assertEqual(hop.taken, [])
        self.tells(mail, "Send", "DeliveryDelay")


class Proven(SendingCase):
    """DANE, and what else takes a zone with signatures."""

    def setUp(self):
        self.names = Nameserver(self, zone="example")
        self.helper = new_server(self)

    def start_with(self, lines, context, offers=("PIPELINING",), forge=None):
        self.hop = Hop(self, context=context, offers=offers)
        port = self.hop.port
        self.names.publish(
            "far MX 10 mx", "mx A 127.0.0.1",
            *(line.replace("PORT", str(port)) for line in lines), forge=forge)
        server = self.sending_server(port)
        server.config["dns"] = {
            "servers": [{"address": "127.0.0.1", "port": self.names.port}],
            "trustAnchor": self.names.anchor, "timeoutSeconds": 5}
        self.start(server)

    def digest(self, name):
        """Of the public key in a certificate: what `3 1 1` names."""
        pem = subprocess.run(
            ["openssl", "x509", "-in", self.helper.path(f"{name}.pem"), "-noout", "-pubkey"],
            check=True, capture_output=True, timeout=DEADLINE_SECONDS).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem,
                             check=True, capture_output=True, timeout=DEADLINE_SECONDS).stdout
        return subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, check=True,
                              capture_output=True, timeout=DEADLINE_SECONDS).stdout.decode()[:64]

    def test_dane_takes_the_key_that_the_zone_names(self):
        context = certificate(self.helper, "other.example")
        self.start_with(
            [f"_PORT._tcp.mx TLSA 3 1 1 {self.digest('other.example')}"], context)
        self.becomes(self.send("ada@far.example"), "delivered")
        self.assertEqual(self.hop.taken[0].tls, "TLSv1.3")

    def test_dane_takes_no_other_key(self):
        context = certificate(self.helper, "mx.example")
        self.start_with([f"_PORT._tcp.mx TLSA 3 1 1 {'0' * 64}"], context)
        mail = self.send("ada@far.example")
        self.becomes(mail, "queued", "TLSA")
        self.assertEqual(self.hop.taken, [])
        self.tells(mail, "Send", "DeliveryDelay")

    def test_dane_goes_nowhere_in_the_clear(self):
        certificate(self.helper, "mx.example")
        self.start_with([f"_PORT._tcp.mx TLSA 3 1 1 {self.digest('mx.example')}"], None)
        self.becomes(self.send("ada@far.example"), "queued", "does not offer it")
        self.assertEqual(self.hop.taken, [])

    def test_a_mail_may_waive_dane(self):
        certificate(self.helper, "mx.example")
        self.start_with([f"_PORT._tcp.mx TLSA 3 1 1 {self.digest('mx.example')}"], None)
        waiver = "TLS-Required: No\r\n"
        self.becomes(self.send("ada@far.example", headers=waiver), "delivered")
        self.assertIn(waiver.encode(), self.hop.taken[0].content)
        # Who asks for both wants it protected.
        self.send("bob@far.example", headers=waiver, mail_options=["REQUIRETLS"])
        self.assertEqual(self.rows("SELECT tls FROM sent_mail ORDER BY tls"),
                         [("verifiedOnward",), ("waived",)])

    def test_records_that_are_forged_are_no_way(self):
        context = certificate(self.helper, "mx.example")
        honest, forged = "0" * 64, "f" * 64
        self.start_with([f"_PORT._tcp.mx TLSA 3 1 1 {honest}"], context, forge={honest: forged})
        self.becomes(self.send("ada@far.example"), "queued", "forged")
        self.assertEqual(self.hop.taken, [])

    def test_exchangers_that_are_forged_are_none(self):
        self.start_with(["other A 127.0.0.1"], None,
                        forge={"MX\t10 mx.example.": "MX\t10 other.example."})
        mail = self.send("ada@far.example")
        self.becomes(mail, "queued", "looking up far.example")
        self.assertEqual(self.hop.connections, 0)

    def test_a_dns_that_is_away(self):
        self.start_with([], None)
        self.names.stop()
        mail = self.send("ada@far.example")
        self.becomes(mail, "queued", "looking up far.example")
        self.tells(mail, "Send", "DeliveryDelay")
        self.names.start()
        self.make_due()
        self.becomes(mail, "delivered", "250")

    def test_required_onward(self):
        context = certificate(self.helper, "mx.example")
        self.start_with(
            [f"_PORT._tcp.mx TLSA 3 1 1 {self.digest('mx.example')}"], context,
            offers=["REQUIRETLS"])
        mail = self.send("ada@far.example", mail_options=["REQUIRETLS"])
        self.becomes(mail, "delivered")
        self.assertIn("REQUIRETLS", self.hop.taken[0].parameters)
        # Without the promise it goes nowhere, and its sender is told.
        self.hop.offers.clear()
        self.hop.end_connections()
        mail = self.send("ada@far.example", mail_options=["REQUIRETLS"])
        self.becomes(mail, "bounced", "REQUIRETLS")
        self.assertEqual(
            self.bounce_of(mail)["bouncedRecipients"][0]["status"], "5.7.30")
        # What quotes the mail asks for the same.
        self.assertEqual(
            self.rows("SELECT tls FROM sent_mail WHERE sender = ''"), [("verifiedOnward",)])


class Reports(SendingCase):
    """RFC 3461: what a sender asks for; RFC 3464: what the sender gets, over SMTP as any mail."""

    def setUp(self):
        self.hop = Hop(self, {"rcpt": by_recipient(gone="550 5.1.1 No such user")})
        self.start(self.sending_server(self.hop.port, ["far MX 10 mx", "shop MX 10 mx"]))

    def ask(self, recipient, *options, **others):
        return self.send(
            recipient, rcpt_options=options,
            mail_options=["ENVID=order+2B42", "RET=HDRS"], **others)

    def ended(self, mail, state):
        self.becomes(mail, state)
        # Whatever follows from it was written with it.
        return self.rows("SELECT id FROM sent_mail WHERE sender = ''")

    def report(self):
        """The one report that came: the fields for the mail, and those for its recipient."""
        came = self.server.eventually(
            lambda: self.hop.mails("news@shop.example"), "the sender has a report")
        taken, = came
        self.assertEqual(taken.path, "")
        message = email.message_from_bytes(taken.content)
        self.assertEqual(message.get_content_type(), "multipart/report")
        self.assertEqual(message.get_param("report-type"), "delivery-status")
        self.assertEqual(message["Auto-Submitted"], "auto-replied")
        text, status, original = message.get_payload()
        self.assertEqual(text.get_content_type(), "text/plain")
        self.assertEqual(status.get_content_type(), "message/delivery-status")
        self.assertIn(original.get_content_type(), ("text/rfc822-headers", "message/rfc822"))
        self.assertIn("Subject: Order", original.as_string())
        self.assertNotIn("Hello.", original.as_string())
        mail, recipient = status.get_payload()
        self.assertEqual(mail["Original-Envelope-Id"], "order+42")
        self.assertIn("mx.example.test", mail["Reporting-MTA"])
        return recipient

    def test_failure_is_told_unless_it_is_not_wanted(self):
        for number, options in enumerate(((), ("NOTIFY=FAILURE",), ("NOTIFY=SUCCESS,FAILURE",))):
            with self.subTest(options):
                self.hop.taken.clear()
                self.server.cli("suppression", "delete", "gone@far.example",
                                status=None if number == 0 else 0)
                mail = self.ask("gone@far.example", *options)
                self.becomes(mail, "bounced", "550 5.1.1")
                recipient = self.report()
                self.assertEqual(recipient["Action"], "failed")
                self.assertEqual(recipient["Status"], "5.1.1")
                self.assertIn("gone@far.example", recipient["Final-Recipient"])
                self.assertIn("550 5.1.1 No such user", recipient["Diagnostic-Code"])

    def test_success_is_told_where_it_is_wanted(self):
        mail = self.ask("ada@far.example", "NOTIFY=SUCCESS", "ORCPT=rfc822;ada+40far.example")
        self.becomes(mail, "delivered")
        recipient = self.report()
        self.assertEqual(recipient["Action"], "relayed")
        self.assertEqual(recipient["Status"], "2.0.0")
        self.assertIn("ada@far.example", recipient["Original-Recipient"])

    def test_success_is_left_to_who_takes_it_on(self):
        self.hop.offers.append("DSN")
        mail = self.ask("ada@far.example", "NOTIFY=SUCCESS")
        self.assertEqual(self.ended(mail, "delivered"), [])
        taken, = self.hop.mails("ada@far.example")
        self.assertIn("NOTIFY=SUCCESS", taken.parameters)
        self.assertIn("RET=HDRS", taken.parameters)

    def test_nobody_is_told_where_nobody_wants_it(self):
        self.assertEqual(self.ended(self.ask("gone@far.example", "NOTIFY=NEVER"), "bounced"), [])
        self.assertEqual(self.ended(self.ask("ada@far.example", "NOTIFY=FAILURE"), "delivered"), [])
        self.assertEqual(self.ended(self.ask("bob@far.example"), "delivered"), [])

    def test_a_report_that_cannot_be_delivered_is_the_last(self):
        self.hop.acts["rcpt"] = by_recipient(
            gone="550 5.1.1 No such user", news="550 5.1.1 Nor such a sender")
        self.becomes(self.ask("gone@far.example"), "bounced")
        self.server.eventually(
            lambda: self.rows("SELECT state FROM sent_mail WHERE sender = ''") == [("ended",)],
            "the report has ended")
        self.assertEqual(self.rows("SELECT COUNT(*) FROM sent_mail"), [(2,)])
        # Nor is the sender's address put on the list for it, or an event told.
        self.assertEqual(
            [entry["address"] for entry in self.server.json("suppression", "list")],
            ["gone@far.example"])
        self.assertEqual([event["eventType"] for event in self.events()], ["Send", "Bounce"])


if __name__ == "__main__":
    unittest.main()
