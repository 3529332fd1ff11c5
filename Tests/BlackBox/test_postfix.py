"""Debian's Postfix as the sender: unpacked, not installed, and private to the test."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import peers
from support import (
    DEADLINE_SECONDS, IS_ROOT, PROJECT, ServerCase, eventually, large_body, message, new_server,
    process_is_gone, still_open,
)

PEER = os.path.join(PROJECT, "var/peers/postfix")


class Postfix:
    """A Postfix that relays to one port on loopback; `scripts/postfix-instance` says what kinds there
    are, and what more they want to know."""

    def __init__(self, test, port, *arguments, kind="sender"):
        # Postfix drops to users of its own, who have to reach it.
        self.folder = tempfile.mkdtemp(prefix="martlet-postfix-")
        os.chmod(self.folder, 0o755)
        still_open.add(self)
        test.addCleanup(self.end)
        shutil.copytree(os.path.join(PEER, "root"), os.path.join(self.folder, "root"),
                        symlinks=True)
        self.run("scripts/postfix-instance", kind, self.folder, str(port), *arguments)

    @staticmethod
    def run(script, *arguments):
        process = subprocess.Popen(
            [os.path.join(PROJECT, script), *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=DEADLINE_SECONDS)
        except BaseException:
            # Interrupted: nothing that it has started goes on.
            os.killpg(process.pid, signal.SIGKILL)
            raise
        if process.returncode != 0:
            raise AssertionError(f"{script}: {output}")

    def end(self):
        try:
            with open(os.path.join(self.folder, "spool/pid/master.pid"), encoding="ascii") as file:
                master = int(file.read())
            self.run("scripts/postfix-instance", "stop", self.folder)
            eventually(lambda: process_is_gone(master), "Postfix has ended")
        except FileNotFoundError:
            pass
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            still_open.discard(self)

    abandon = end

    def send(self, content, *recipients, sender="ada@sender.example"):
        library = os.path.join(self.folder, "root/usr/lib/postfix")
        subprocess.run(
            [os.path.join(self.folder, "root/usr/sbin/sendmail"), "-C",
             os.path.join(self.folder, "etc"), "-i", "-f", sender, *recipients],
            input=content.replace(b"\r\n", b"\n"), check=True, timeout=DEADLINE_SECONDS,
            capture_output=True, env={**os.environ, "LD_LIBRARY_PATH": library,
                                      "MAIL_CONFIG": os.path.join(self.folder, "etc")})

    def flush(self):
        """Tries at once what was put off."""
        self.run("scripts/postfix-instance", "flush", self.folder)

    def log(self):
        try:
            with open(os.path.join(self.folder, "maillog"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return "no log yet"


@unittest.skipUnless(IS_ROOT, "Postfix starts as root, and drops to users of its own")
class PostfixSends(ServerCase):
    rules = """
        ruleSet: main
        rules:
          - name: secret
            recipients: [secret@example.test]
            tls: require
            actions:
              - store: {bucket: mail}
          - name: others
            recipients: [plain@example.test, large@example.test, two@example.test,
                         jürgen@example.test, verify@example.test, implicit@example.test,
                         unverified@example.test]
            actions:
              - store: {bucket: mail}
        """

    @classmethod
    def setUpClass(cls):
        Postfix.run("scripts/fetch-peer", "postfix", PEER)
        super().setUpClass()

    @classmethod
    def prepare(cls, server):
        server.config["listeners"] = [
            {"address": "127.0.0.1", "port": 0},
            {"address": "127.0.0.1", "port": 0, "tls": "implicit"}]
        cls.authority = peers.make_authority(server)

    def arrived(self, postfix, recipient):
        """The mail for a recipient, once it has come: what is known of it, and its bytes."""
        def found():
            mails = self.server.mails("--address", recipient)
            return mails and mails[0]["state"] == "retired" and mails[0]["id"]
        try:
            mail = self.server.eventually(found, f"a mail for {recipient} has come")
        except AssertionError as error:
            raise AssertionError(f"{error}\nPostfix says:\n{postfix.log()[-3000:]}") from None
        return self.server.settled(mail), self.server.objects()[mail]

    def test_opportunistic(self):
        postfix = Postfix(self, self.server.port)
        content = message(subject="From Postfix", body="One.\n.\n..two\nEnd.",
                          to="plain@example.test")
        postfix.send(content, "plain@example.test")
        postfix.send(message(body=large_body(2_000_000)), "large@example.test")
        postfix.send(message(sender="jürgen@sender.example", to="jürgen@example.test"),
                     "jürgen@example.test", sender="jürgen@sender.example")
        postfix.send(message(), "two@example.test", "nobody@example.test")
        detail, stored = self.arrived(postfix, "plain@example.test")
        # It takes the self-signed certificate for what it is worth.
        self.assertEqual(detail["tls"], "TLSv1.3")
        self.assertEqual(detail["helo"], "peer.example")
        self.assertTrue(stored.startswith(b"Return-Path: <ada@sender.example>\r\n"))
        self.assertIn(b"with ESMTPS id ", stored)
        self.assertTrue(stored.endswith(content), stored[-500:])
        _, stored = self.arrived(postfix, "large@example.test")
        self.assertTrue(stored.endswith(message(body=large_body(2_000_000))))
        detail, stored = self.arrived(postfix, "jürgen@example.test")
        self.assertIn(b"with UTF8SMTPS id ", stored)
        self.assertEqual(detail["mail"]["mailFrom"], "jürgen@sender.example")
        detail, _ = self.arrived(postfix, "two@example.test")
        self.assertEqual(detail["mail"]["recipients"], ["two@example.test"])
        eventually(lambda: "550 5.1.1 No such recipient here" in postfix.log(),
                   "Postfix was told of the recipient that was refused")

    def test_encrypt(self):
        postfix = Postfix(self, self.server.port, "encrypt")
        content = message(subject="Encrypted")
        postfix.send(content, "secret@example.test")
        detail, stored = self.arrived(postfix, "secret@example.test")
        self.assertEqual(detail["tls"], "TLSv1.3")
        self.assertTrue(stored.endswith(content))

    def test_verified(self):
        for way, port in zip(["verify", "implicit"], peers.ports(self.server)):
            with self.subTest(way):
                postfix = Postfix(self, port, way, peers.HOST, self.authority)
                content = message(subject=f"Verified, {way}", body="grün\n.\n..")
                recipient = f"{way}@example.test"
                postfix.send(content, recipient)
                detail, stored = self.arrived(postfix, recipient)
                self.assertEqual(detail["tls"], "TLSv1.3")
                self.assertTrue(stored.endswith(content), stored[-300:])

    def test_a_certificate_for_another_name_is_none(self):
        postfix = Postfix(self, self.server.port, "verify", "other.example", self.authority)
        postfix.send(message(), "unverified@example.test")
        eventually(lambda: "status=deferred" in postfix.log(), "Postfix has put it off")
        self.assertEqual(self.server.mails("--address", "unverified@example.test"), [])

    def test_tries_again_after_a_temporary_refusal(self):
        server = new_server(self, spool={"freeBytesMin": 1 << 50}).start()
        postfix = Postfix(self, server.port, "none")
        content = message(subject="Later")
        postfix.send(content, "later@example.test")
        eventually(lambda: "452 4.3.1" in postfix.log(), "Postfix was refused for now")
        server.stop()
        server.config["listeners"][0]["port"] = server.port
        server.config["spool"]["freeBytesMin"] = 1_048_576
        server.start()
        postfix.flush()
        mail = server.eventually(server.mails, "Postfix has tried again")[0]["id"]
        server.settled(mail)
        self.assertTrue(server.objects()[mail].endswith(content))

    def test_plain(self):
        postfix = Postfix(self, self.server.port, "none")
        content = message(subject="In the clear")
        postfix.send(content, "plain@example.test")
        postfix.send(message(), "secret@example.test", sender="eve@sender.example")

        def came():
            return [mail for mail in self.server.mails("--address", "plain@example.test")
                    if "tls" not in self.server.json("mail", "show", mail["id"])]
        mail = self.server.eventually(came, "the mail has come without TLS")[0]["id"]
        self.server.settled(mail)
        self.assertIn(b"with ESMTP id ", self.server.objects()[mail])
        self.assertTrue(self.server.objects()[mail].endswith(content))
        eventually(lambda: "530 5.7.0" in postfix.log(),
                   "Postfix was told that a recipient wants TLS")


if __name__ == "__main__":
    unittest.main()
