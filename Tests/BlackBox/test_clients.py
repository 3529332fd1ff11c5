"""Clients that others wrote hand over mail: swaks, Python's smtplib, openssl, and bare sockets."""

import email
import email.policy
import os
import re
import smtplib
import socket
import ssl
import subprocess
import threading
import unittest

from support import (
    DEADLINE_SECONDS, Dialog, ServerCase, check_reply, large_body, message, new_server, queued_id,
    unverified_tls,
)


def read_mail(content):
    return email.message_from_bytes(content, policy=email.policy.default)


class Swaks(ServerCase):
    def swaks(self, *arguments, status=0):
        """Runs swaks; answers its transcript."""
        done = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(self.server.port),
             "--helo", "client.example", "--from", "ada@sender.example", *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def swaks_id(self, *arguments):
        transcript = self.swaks(*arguments)
        found = re.search(r"queued as ([0-9a-v]{40})", transcript)
        self.assertIsNotNone(found, transcript)
        return found[1], transcript

    def stored(self, mail):
        self.server.settled(mail)
        return self.server.objects()[mail]

    def test_plain(self):
        mail, _ = self.swaks_id("--to", "plain@example.test", "--body", "From swaks.")
        self.assertIsNone(self.server.settled(mail).get("tls"))
        stored = self.stored(mail)
        self.assertIn(b"with ESMTP id " + mail.encode(), stored)
        self.assertIn(b"\r\nFrom swaks.\r\n", stored)

    def test_starttls(self):
        mail, transcript = self.swaks_id("--to", "tls@example.test", "--tls")
        self.assertIn("TLS started with cipher TLSv1.3", transcript)
        self.assertIn("CN=mx.example.test", transcript)
        detail = self.server.settled(mail)
        self.assertEqual(detail["tls"], "TLSv1.3")
        self.assertIn(b"with ESMTPS id " + mail.encode(), self.stored(mail))

    def test_helo_without_extensions(self):
        mail, _ = self.swaks_id("--to", "old@example.test", "--protocol", "SMTP")
        self.assertIn(b"with SMTP id " + mail.encode(), self.stored(mail))

    def test_several_recipients(self):
        recipients = [f"user{number}@example.test" for number in range(12)]
        mail, _ = self.swaks_id("--to", ",".join(recipients))
        detail = self.server.settled(mail)
        self.assertEqual(detail["mail"]["recipients"], recipients)
        # RFC 5321 §4.4: with several recipients none of them is named.
        self.assertNotIn(b"\r\n for <", self.stored(mail))

    def test_pipelining(self):
        mail, transcript = self.swaks_id(
            "--to", "one@example.test,two@example.test", "--pipeline")
        # All commands went out before the first of their replies came in.
        commands = transcript[transcript.index("MAIL FROM"):]
        self.assertLess(commands.index("DATA"), commands.index("<-"), transcript)
        self.assertEqual(
            self.server.settled(mail)["mail"]["recipients"],
            ["one@example.test", "two@example.test"])

    def test_big_attachment(self):
        content = os.urandom(3_000_000)
        path = self.server.path("attachment.bin")
        with open(path, "wb") as file:
            file.write(content)
        mail, _ = self.swaks_id("--to", "big@example.test", "--attach", f"@{path}")
        stored = read_mail(self.stored(mail))
        attachments = [part.get_payload(decode=True) for part in stored.iter_attachments()]
        self.assertEqual(attachments, [content])

    def test_utf8_in_header_and_body(self):
        mail, _ = self.swaks_id(
            "--to", "utf8@example.test", "--header", "Subject: Drucker raucht – was nun?",
            "--add-header", "Content-Type: text/plain; charset=utf-8",
            "--add-header", "Content-Transfer-Encoding: 8bit", "--body", "Räucherwerk: 🔥")
        stored = self.stored(mail)
        self.assertIn("\r\nSubject: Drucker raucht – was nun?\r\n".encode(), stored)
        self.assertIn("\r\n\r\nRäucherwerk: 🔥\r\n".encode(), stored)

    def test_refused_recipient(self):
        transcript = self.swaks("--to", "someone@elsewhere.example", status=24)
        self.assertIn("550 5.1.1 ", transcript)


