"""Other people's mail servers, from Debian's packages: unpacked, not installed, each in a
folder that it takes for the whole machine, with users of its own. What is here they share."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from support import (
    DEADLINE_SECONDS, IS_ROOT, PROJECT, ServerCase, eventually, large_body, message, new_server,
    still_open,
)

HOST = "mx.example.test"


def ports(server):
    """The ports of a server's listeners, in the configuration's order."""
    return [int(port) for port in re.findall(
        r"(?<!health) listens address=127\.0\.0\.1 port=(\d+)", server.log())]


def make_authority(server):
    """A test authority, and a certificate of it for the server; answers the authority's file."""
    def openssl(name, subject, *arguments):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", f"/CN={subject}", "-keyout",
             server.path(f"{name}.key"), "-out", server.path(f"{name}.pem"), *arguments],
            check=True, capture_output=True, timeout=DEADLINE_SECONDS)
    openssl("authority", "Test authority", "-addext", "keyUsage=critical,keyCertSign")
    openssl("server", HOST, "-CA", server.path("authority.pem"),
            "-CAkey", server.path("authority.key"), "-addext", f"subjectAltName=DNS:{HOST}",
            "-addext", "basicConstraints=critical,CA:FALSE")
    server.config["tls"] = {"certificates": [{"certificate": "server.pem", "key": "server.key"}]}
    return server.path("authority.pem")


