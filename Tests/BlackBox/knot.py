"""Debian's Knot as the primary server of one zone that a key may change, unpacked, not installed, and
private to the test."""

import base64
import os
import shutil
import socket
import subprocess
import tempfile

from nameserver import Nameserver
from support import DEADLINE_SECONDS, PROJECT, die_with_parent, eventually, still_open

PEER = os.path.join(PROJECT, "var/peers/knot")
ROOT = os.path.join(PEER, "root")


class Knot:
    """Answers for `zone` on a port of loopback; the key called `martlet` may change it."""

    def __init__(self, test, zone="service.test", records=()):
        subprocess.run([os.path.join(PROJECT, "scripts/fetch-peer"), "knot", PEER], check=True,
                       timeout=5 * DEADLINE_SECONDS, stdin=subprocess.DEVNULL)
        self.zone = zone
        self.folder = tempfile.mkdtemp(prefix="martlet-knot-")
        still_open.add(self)
        test.addCleanup(self.abandon)
        self.process = None
        self.port = Nameserver.free_port()
        self.secret = base64.b64encode(os.urandom(32)).decode()
        self.allows = True
        with open(self.path("zone"), "w", encoding="ascii") as file:
            file.write(f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n"
                       "@ NS ns\nns A 127.0.0.1\n" + "".join(line + "\n" for line in records))

    environment = {"LD_LIBRARY_PATH": os.path.join(ROOT, "usr/lib/x86_64-linux-gnu")}

    def put(self, *lines):
        """Adds records as the zone's owner does: name, TTL, type and data, the name below the zone."""
        for command in [["zone-begin"], *(["zone-set", line.split(" ", 3)] for line in lines),
                        ["zone-commit"]]:
            subprocess.run(
                [os.path.join(ROOT, "usr/sbin/knotc"), "-s", self.path("knot.sock"), command[0],
                 self.zone, *(command[1] if len(command) > 1 else [])],
                check=True, capture_output=True, timeout=DEADLINE_SECONDS, env=self.environment)

    def path(self, name):
        return os.path.join(self.folder, name)

    def configure(self):
        with open(self.path("knot.conf"), "w", encoding="ascii") as file:
            file.write(f"""
server:
  listen: 127.0.0.1@{self.port}
  rundir: {self.folder}
key:
  - id: martlet
    algorithm: hmac-sha256
    secret: {self.secret}
acl:
  - id: martlet
    key: martlet
    action: {"update" if self.allows else "transfer"}
database:
  storage: {self.folder}
zone:
  - domain: {self.zone}
    storage: {self.folder}
    file: zone
    acl: martlet
log:
  - target: stderr
    any: info
""")

    def start(self):
        self.configure()
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(ROOT, "usr/sbin/knotd"), "-c", self.path("knot.conf")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=self.environment, preexec_fn=die_with_parent)
        eventually(self.answers, "the name server answers")
        return self

    def log(self):
        with open(self.path("log"), encoding="utf-8") as file:
            return file.read()

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the name server ended at its start:\n{self.log()}")
        with socket.socket() as tcp:
            return tcp.connect_ex(("127.0.0.1", self.port)) == 0

    def texts(self, name):
        """The TXT records at a name, each in one piece, sorted."""
        answer = subprocess.run(
            ["drill", "-t", "-p", str(self.port), "@127.0.0.1", f"{name}.", "TXT"], check=True,
            capture_output=True, text=True, timeout=DEADLINE_SECONDS).stdout
        lines = [line.split("\t") for line in answer.splitlines() if "\tTXT\t" in line]
        return sorted("".join(line[-1].strip('"').split('" "')) for line in lines
                      if not line[0].startswith(";"))

    def serial(self):
        answer = subprocess.run(
            ["drill", "-t", "-p", str(self.port), "@127.0.0.1", f"{self.zone}.", "SOA"], check=True,
            capture_output=True, text=True, timeout=DEADLINE_SECONDS).stdout
        return next(int(line.split()[6]) for line in answer.splitlines()
                    if "\tSOA\t" in line and not line.startswith(";"))

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(DEADLINE_SECONDS)
            self.process = None

    def abandon(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        still_open.discard(self)
