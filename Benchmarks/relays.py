"""What bench-send runs: servers that take submitted mail and relay it to a smart host, whatever
signs for them, and the host that they relay to."""

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from servers import ROOT, cpu_seconds, make_certificate, wait_for_port

MARTLET_PORT, POSTFIX_PORT, MILTER_PORT, SINK_PORT = 2635, 2636, 2637, 2638
SELECTOR = "bench"


class Sink:
    """Postfix's smtp-sink. It counts aloud, a few bytes a mail; with `capture` it keeps them in
    that file instead, to be looked at."""

    def __init__(self, folder, peers, capture=None):
        root = peers / "postfix" / "root"
        environment = dict(os.environ, LD_LIBRARY_PATH=str(root / "usr/lib/postfix"))
        self.counts = open(folder / "sink", "wb+")
        how = ["-D", capture] if capture else ["-c"]
        self.process = subprocess.Popen(
            [root / "usr/sbin/smtp-sink", "-u", "root", *how, f"127.0.0.1:{SINK_PORT}", "1000"],
            env=environment, stdout=self.counts, stderr=self.counts)
        wait_for_port(SINK_PORT)

    def count(self):
        """Mails that it has answered 250."""
        size = os.fstat(self.counts.fileno()).st_size
        tail = os.pread(self.counts.fileno(), 200, max(0, size - 200))
        said = tail.rpartition(b"mesg=")[2].split()
        return int(said[0]) if said and said[0].isdigit() else 0

    def wait(self, count):
        end = time.monotonic() + 300
        while self.count() < count:
            if time.monotonic() > end:
                sys.exit(f"{self.count()} of {count} mails were delivered after 300 s")
            time.sleep(0.005)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.counts.close()


