"""TLS: before the greeting, after STARTTLS, several certificates, and what must not pass."""

import os
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import unittest
import urllib.request

from support import (
    DEADLINE_SECONDS, Dialog, ServerCase, check_reply, martlet, message, new_server, queued_id,
    unverified_tls,
)

STARTTLS = {"address": "127.0.0.1", "port": 0}
IMPLICIT = {"address": "127.0.0.1", "port": 0, "tls": "implicit"}


def ports(server):
    """The ports of a server's listeners, in the configuration's order."""
    return [int(port) for port in re.findall(
        r"(?<!health) listens address=127\.0\.0\.1 port=(\d+)", server.log())]


def make_certificate(server, name, *hosts, days=90):
    """A self-signed certificate for `hosts` in the server's folder; answers its two files."""
    files = {"certificate": server.path(f"{name}.pem"), "key": server.path(f"{name}.key")}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", str(days), "-subj", f"/CN={name}", "-addext",
         "subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts),
         "-keyout", files["key"] + ".new", "-out", files["certificate"] + ".new"],
        check=True, capture_output=True, timeout=DEADLINE_SECONDS)
    for file in files.values():
        os.rename(file + ".new", file)
    return files


def shown(port, name=None):
    """The certificate that a listener with TLS from the start shows to who asks for `name`."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS) as plain:
        with unverified_tls().wrap_socket(plain, server_hostname=name) as secured:
            return ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True))


def s_client(port, *arguments, text=""):
    """`openssl s_client`; answers its status and all that it said."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *arguments], input=text,
        capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    return done.returncode, done.stdout + done.stderr


class Implicit(ServerCase):
    @classmethod
    def prepare(cls, server):
        server.config["listeners"] = [STARTTLS, IMPLICIT]

    def setUp(self):
        self.port = ports(self.server)[1]

    def test_smtplib(self):
        content = message(subject="Under TLS from the start")
        with smtplib.SMTP_SSL("127.0.0.1", self.port, local_hostname="client.example",
                              timeout=DEADLINE_SECONDS, context=unverified_tls()) as client:
            client.ehlo()
            self.assertFalse(client.has_extn("starttls"))
            check_reply(client.docmd("STARTTLS"), 503)
            check_reply(client.mail("ada@sender.example"), 250)
            check_reply(client.rcpt("someone@example.test"), 250)
            mail = queued_id(client.data(content))
        head = self.assert_stored(mail, content)
        self.assertIn("with ESMTPS id", head)
        self.assertEqual(self.server.settled(mail)["tls"], "TLSv1.3")

    def test_swaks(self):
        done = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(self.port), "--tls-on-connect",
             "--helo", "client.example", "--from", "ada@sender.example",
             "--to", "swaks@example.test"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("TLS started with cipher TLSv1.3", done.stdout)

    def test_openssl(self):
        status, text = s_client(self.port, "-ign_eof", text="ehlo client.example\r\nquit\r\n")
        self.assertEqual(status, 0, text)
        self.assertIn("220 mx.example.test ESMTP", text)
        self.assertIn("221 2.0.0", text)

    def test_nothing_is_said_before_the_handshake(self):
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE_SECONDS) as plain:
            dialog = Dialog(plain)
            dialog.send(b"EHLO client.example\r\n")
            # At most an alert: what came was no TLS.
            self.assertNotIn("mx.example.test", dialog.line() or "")

    def test_the_other_listener_is_plain(self):
        self.assertEqual(self.server.port, ports(self.server)[0])
        with self.server.client() as client:
            self.assertIn(b"starttls", client.ehlo()[1].lower())


class Deadlines(unittest.TestCase):
    def test_a_handshake_has_its_time(self):
        server = new_server(self, listeners=[IMPLICIT], limits={"handshakeSeconds": 1}).start()
        with server.dialog() as dialog:
            self.assertTrue(dialog.is_at_end())

    def test_the_end_does_not_wait_for_handshakes(self):
        server = new_server(self, listeners=[IMPLICIT]).start()
        with server.dialog() as dialog:
            server.eventually(lambda: "martlet_sessions 1" in metrics(server), "it is counted")
            server.stop()
            self.assertTrue(dialog.is_at_end())


def metrics(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.health_port}/metrics") as answer:
        return answer.read().decode()