class Smtplib(ServerCase):
    def test_plain(self):
        content = message(subject="From smtplib")
        mail = self.server.send(content)
        head = self.assert_stored(mail, content)
        self.assertIn("with ESMTP id", head)

    def test_starttls(self):
        content = message(subject="From smtplib, by TLS")
        mail = self.server.send(content, tls=True)
        head = self.assert_stored(mail, content)
        self.assertIn("with ESMTPS id", head)
        self.assertEqual(self.server.settled(mail)["tls"], "TLSv1.3")

    def test_starttls_1_2(self):
        context = unverified_tls()
        context.maximum_version = context.minimum_version = 0x0303
        with self.server.client() as client:
            client.starttls(context=context)
            client.ehlo()
            client.mail("ada@sender.example")
            client.rcpt("someone@example.test")
            mail = queued_id(client.data(message()))
        self.assertEqual(self.server.settled(mail)["tls"], "TLSv1.2")

    def test_extensions_before_and_after_starttls(self):
        with self.server.client() as client:
            client.ehlo()
            before = dict(client.esmtp_features)
            client.starttls(context=unverified_tls())
            client.ehlo()
            after = dict(client.esmtp_features)
        self.assertEqual(
            set(before), {"pipelining", "size", "8bitmime", "enhancedstatuscodes", "chunking",
                          "smtputf8", "limits", "starttls"})
        self.assertEqual(before["limits"], "RCPTMAX=100 MAILMAX=10000")
        self.assertEqual(before["size"], "41943040")
        self.assertEqual(set(before) - set(after), {"starttls"})

    def test_smtputf8_addresses(self):
        content = message(subject="Grüße", sender="jürgen@sender.example")
        with self.server.client() as client:
            refused = client.sendmail(
                "jürgen@sender.example", ["用户@example.test"], content,
                mail_options=["SMTPUTF8", "BODY=8BITMIME"])
            self.assertEqual(refused, {})
        mail = self.server.mails("--address", "用户@example.test")[0]
        self.assertEqual(mail["mailFrom"], "jürgen@sender.example")
        self.assertEqual(mail["recipients"], ["用户@example.test"])
        head = self.assert_stored(mail["id"], content)
        self.assertTrue(head.startswith("Return-Path: <jürgen@sender.example>\r\n"), head)
        self.assertIn("with UTF8SMTP id", head)

    def test_utf8_address_without_the_extension(self):
        with self.server.dialog() as dialog:
            dialog.envelope()
            self.assertRegex(dialog.command("RCPT TO:<用户@example.test>", 553), r"^5\.6\.7 ")

    def test_8bitmime(self):
        content = message(extra=["Content-Transfer-Encoding: 8bit"])
        content += bytes(byte for byte in range(1, 256) if byte not in b"\r\n") + b"\r\n"
        with self.server.client() as client:
            client.ehlo()
            check_reply(client.mail("ada@sender.example", ["BODY=8BITMIME"]), 250)
            check_reply(client.rcpt("someone@example.test"), 250)
            mail = queued_id(client.data(content))
        self.assert_stored(mail, content)

    def test_one_megabyte(self):
        content = message(body=large_body(1_000_000))
        self.assert_stored(self.server.send(content), content)

    def test_thirty_megabytes(self):
        content = message(body=large_body(30_000_000))
        self.assert_stored(self.server.send(content), content)

    def test_several_mails_in_a_session(self):
        contents = [message(subject=f"Number {number}") for number in range(5)]
        with self.server.client() as client:
            client.ehlo()
            mails = []
            for content in contents:
                check_reply(client.mail("ada@sender.example"), 250)
                check_reply(client.rcpt("someone@example.test"), 250)
                mails.append(queued_id(client.data(content)))
        self.assertEqual(len(set(mails)), 5)
        for mail, content in zip(mails, contents):
            self.assert_stored(mail, content)

    def test_refused_recipient(self):
        with self.server.client() as client:
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("ada@sender.example", ["nobody@elsewhere.example"], message())
        code, text = refused.exception.recipients["nobody@elsewhere.example"]
        self.assertEqual(code, 550)
        self.assertTrue(text.startswith(b"5.1.1 "), text)

    def test_one_of_two_recipients_refused(self):
        with self.server.client() as client:
            refused = client.sendmail(
                "ada@sender.example", ["nobody@elsewhere.example", "half@example.test"],
                message())
        self.assertEqual(list(refused), ["nobody@elsewhere.example"])
        mails = self.server.mails("--address", "half@example.test")
        self.assertEqual([mail["recipients"] for mail in mails], [["half@example.test"]])

    def test_declared_size_beyond_the_limit(self):
        with self.server.client() as client:
            client.ehlo()
            self.assertEqual(client.mail("ada@sender.example", ["size=41943040"])[0], 250)
            client.rset()
            code, text = client.mail("ada@sender.example", ["size=41943041"])
        self.assertEqual(code, 552)
        self.assertTrue(text.startswith(b"5.3.4 "), text)

    def test_null_sender(self):
        content = message(subject="Undeliverable")
        mail = self.server.send(content, sender="")
        head = self.assert_stored(mail, content)
        self.assertTrue(head.startswith("Return-Path: <>\r\n"), head)