class MartletRelay:
    """Martlet with its defaults, but for limits that a load generator would meet. Where it signs,
    it is with the same key as OpenDKIM."""

    name = "martlet"
    port = MARTLET_PORT

    def __init__(self, folder, binary, key=None):
        self.folder = folder / ("martlet-signing" if key else "martlet")
        self.folder.mkdir()
        self.binary = binary
        (self.folder / "zone").write_text(zone(key))
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "bench.yaml").write_text(
            "ruleSet: bench\nrules: [{name: none, recipients: [bench.example], "
            "actions: [{stop: {}}]}]\n")
        (self.folder / "martlet.yaml").write_text(json.dumps(self.configuration(folder)))
        make_certificate(folder)
        self.start()
        self.run("identity", "add", "bench.example", "--trusted")
        if key:
            self.run("identity", "dkim", "bring", "bench.example", SELECTOR, str(key))
            self.run("identity", "check", "bench.example")
        made = json.loads(self.run("credentials", "create", "bench", "--json"))
        self.login = [made["id"], made["smtpPassword"]]

    def configuration(self, folder):
        return {
            "hostname": "mx.bench.example",
            "dataDirectory": "data",
            "listeners": [{"address": "127.0.0.1", "port": self.port, "role": "submission"}],
            "rules": {"active": "bench"},
            "tls": {"certificates": [
                {"certificate": f"{folder}/tls.pem", "key": f"{folder}/tls.key"}]},
            "dns": {"zones": [{"name": "example", "file": "zone"}]},
            "sending": {"enabled": True},
            "delivery": {
                "smartHost": {"host": "127.0.0.1", "port": SINK_PORT, "security": "none"}},
            "limits": {"connectionsMax": 6000, "mailsMax": 100000000},
        }

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "-c", self.folder / "martlet.yaml"],
                stderr=log, stdout=log)
        self.pid = self.process.pid
        wait_for_port(self.port)

    def run(self, *words):
        """What a command says. The control socket opens a moment after the port."""
        for _ in range(600):
            said = subprocess.run(
                [self.binary, *words, "-c", self.folder / "martlet.yaml"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
            if said.returncode == 0:
                return said.stdout
            if self.process.poll() is not None:
                sys.exit(f"martlet ended: {(self.folder / 'log').read_text()}")
            time.sleep(0.05)
        sys.exit(f"martlet {' '.join(words)}: {said.stderr}")

    def cpu(self):
        return cpu_seconds(self.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


class PostfixRelay:
    """Debian's Postfix with its defaults. Nobody has to log in: that would take a server more."""

    name = "postfix"
    port = POSTFIX_PORT
    login = []

    def __init__(self, folder, peers, milter=None):
        self.milter = milter
        self.folder = folder / ("postfix-signing" if milter else "postfix")
        self.folder.mkdir()
        (self.folder / "root").symlink_to(peers / "postfix" / "root")
        self.folder.chmod(0o755)
        make_certificate(folder)
        subprocess.run(
            [ROOT / "scripts/postfix-instance", "relay", self.folder, str(self.port),
             folder / "tls.pem", folder / "tls.key", str(SINK_PORT)]
            + ([str(MILTER_PORT)] if milter else []),
            check=True)
        wait_for_port(self.port)
        self.pid = int((self.folder / "spool/pid/master.pid").read_text())

    def cpu(self):
        return cpu_seconds(self.pid) + (self.milter.cpu() if self.milter else 0)

    def stop(self):
        subprocess.run([ROOT / "scripts/postfix-instance", "stop", self.folder], check=True)
        if self.milter:
            self.milter.stop()


class OpenDKIM:
    """Debian's OpenDKIM, which signs for Postfix."""

    def __init__(self, folder, peers, key):
        root = peers / "opendkim-milter" / "root"
        libraries = [root / "usr/lib/x86_64-linux-gnu", root / "usr/lib"]
        libraries += pathlib.Path(root / "usr/lib").glob("*-linux-gnu")
        configuration = folder / "opendkim.conf"
        configuration.write_text(
            f"Socket inet:{MILTER_PORT}@127.0.0.1\nDomain bench.example\nSelector {SELECTOR}\n"
            f"KeyFile {key}\nMode s\nCanonicalization relaxed/relaxed\n"
            "InternalHosts 127.0.0.0/8\nBackground no\nRequireSafeKeys no\n")
        self.process = subprocess.Popen(
            [root / "usr/sbin/opendkim", "-x", configuration],
            env=dict(os.environ, LD_LIBRARY_PATH=":".join(map(str, libraries))))
        wait_for_port(MILTER_PORT)

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def make_key(folder):
    """An RSA-2048 key for both to sign with."""
    key = folder / "dkim.pem"
    subprocess.run(
        ["openssl", "genrsa", "-out", key, "2048"], check=True, stderr=subprocess.DEVNULL)
    key.chmod(0o600)
    return key


def zone(key):
    """The zone `example`, with the key's record where there is one."""
    lines = ["$TTL 60", "@ SOA ns hostmaster 1 3600 600 86400 60", "@ NS ns", "ns A 127.0.0.1"]
    if key:
        public = subprocess.run(
            ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
            stdout=subprocess.PIPE).stdout
        text = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
        parts = " ".join(f'"{text[at:at + 250]}"' for at in range(0, len(text), 250))
        lines.append(f"{SELECTOR}._domainkey.bench TXT {parts}")
    return "\n".join(lines) + "\n"


class Submitter:
    """The load: submit.c, compiled for this run."""

    def __init__(self, folder):
        self.program = folder / "submit"
        subprocess.run(
            ["cc", "-O2", "-o", self.program, pathlib.Path(__file__).parent / "submit.c", "-lssl",
             "-lcrypto", "-lpthread"], check=True)

    def run(self, server, sessions, count, size):
        subprocess.run(
            [self.program, str(server.port), str(sessions), str(count), str(size), *server.login],
            check=True)


def signatures_a_second():
    """What bare RSA-2048 allows, by `openssl speed`: on one core, and on all of them."""
    def measured(*words):
        said = subprocess.run(
            ["openssl", "speed", "-mr", "-seconds", "2", *words, "rsa2048"], check=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        line = [line for line in said.splitlines() if line.startswith("+F2:")][-1]
        return float(line.split(":")[3])

    return measured(), measured("-multi", str(os.cpu_count()))