class Tickets(ServerCase):
    """S19: a session ticket of one listener is none at another."""

    @classmethod
    def prepare(cls, server):
        server.config["listeners"] = [STARTTLS, IMPLICIT, IMPLICIT]

    def session(self, index, version, *arguments):
        starttls = ["-starttls", "smtp"] if index == 0 else []
        status, text = s_client(
            ports(self.server)[index], version, "-ign_eof", *starttls, *arguments,
            text="ehlo client.example\r\nquit\r\n")
        self.assertEqual(status, 0, text)
        return "Reused, TLS" in text

    def test_s19_ticket_at_another_listener(self):
        ticket = self.server.path("ticket")
        for version in ("-tls1_2", "-tls1_3"):
            for first, second in ((1, 2), (1, 0), (0, 1)):
                with self.subTest(version=version, first=first, second=second):
                    self.session(first, version, "-sess_out", ticket)
                    self.assertFalse(self.session(second, version, "-sess_in", ticket))
            # The control: where it comes from it is one.
            self.session(1, version, "-sess_out", ticket)
            self.assertTrue(self.session(1, version, "-sess_in", ticket))


class Strength(ServerCase):
    @classmethod
    def prepare(cls, server):
        server.config["listeners"] = [IMPLICIT]
        server.config["tls"] = {"certificates": [make_certificate(server, "a", "a.example")]}

    def test_ciphers_of_tls_1_2(self):
        for cipher, is_taken in (
            ("ECDHE-ECDSA-AES128-GCM-SHA256", True), ("ECDHE-ECDSA-AES256-GCM-SHA384", False),
            ("ECDHE-ECDSA-CHACHA20-POLY1305", True), ("ECDHE-ECDSA-AES128-SHA", False),
            ("ECDHE-ECDSA-AES256-SHA384", False), ("DHE-RSA-AES128-GCM-SHA256", False),
            ("AES128-GCM-SHA256", False), ("AES128-SHA", False),
        ):
            with self.subTest(cipher=cipher):
                status, text = s_client(
                    self.server.port, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
                self.assertEqual(status == 0, is_taken, text)

    def test_s20_no_protocol_is_negotiated(self):
        for protocol in ("http/1.1", "h2", "smtp"):
            _, text = s_client(self.server.port, "-alpn", protocol)
            self.assertIn("No ALPN negotiated", text)

    def test_s20_http_under_tls(self):
        status, text = s_client(
            self.server.port, "-ign_eof", text="POST / HTTP/1.1\r\nHost: mx.example.test\r\n\r\n")
        self.assertIn("421 4.5.2", text)


class Injection(ServerCase):
    """What comes in plaintext is not taken for what came under TLS."""

    def handshake(self, plain):
        """TLS over a socket that stays at hand: the client, what it says, what it hears."""
        heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = unverified_tls().wrap_bio(heard, said)
        while True:
            try:
                client.do_handshake()
                plain.sendall(said.read())
                return client, heard, said
            except ssl.SSLWantReadError:
                plain.sendall(said.read())
                heard.write(plain.recv(65536))

    def read(self, plain, client, heard):
        """What the server says next under TLS."""
        while True:
            try:
                return client.read(65536).decode()
            except ssl.SSLWantReadError:
                piece = plain.recv(65536)
                self.assertNotEqual(piece, b"", "the connection ended")
                heard.write(piece)

    def starttls(self, plain, pipelined=b""):
        dialog = Dialog(plain)
        dialog.expect(220)
        dialog.command("EHLO client.example", 250)
        dialog.send(b"STARTTLS\r\n" + pipelined)
        dialog.expect(220)
        self.assertEqual(dialog.waiting, b"")

    def test_s1_command_behind_starttls(self):
        with socket.create_connection(
                ("127.0.0.1", self.server.port), DEADLINE_SECONDS) as plain:
            self.starttls(plain, b"MAIL FROM:<eve@sender.example>\r\nRSET\r\n")
            client, heard, said = self.handshake(plain)
            # The session starts over: neither the commands nor the EHLO before it count.
            client.write(b"MAIL FROM:<ada@sender.example>\r\n")
            plain.sendall(said.read())
            self.assertRegex(self.read(plain, client, heard), r"^503 5\.5\.1 [^\n]*\n$")
            client.write(b"NOOP\r\n")
            plain.sendall(said.read())
            self.assertRegex(self.read(plain, client, heard), r"^250 2\.0\.0 [^\n]*\n$")

    def test_s3_close_notify_amid_a_chunk(self):
        before = len(self.server.mails())
        with socket.create_connection(
                ("127.0.0.1", self.server.port), DEADLINE_SECONDS) as plain:
            self.starttls(plain)
            client, heard, said = self.handshake(plain)
            client.write(b"EHLO client.example\r\nMAIL FROM:<ada@sender.example>\r\n"
                         b"RCPT TO:<someone@example.test>\r\nBDAT 100 LAST\r\n" + b"x" * 50)
            plain.sendall(said.read())
            replies = ""
            while "Recipient ok" not in replies:
                replies += self.read(plain, client, heard)
            with self.assertRaises(ssl.SSLWantReadError):
                client.unwrap()
            plain.sendall(said.read())
            try:
                plain.sendall(b"x")
                rest = b"".join(iter(lambda: plain.recv(65536), b""))
            except (ConnectionResetError, BrokenPipeError):
                rest = b""
            self.assertNotIn(b"250", rest)
        self.server.eventually(lambda: self.server.log_lines(" cut "), "the mail is cut")
        self.assertEqual(len(self.server.mails()), before)
        self.assertIsNone(self.server.process.poll())


class ByName(unittest.TestCase):
    def test_the_certificate_of_the_name(self):
        server = new_server(self, listeners=[IMPLICIT])
        files = [make_certificate(server, "first", "mx.first.example"),
                 make_certificate(server, "wild", "*.second.example"),
                 make_certificate(server, "second", "MX.second.example", "mx.third.example")]
        server.config["tls"] = {"certificates": files}
        server.start()
        first, wild, second = (read(pair["certificate"]) for pair in files)
        for name, expected in (
            ("mx.first.example", first), ("mx.second.example", second),
            ("Mx.Second.Example", second), ("mx.third.example", second),
            ("mail.second.example", wild), ("a.mail.second.example", first),
            ("second.example", first), ("mx.fourth.example", first), (None, first),
        ):
            with self.subTest(name=name):
                self.assertEqual(shown(server.port, name), expected)


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


class Renewed(unittest.TestCase):
    def setUp(self):
        self.server = new_server(self, listeners=[IMPLICIT])
        self.files = make_certificate(self.server, "mx", "mx.example.test")
        self.server.config["tls"] = {"certificates": [self.files]}
        self.server.start()
        self.old = read(self.files["certificate"])

    def shown(self):
        return shown(self.server.port)

    def test_changed_files_are_read_and_sessions_go_on(self):
        with smtplib.SMTP_SSL("127.0.0.1", self.server.port, timeout=DEADLINE_SECONDS,
                              context=unverified_tls()) as client:
            client.ehlo()
            make_certificate(self.server, "mx", "mx.example.test")
            new = read(self.files["certificate"])
            self.assertNotEqual(new, self.old)
            self.server.eventually(lambda: self.shown() == new, "the new one is shown")
            check_reply(client.noop(), 250)
        self.server.logged("certificate read", "names=mx.example.test")

    def test_a_broken_file_leaves_the_old_one_in_force(self):
        for name, text, problem in (
            ("certificate", "not a certificate", "no certificate in PEM form"),
            ("key", "not a key", "no private key in PEM form"),
        ):
            with self.subTest(name=name):
                whole = read(self.files[name])
                with open(self.files[name], "w", encoding="ascii") as file:
                    file.write(text)
                self.server.eventually(
                    lambda: self.server.log_lines("error", problem, self.files[name]),
                    "the log says what is wrong")
                self.assertEqual(self.shown(), self.old)
                with open(self.files[name], "w", encoding="ascii") as file:
                    file.write(whole)
        other = make_certificate(self.server, "other", "other.example.test")
        os.rename(other["key"], self.files["key"])
        self.server.eventually(
            lambda: self.server.log_lines("does not belong to the certificate"),
            "the log says that they do not belong together")
        self.assertEqual(self.shown(), self.old)
        # The other half arrives: the pair is whole again.
        os.rename(other["certificate"], self.files["certificate"])
        new = read(self.files["certificate"])
        self.server.eventually(lambda: self.shown() == new, "the new one is shown")

    def test_hang_up(self):
        self.server.process.send_signal(signal.SIGHUP)
        self.server.eventually(
            lambda: self.server.log_lines("certificate read"), "they are read anew")
        self.assertEqual(self.shown(), self.old)


class Checked(unittest.TestCase):
    def check(self, server, status=0):
        server.write_config()
        done = martlet("check", "-c", server.config_path, status=status)
        return done.stdout + done.stderr

    def test_files_that_are_none(self):
        server = new_server(self)
        one = make_certificate(server, "one", "one.example.test")
        two = make_certificate(server, "two", "two.example.test")
        for certificate, key, problem in (
            (server.config_path, one["key"], "tls.certificates[0].certificate: .*no certificate"),
            (one["certificate"], one["certificate"], r"tls.certificates\[0\].key: .*no private"),
            (one["certificate"], two["key"],
             r"tls.certificates\[0\].key: .*does not belong to the certificate"),
        ):
            server.config["tls"] = {
                "certificates": [{"certificate": certificate, "key": key}]}
            self.assertRegex(self.check(server, status=2), problem.replace("[0].c", r"\[0\].c"))

    def test_expiry(self):
        for days, is_warned in ((90, False), (3, True)):
            server = new_server(self)
            server.config["tls"] = {
                "certificates": [make_certificate(server, "one", "one.example.test", days=days)]}
            said = self.check(server)
            self.assertEqual(
                "the certificate of one.example.test is valid only until" in said, is_warned, said)


if __name__ == "__main__":
    unittest.main()