class SizeLimit(ServerCase):
    """A mail that is larger than it was said to be."""

    @classmethod
    def prepare(cls, server):
        server.config["limits"] = {"mailBytesMax": 100_000}

    def test_mail_of_the_limit_and_one_byte_more(self):
        fill = 100_000 - len(message(body=""))
        exact = message(body="x" * fill)
        self.assertEqual(len(exact), 100_000)
        self.assert_stored(self.server.send(exact), exact)
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            dialog.send(message(body="x" * (fill + 1)) + b".\r\n")
            self.assertRegex(dialog.expect(552), r"^5\.3\.4 ")
            # The session goes on.
            dialog.command("MAIL FROM:<ada@sender.example>", 250)
            dialog.command("RCPT TO:<someone@example.test>", 250)
            dialog.command("DATA", 354)
            dialog.send(exact + b".\r\n")
            queued_id(dialog.reply())

    def test_chunks_beyond_the_limit(self):
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.send(b"BDAT 60000\r\n" + b"x" * 59_998 + b"\r\n")
            dialog.expect(250)
            dialog.send(b"BDAT 60000 LAST\r\n" + b"x" * 59_998 + b"\r\n")
            self.assertRegex(dialog.expect(552), r"^5\.3\.4 ")


class Chunking(ServerCase):
    """BDAT (RFC 3030), which none of the other clients speaks."""

    def test_chunks_at_awkward_places(self):
        content = message(body="A line.\n.\n..dots stand alone here\n.\nlast")
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            # After a CR, amid a line, before a dot: a chunk may end anywhere.
            cuts = [0, content.index(b"\r") + 1, content.index(b"Subject") + 3,
                    content.index(b"..dots"), len(content)]
            for start, end in zip(cuts, cuts[1:]):
                dialog.send(b"BDAT %d\r\n" % (end - start) + content[start:end])
                self.assertRegex(dialog.expect(250), rf"^2\.0\.0 {end - start} octets")
            dialog.send(b"BDAT 0 LAST\r\n")
            mail = queued_id(dialog.reply())
        self.assert_stored(mail, content)

    def test_all_in_one_write(self):
        contents = [message(body="First."), message(body=large_body(50_000))]
        with self.server.dialog() as dialog:
            dialog.expect(220)
            dialog.command("EHLO client.example", 250)
            written = b""
            for content in contents:
                half = len(content) // 2
                written += b"MAIL FROM:<ada@sender.example>\r\nRCPT TO:<someone@example.test>\r\n"
                written += b"BDAT %d\r\n" % half + content[:half]
                written += b"BDAT %d LAST\r\n" % (len(content) - half) + content[half:]
            dialog.send(written + b"QUIT\r\n")
            mails = []
            for _ in contents:
                for _ in range(3):
                    dialog.expect(250)
                mails.append(queued_id(dialog.reply()))
            dialog.expect(221)
            self.assertTrue(dialog.is_at_end())
        for mail, content in zip(mails, contents):
            self.assert_stored(mail, content)

    def test_refused_envelope_discards_the_chunk(self):
        with self.server.dialog() as dialog:
            dialog.envelope()
            dialog.command("RCPT TO:<nobody@elsewhere.example>", 550)
            dialog.send(b"BDAT 10 LAST\r\nRSET\r\n----")
            dialog.expect(554)
            # The ten bytes were no command.
            dialog.command("NOOP", 250)

    def test_data_amid_chunks(self):
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.send(b"BDAT 4\r\nA: b")
            dialog.expect(250)
            dialog.command("DATA", 503)
            dialog.command("RSET", 250)
            dialog.command("DATA", 503)


