"""Debian's rspamd and clamd, unpacked, not installed, and private to the test."""

import os
import shutil
import subprocess
import tempfile

from support import DEADLINE_SECONDS, PROJECT, die_with_parent, eventually, still_open

# In two parts each, so that nobody takes this file for one of them.
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*"
# What clamd calls it: its signature is none of ClamAV's own.
EICAR_SIGNATURE = "Martlet.Eicar.UNOFFICIAL"


class Scanner:
    """`rspamd` or `clamd`, at the Unix socket `address`; what it says is in `log`. With the port of
    a name server on loopback rspamd finds out who sent a mail, too."""

    def __init__(self, test, name, dns_port=None):
        self.name = name
        self.arguments = [] if dns_port is None else [str(dns_port)]
        self.folder = tempfile.mkdtemp(prefix=f"martlet-{name}-")
        self.address = os.path.join(self.folder, f"{name}.sock")
        self.process = None
        still_open.add(self)
        test.addCleanup(self.abandon)
        self.start()

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(PROJECT, "scripts/scanner-instance"), self.name, self.folder,
                 *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
        # The first time it is fetched.
        eventually(self.listens, f"{self.name} listens", 5 * DEADLINE_SECONDS)

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended at its start:\n{self.log()[-3000:]}")
        return os.path.exists(self.address)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(DEADLINE_SECONDS)
            self.process = None
            # Where it is not removed, a server would be refused instead of not found.
            if os.path.exists(self.address):
                os.unlink(self.address)

    def abandon(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        still_open.discard(self)
