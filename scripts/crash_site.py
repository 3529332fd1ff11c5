"""A Martlet in a folder of its own, above the fault layer: what crash.py strikes."""

import contextlib
import json
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Tests/FaultLayer"))

from crash_sending import ON_THE_WAY_MAX, NextHop, unverified_tls
from faults import FaultLayer  # noqa: E402
from power_cut import PowerCut  # noqa: E402

RULES = """\
ruleSet: crash
rules:
  - name: keep
    recipients: [crash.example]
    actions: [{store: {bucket: mail, prefix: all/}}]
  - name: tell
    recipients: [told@crash.example]
    actions: [{notify: {topic: received}}]
  - name: ticket
    recipients: [ticket@crash.example]
    actions:
      - addHeader: {name: X-Ticket, value: "yes"}
      - store: {bucket: mail, prefix: tickets/}
      - invoke: {handler: note}
"""

# One append of one line: the cheapest handler whose effect can be counted.
HANDLER = """\
#!/bin/sh
echo "$MARTLET_ACTION_ID" >> "$LINES"
"""

# What the server changes in place; everything else it writes once.
WATCHED = ["data/spool/martlet.sqlite*", "data/lock", "*.jsonl"]

# A sync of the layer promises and does not write: the runs ask what a cut would leave, not how fast
# this disk is.
SYNC_MICROSECONDS = 300


class Wrong(Exception):
    """Something that none of the three counts names."""


class Site:
    """`around/site` is what the layer sees: the data folder, the bucket and the topic's file. What
    is not the server's doing (its log, what handlers write) lies beside it."""

    def __init__(self, binary, around, synchronous="full", always=(), is_power=False):
        self.around = around
        self.folder = around / "site"
        self.folder.mkdir()
        self.binary = binary
        self.always = list(always)
        self.is_control = synchronous != "full" or bool(always)
        # How often the server was started.
        self.life = 0
        self.hop = self.make_hop()
        self.tls = unverified_tls()
        # Of an access key; None until there is one.
        self.login = None
        self.bucket = self.folder / "bucket"
        self.spool = self.folder / "data/spool"
        self.notifications = self.folder / "received.jsonl"
        self.lines = around / "lines"
        self.config = around / "martlet.yaml"
        self.process = None
        self.port, self.submission_port = free_ports(2)
        (around / "rules").mkdir()
        (around / "rules/crash.yaml").write_text(self.rules())
        # The load's senders are judged, and nobody outside is asked about them.
        (around / "zone").write_text(
            "@ 60 SOA ns hostmaster 1 60 60 60 60\n@ 60 NS ns\nns 60 A 127.0.0.1\n"
            'sender 60 TXT "v=spf1 ip4:127.0.0.1 -all"\n')
        self.config.write_text(
            f"hostname: mx.crash.example\ndataDirectory: {self.folder}/data\n"
            f"listeners: [{{address: 127.0.0.1, port: {self.submission_port}, role: submission}}, "
            f"{{address: 127.0.0.1, port: {self.port}}}]\n"
            f"rules: {{directory: {around}/rules, active: crash}}\n"
            f"dns: {{zones: [{{name: invalid, file: {around}/zone}}, "
            f"{{name: example, file: {around}/zone}}]}}\n"
            f"sending: {{enabled: true}}\n"
            f"delivery: {{triesMax: {ON_THE_WAY_MAX}, "
            f"smartHost: {{host: 127.0.0.1, port: {self.hop.port}, security: none}}, "
            f"relays: [{{name: mailboxes, host: 127.0.0.1, port: {self.hop.port}, "
            "security: none}]}\n"
            f"spool: {{synchronous: {synchronous}, freeBytesMin: 104857600}}\n"
            # The next strike comes before a failed action's second try would.
            "limits: {retryFirstDelaySeconds: 1}\n" + self.places())
        self.layer = FaultLayer(
            self.folder, is_journalled=is_power, sync_microseconds=SYNC_MICROSECONDS)
        self.cut = PowerCut(self.layer, WATCHED) if is_power else None

    # What its rules do

    def make_hop(self):
        return NextHop(self)

    def rules(self):
        return RULES

    def places(self):
        """The part of the configuration that these rules refer to."""
        handler = self.program("note", HANDLER)
        return (
            f"buckets: {{mail: {{directory: {self.bucket}}}}}\n"
            f"handlers: {{note: {{command: [{handler}], environment: {{LINES: {self.lines}}}}}}}\n"
            f"topics: {{received: {{log: {{file: {self.notifications}}}}}}}\n")

    def program(self, name, text):
        path = self.around / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    # Running

    def start(self, *rules):
        """Starts it; `rules` of the layer hold from its first call on."""
        self.layer.set(*self.always, *rules)
        self.life += 1
        with open(self.around / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "-c", self.config], stderr=log, stdout=log,
                env=self.layer.environment())

    def wait_until_serving(self, seconds=30):
        """Returns once it answers; raises `Wrong` where it ends instead."""
        end = time.monotonic() + seconds
        while not self.is_serving():
            if self.process.poll() is not None:
                raise Wrong(f"the server ended by itself: {self.process.returncode}")
            if time.monotonic() > end:
                raise Wrong("the server does not serve after its start")
            time.sleep(0.005)

    def is_serving(self):
        """It greets: by then signals are heard, too, which a listener alone does not show."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=30) as probe:
                return probe.recv(1) == b"2"
        except OSError:
            return False

    def wait_until_struck(self, seconds):
        """Waits for the strike; where it does not come, the next call is struck instead. Says
        whether it came by itself."""
        try:
            self.process.wait(seconds)
            is_struck = True
        except subprocess.TimeoutExpired:
            is_struck = False
            self.layer.set(*self.always, "any * 1 kill-before")
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()  # idle: there is no call to strike
                self.process.wait()
        if self.process.returncode != -9:
            raise Wrong(f"the server ended by itself: {self.process.returncode}")
        return is_struck

    def stop(self):
        self.process.terminate()
        if self.process.wait(120) != 0:
            raise Wrong(f"the server ended with status {self.process.returncode} at SIGTERM")

    def end(self):
        """Whatever its state."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.hop.end()
        self.layer.remove()

    def lose_power(self, seed):
        """The folder is what the disk would hold; with a seed, some of what was not synced has
        come through."""
        self.cut.apply(random.Random(seed) if seed is not None else None)

    def remove(self):
        shutil.rmtree(self.around)

    # Asking

    def ask(self, request, **values):
        """The answer to one request on the control socket, as the command line asks."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(30)
            link.connect(str(self.folder / "data/control.sock"))
            link.sendall(json.dumps({request: values}).encode() + b"\n")
            answer = json.loads(link.makefile("rb").readline())
        if "failed" in answer:
            raise Wrong(f"{request}: {answer['failed']}")
        return next(iter(answer.values())).get("_0")

    def trust(self):
        self.ask("addIdentity", name="crash.example", isTrusted=True)
        if not self.login:
            made = self.ask("accessKeys", _0={"create": {"name": "load"}})
            key = made["newAccessKey"]["_0"]
            self.login = key["id"], key["smtpPassword"]


def free_ports(count):
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