class Sockets(ServerCase):
    def test_whole_session_in_one_write(self):
        """A client that sends everything, closes its side and then listens (`nc -N`)."""
        content = message(subject="All at once")
        with self.server.dialog() as dialog:
            dialog.send(
                b"EHLO client.example\r\nMAIL FROM:<ada@sender.example>\r\n"
                b"RCPT TO:<someone@example.test>\r\nDATA\r\n" + content + b".\r\nQUIT\r\n")
            dialog.connection.shutdown(socket.SHUT_WR)
            dialog.expect(220)
            for code in (250, 250, 250, 354):
                dialog.expect(code)
            mail = queued_id(dialog.reply())
            dialog.expect(221)
            self.assertTrue(dialog.is_at_end())
        self.assert_stored(mail, content)

    def test_byte_by_byte(self):
        content = message(body="Slowly.\n.\nwith a dot")
        stuffed = content.replace(b"\r\n.", b"\r\n..")
        with self.server.dialog() as dialog:
            dialog.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            for byte in stuffed + b".\r\n":
                dialog.send(bytes([byte]))
            mail = queued_id(dialog.reply())
        self.assert_stored(mail, content)

    def test_cut_session_leaves_nothing(self):
        for body in ("short", large_body(200_000)):
            with self.server.dialog() as dialog:
                dialog.envelope("cut@example.test")
                dialog.command("DATA", 354)
                dialog.send(message(body=body))
        self.server.eventually(
            lambda: len(self.server.log_lines("info mail: cut")) == 2, "both cuts are logged")
        self.assertEqual(self.server.mails("--address", "cut@example.test"), [])
        bodies = self.server.path("data", "spool", "bodies")
        recorded = {mail["id"] for mail in self.server.mails()}
        self.server.eventually(
            lambda: all(name in recorded for _, _, names in os.walk(bodies) for name in names),
            "no body file is left of a cut mail")

    def test_bare_line_feed_is_refused(self):
        with self.server.dialog() as dialog:
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            # The end that some servers see in this is not one.
            dialog.send(message() + b"\n.\nMAIL FROM:<smuggler@sender.example>\r\n\r\n.\r\n")
            dialog.expect(550)
            dialog.command("NOOP", 250)


