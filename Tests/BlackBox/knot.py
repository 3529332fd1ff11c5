"""Debian's Knot as the primary server of one zone that a key may change, unpacked, not installed, and
private to the test."""

import base64
import os
import subprocess

from nameserver import ZoneServer
from support import DEADLINE_SECONDS


class Knot(ZoneServer):
    """Its zone may be changed by who has the key called `martlet`."""

    peer = "knot"

    def __init__(self, test, zone="service.test", records=()):
        super().__init__(test, zone)
        self.environment = {
            "LD_LIBRARY_PATH": os.path.join(self.root, "usr/lib/x86_64-linux-gnu")}
        self.secret = base64.b64encode(os.urandom(32)).decode()
        self.allows = True
        with open(self.path("zone"), "w", encoding="ascii") as file:
            file.write(f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n"
                       "@ NS ns\nns A 127.0.0.1\n" + "".join(line + "\n" for line in records))

    def put(self, *lines):
        """Adds records as the zone's owner does: name, TTL, type and data, the name below the zone."""
        for command in [["zone-begin"], *(["zone-set", line.split(" ", 3)] for line in lines),
                        ["zone-commit"]]:
            subprocess.run(
                [os.path.join(self.root, "usr/sbin/knotc"), "-s", self.path("knot.sock"), command[0],
                 self.zone, *(command[1] if len(command) > 1 else [])],
                check=True, capture_output=True, timeout=DEADLINE_SECONDS, env=self.environment)

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
        self.launch(os.path.join(self.root, "usr/sbin/knotd"), "-c", self.path("knot.conf"))
        return self

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