class Peer:
    """A folder with a package, the libraries that its programs need, and little else."""

    name = ""
    programs = ()
    # Where it has libraries of its own.
    library_folders = ()
    users = ()

    @classmethod
    def fetch(cls):
        subprocess.run(
            [os.path.join(PROJECT, "scripts/fetch-peer"), cls.name, cls.package_folder()],
            check=True, stdin=subprocess.DEVNULL, timeout=5 * DEADLINE_SECONDS)

    @classmethod
    def package_folder(cls):
        return os.path.join(PROJECT, "var/peers", cls.name)

    def __init__(self, test):
        self.folder = tempfile.mkdtemp(prefix=f"martlet-{self.name}-")
        os.chmod(self.folder, 0o755)
        still_open.add(self)
        test.addCleanup(self.end)
        shutil.copytree(os.path.join(self.package_folder(), "root"), self.folder, symlinks=True,
                        dirs_exist_ok=True)
        for folder in ("etc/ssl/certs", "dev", "tmp", "var/run"):
            os.makedirs(self.path(folder), exist_ok=True)
        for program in self.programs:
            self.copy_libraries(program)
        self.write("etc/passwd", "root:x:0:0::/:/bin/false\n" + "".join(
            f"{user}:x:{number}:{number}::/:/bin/false\n" for user, number in self.users))
        self.write("etc/group", "root:x:0:\n" + "".join(
            f"{user}:x:{number}:\n" for user, number in self.users))
        self.write("etc/hosts", f"127.0.0.1 localhost peer.example {HOST}\n")
        self.write("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
        # Nobody answers there: every name that is wanted stands in the file of hosts.
        self.write("etc/resolv.conf", "nameserver 127.0.0.1\n")
        for device, minor in (("null", 3), ("urandom", 9)):
            os.mknod(self.path("dev", device), 0o020666, os.makedev(1, minor))
            os.chmod(self.path("dev", device), 0o666)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def copy_libraries(self, program):
        own = ":".join(self.path(folder) for folder in self.library_folders)
        listed = subprocess.run(["ldd", self.path(program)], capture_output=True, text=True,
                                check=True, timeout=DEADLINE_SECONDS,
                                env={**os.environ, "LD_LIBRARY_PATH": own}).stdout
        if "not found" in listed:
            raise AssertionError(f"{program} lacks libraries; scripts/install test\n{listed}")
        for library in re.findall(r"(/\S+) \(0x", listed):
            if library.startswith(self.folder):
                continue
            target = self.path(library.lstrip("/"))
            if not os.path.exists(target):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy(os.path.realpath(library), target)

    def trust(self, authority):
        shutil.copy(authority, self.path("etc/ssl/certs/ca-certificates.crt"))

    def inside(self, program, *arguments, **options):
        """Runs one of its programs to its end."""
        done = subprocess.run(
            ["chroot", self.folder, program, *arguments], capture_output=True,
            timeout=DEADLINE_SECONDS, env={"PATH": "/usr/sbin:/usr/bin"}, **options)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise AssertionError(f"{program} {arguments}: {said}\n{self.log()[-2000:]}")

    def stop(self):
        """Ends whatever runs of it."""

    def end(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            still_open.discard(self)

    abandon = end


def shapes():
    """Mails of many kinds, by the recipient who gets each."""
    return {
        "eight-bit": message(body="grün\n" * 3, extra=[
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit"]),
        "latin": message() + b"\xe4\xf6\xfc \xff\r\n",
        "long-lines": message(body="\n".join(["x" * 990, "y" * 998, "." + "z" * 900])),
        "dots": message(body=".\n..\n...\n.a\n..b\n.\n\n.\nEnd."),
        "empty": message(body="")[:-2],
        "empty-lines": message(body="\n\n\n"),
        "large": message(body=large_body(5_000_000)),
    }


# What `setUpClass` does needs root as well.
@unittest.skipUnless(IS_ROOT, "the peer drops to users of its own, and sees a folder as the root")
class PeerDelivers(ServerCase):
    """A peer hands over mails; `peer` makes one that relays to a port in one of three ways: plain,
    starttls and implicit, which both verify the certificate."""

    peer_type = Peer

    @classmethod
    def setUpClass(cls):
        cls.peer_type.fetch()
        super().setUpClass()

    @classmethod
    def prepare(cls, server):
        server.config["listeners"] = [
            {"address": "127.0.0.1", "port": 0},
            {"address": "127.0.0.1", "port": 0, "tls": "implicit"}]
        cls.authority = make_authority(server)

    def peer(self, way, port):
        peer = self.peer_type(self)
        peer.trust(self.authority)
        peer.start(way, port)
        return peer

    def arrived(self, peer, recipient):
        """The mail for a recipient, once it is stored: what is known of it, and its bytes."""
        def found():
            mails = self.server.mails("--address", recipient)
            return mails and mails[0]["state"] == "retired" and mails[0]["id"]
        try:
            mail = self.server.eventually(found, f"a mail for {recipient} has come")
        except AssertionError as error:
            raise AssertionError(f"{error}\nthe peer says:\n{peer.log()[-3000:]}") from None
        return self.server.settled(mail), self.server.objects()[mail]

    def check(self, way, port, names):
        peer = self.peer(way, port)
        sent = {f"{name}-{way}@example.test": shapes()[name] for name in names}
        for recipient, content in sent.items():
            peer.send(content, recipient)
        for recipient, content in sent.items():
            with self.subTest(recipient=recipient):
                detail, stored = self.arrived(peer, recipient)
                self.assertEqual(detail.get("tls"), None if way == "plain" else "TLSv1.3")
                self.assertIn(b"with ESMTP id " if way == "plain" else b"with ESMTPS id ", stored)
                self.assertTrue(stored.endswith(content), stored[-300:])
        return peer

    def test_plain(self):
        peer = self.check("plain", ports(self.server)[0], shapes())
        crowd = [f"crowd-{number}@example.test" for number in range(60)]
        peer.send(message(subject="To many"), *crowd)
        self.arrived(peer, crowd[-1])
        reached = [recipient for mail in self.server.mails("--address", "crowd-")
                   for recipient in mail["recipients"]]
        self.assertEqual(sorted(reached), sorted(crowd))

    def test_starttls(self):
        self.check("starttls", ports(self.server)[0], ["eight-bit", "dots", "large"])

    def test_implicit(self):
        self.check("implicit", ports(self.server)[1], ["eight-bit", "dots", "large"])

    def test_a_certificate_of_another_authority_is_none(self):
        peer = self.peer_type(self)
        other = new_server(self)
        peer.trust(make_authority(other))
        peer.start("starttls", ports(self.server)[0])
        peer.send(message(), "unverified@example.test")
        eventually(peer.has_deferred, "the peer has put off what it cannot verify")
        self.assertEqual(self.server.mails("--address", "unverified@example.test"), [])

    def test_tries_again_after_a_temporary_refusal(self):
        server = new_server(self, spool={"freeBytesMin": 1 << 50}).start()
        peer = self.peer_type(self)
        peer.start("plain", server.port)
        content = message(subject="Later")
        peer.send(content, "later@example.test")
        server.eventually(lambda: server.log_lines("452"), "the mail was refused for now")
        eventually(peer.has_deferred, "the peer has put it off")
        server.stop()
        server.config["listeners"][0]["port"] = server.port
        server.config["spool"]["freeBytesMin"] = 1_048_576
        server.start()

        def came():
            peer.retry()
            return server.mails()
        try:
            mail = server.eventually(came, "the peer has tried again")[0]["id"]
        except AssertionError as error:
            raise AssertionError(f"{error}\nthe peer says:\n{peer.log()[-3000:]}") from None
        server.settled(mail)
        self.assertTrue(server.objects()[mail].endswith(content))
