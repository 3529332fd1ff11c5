"""Name servers of Debian's with one zone, unpacked, not installed, and private to the test."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile

from support import (
    DEADLINE_SECONDS, PROJECT, die_with_parent, eventually, still_open,
)

# What is not there may be kept for a second.
HEAD = """\
$ORIGIN {zone}.
$TTL 1
@ IN SOA ns hostmaster 1 3600 600 86400 1
@ IN NS ns
ns IN A 127.0.0.1
"""


class ZoneServer:
    """Answers for `zone` on a port of loopback, UDP and TCP, out of a folder of its own."""

    # The name of the peer that scripts/fetch-peer unpacks.
    peer = None
    environment = None

    def __init__(self, test, zone):
        self.zone = zone
        self.root = os.path.join(PROJECT, "var/peers", self.peer, "root")
        subprocess.run([os.path.join(PROJECT, "scripts/fetch-peer"), self.peer,
                        os.path.dirname(self.root)],
                       check=True, timeout=5 * DEADLINE_SECONDS, stdin=subprocess.DEVNULL)
        self.folder = tempfile.mkdtemp(prefix=f"martlet-{self.peer}-")
        os.chmod(self.folder, 0o755)
        still_open.add(self)
        test.addCleanup(self.abandon)
        self.process = None
        self.port = self.free_port()

    @staticmethod
    def free_port():
        """A port that is free for UDP and TCP."""
        while True:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
                udp.bind(("127.0.0.1", 0))
                try:
                    tcp.bind(udp.getsockname())
                except OSError:
                    continue
                return udp.getsockname()[1]

    def path(self, name):
        return os.path.join(self.folder, name)

    def launch(self, *command):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=self.environment, preexec_fn=die_with_parent)
        eventually(self.answers, "the name server answers")

    def log(self):
        with open(self.path("log"), encoding="utf-8") as file:
            return file.read()

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the name server ended at its start:\n{self.log()}")
        with socket.socket() as tcp:
            return tcp.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(DEADLINE_SECONDS)
            self.process = None

    def abandon(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        still_open.discard(self)


class Nameserver(ZoneServer):
    """Debian's NSD, whose zone is signed."""

    peer = "nsd"

    def __init__(self, test, zone="zone.test"):
        super().__init__(test, zone)
        self.key = self.run("ldns-keygen", "-a", "ED25519", "-k", zone).strip()
        self.anchor = self.path(self.key + ".ds")
        self.publish()
        with open(self.path("nsd.conf"), "w", encoding="ascii") as file:
            file.write(f"""
                server:
                  ip-address: 127.0.0.1@{self.port}
                  username: ""
                  chroot: ""
                  database: ""
                  server-count: 1
                  zonesdir: "{self.folder}"
                  pidfile: "{self.path('nsd.pid')}"
                  xfrdfile: "{self.path('xfrd.state')}"
                  xfrdir: "{self.folder}"
                  zonelistfile: "{self.path('zone.list')}"
                remote-control:
                  control-enable: no
                zone:
                  name: {zone}
                  zonefile: served
                """)
        self.start()

    def run(self, *command):
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True,
                              timeout=DEADLINE_SECONDS, text=True).stdout

    def publish(self, *lines, forge=None):
        """Signs and serves a zone of these lines; `forge` maps a text to the one that it becomes
        once it is signed."""
        with open(self.path("zone"), "w", encoding="ascii") as file:
            file.write(HEAD.format(zone=self.zone) + "".join(line + "\n" for line in lines))
        self.run("ldns-signzone", "-n", "-f", "signed", "zone", self.key)
        with open(self.path("signed"), encoding="ascii") as file:
            text = file.read()
        for old, new in (forge or {}).items():
            if old not in text:
                raise AssertionError(f"{old} is not in the zone")
            text = text.replace(old, new)
        with open(self.path("fresh"), "w", encoding="ascii") as file:
            file.write(text)
        os.rename(self.path("fresh"), self.path("served"))
        if self.process:
            self.process.send_signal(signal.SIGHUP)

    def start(self):
        self.launch(os.path.join(self.root, "usr/sbin/nsd"), "-d", "-c", self.path("nsd.conf"))