class Together(ServerCase):
    def test_many_sessions_at_once(self):
        """Eight clients, each with ten mails on one connection."""
        sent = {}
        failures = []

        def run(number):
            try:
                with self.server.client() as client:
                    client.ehlo()
                    for count in range(10):
                        size = 100 if count % 2 else 30_000
                        content = message(subject=f"{number}-{count}", body=large_body(size))
                        check_reply(client.mail("ada@sender.example"), 250)
                        check_reply(client.rcpt(f"user{number}@example.test"), 250)
                        sent[queued_id(client.data(content))] = content
            except Exception as error:  # A thread's failure is the test's.
                failures.append(error)
        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(sent), 80)
        self.server.eventually(
            lambda: self.server.json("status")["mails"]["acting"] == 0, "all is stored")
        objects = self.server.objects()
        self.assertEqual(set(objects), set(sent))
        for mail, content in sent.items():
            self.assertTrue(objects[mail].endswith(content))


class OpenSSL(ServerCase):
    """`openssl s_client -starttls smtp`."""

    def s_client(self, *arguments):
        return ["openssl", "s_client", "-connect", f"127.0.0.1:{self.server.port}",
                "-starttls", "smtp", "-name", "client.example", *arguments]

    def test_delivers(self):
        content = message(subject="From openssl")
        ours, theirs = socket.socketpair()
        process = subprocess.Popen(
            self.s_client("-quiet"), stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
        theirs.close()
        try:
            with Dialog(ours) as dialog:
                dialog.command("EHLO client.example", 250)
                dialog.command("MAIL FROM:<ada@sender.example>", 250)
                dialog.command("RCPT TO:<someone@example.test>", 250)
                dialog.command("DATA", 354)
                dialog.send(content + b".\r\n")
                mail = queued_id(dialog.reply())
                dialog.command("QUIT", 221)
            process.wait(DEADLINE_SECONDS)
        finally:
            process.kill()
            process.wait()
        self.assert_stored(mail, content)
        self.assertEqual(self.server.settled(mail)["tls"], "TLSv1.3")

    def handshake(self, *arguments):
        return subprocess.run(
            self.s_client("-brief", *arguments), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=DEADLINE_SECONDS)

    def test_certificate_is_self_signed_for_the_host_name(self):
        done = self.handshake()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Peer certificate: CN = mx.example.test", done.stderr)
        self.assertIn("Protocol version: TLSv1.3", done.stderr)
        self.assertIn("self-signed", done.stderr)

    def test_old_versions_are_refused(self):
        # At this security level openssl itself would speak them.
        old = ("-cipher", "ALL@SECLEVEL=0")
        self.assertEqual(self.handshake("-tls1_2", *old).returncode, 0)
        for version in ("-tls1", "-tls1_1"):
            done = self.handshake(version, *old)
            self.assertNotEqual(done.returncode, 0, done.stderr)
            self.assertIn("alert protocol version", done.stderr)


class Certificate(unittest.TestCase):
    """The operator's own certificate."""

    def test_is_the_one_that_clients_see(self):
        server = new_server(self)
        certificate, key = server.path("cert.pem"), server.path("key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=mail.operator.example", "-addext",
             "subjectAltName=DNS:mail.operator.example", "-keyout", key, "-out", certificate],
            check=True, capture_output=True, timeout=DEADLINE_SECONDS)
        server.config["tls"] = {
            "certificates": [{"certificate": "cert.pem", "key": "key.pem"}]}
        server.start()
        context = ssl.create_default_context(cafile=certificate)
        with socket.create_connection(("127.0.0.1", server.port), DEADLINE_SECONDS) as plain:
            dialog = Dialog(plain)
            dialog.expect(220)
            dialog.command("EHLO client.example", 250)
            dialog.command("STARTTLS", 220)
            # Verified, with its name: anything else than the operator's fails here.
            with context.wrap_socket(plain, server_hostname="mail.operator.example") as secured:
                Dialog(secured).command("EHLO client.example", 250)

    def test_no_starttls_where_it_is_not_offered(self):
        server = new_server(self, tls={"offer": False}).start()
        with server.client() as client:
            client.ehlo()
            self.assertFalse(client.has_extn("starttls"))
            self.assertEqual(client.docmd("STARTTLS")[0], 502)


if __name__ == "__main__":
    unittest.main()
