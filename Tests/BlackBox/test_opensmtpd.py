"""Debian's OpenSMTPD as the sender."""

import os
import smtplib
import socket
import subprocess
import unittest

import peers
from support import DEADLINE_SECONDS, die_with_parent, eventually


class OpenSMTPD(peers.Peer):
    """Takes mails on a port of loopback, and relays them."""

    name = "opensmtpd"
    programs = ["usr/sbin/smtpd", "usr/sbin/smtpctl"]
    users = [("opensmtpd", 60_001), ("opensmtpq", 60_002)]
    # A scheme, and what stands behind the host: with `tls` the certificate is verified.
    WAYS = {"plain": ("smtp+notls", ""), "starttls": ("smtp+tls", "tls"),
            "implicit": ("smtps", "tls")}

    process = None

    def start(self, way, port):
        self.port = self.free_port()
        self.write("etc/smtpd.conf", self.configuration(way, port))
        self.write("etc/mailname", "peer.example\n")
        # As its package would install it; it asks for that.
        os.chown(self.path("usr/sbin/smtpctl"), 0, 60_002)
        os.chmod(self.path("usr/sbin/smtpctl"), 0o2755)
        os.makedirs(self.path("var/spool/smtpd"), 0o711, exist_ok=True)
        os.makedirs(self.path("var/lib/opensmtpd/empty"), exist_ok=True)
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen(
                ["chroot", self.folder, "/usr/sbin/smtpd", "-d"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=die_with_parent)
        eventually(self.listens, "OpenSMTPD listens")

    def configuration(self, way, port):
        scheme, tls = self.WAYS[way]
        return f"""
listen on 127.0.0.1 port {self.port} hostname peer.example
action out relay host "{scheme}://{peers.HOST}:{port}" {tls} helo peer.example
match from any for any action out
"""

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"OpenSMTPD ended at its start:\n{self.log()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(DEADLINE_SECONDS)

    def send(self, content, *recipients, sender="ada@sender.example"):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=DEADLINE_SECONDS) as client:
            client.sendmail(sender, recipients, content)

    def has_deferred(self):
        return 'result="TempFail"' in self.log()

    def retry(self):
        self.inside("/usr/sbin/smtpctl", "schedule", "all")

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()


class OpenSMTPDDelivers(peers.PeerDelivers):
    peer_type = OpenSMTPD


if __name__ == "__main__":
    unittest.main()
