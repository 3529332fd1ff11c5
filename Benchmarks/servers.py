"""The servers that the benchmarks run, the load that they are given, and what is read off them."""

import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MARTLET_PORT, POSTFIX_PORT, BARE_PORT, TUNNEL_PORT = 2625, 2626, 2627, 2628
TICK = os.sysconf("SC_CLK_TCK")
REST_SECONDS = 2.5


def descendants(pid):
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        queue += children.get(one, [])
    return found


def cpu_seconds(pid):
    total = 0
    for one in descendants(pid):
        try:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / TICK


ONE_RULE = """\
ruleSet: bench
rules:
  - name: all
    recipients: [bench.example]
    actions: [{store: {bucket: bench}}]
"""


class Martlet:
    """Martlet with its defaults, but for limits that a load generator would meet."""

    def __init__(
            self, folder, binary, rules=ONE_RULE, name="martlet", port=MARTLET_PORT, settings=""):
        self.name = name
        self.port = port
        self.folder = folder / name
        self.binary = binary
        self.folder.mkdir()
        self.delivered = self.folder / "bucket"
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "bench.yaml").write_text(rules)
        (self.folder / "martlet.yaml").write_text(
            "hostname: mx.bench.example\ndataDirectory: data\n"
            f"listeners: [{{address: 127.0.0.1, port: {self.port}}}]\n"
            "rules: {active: bench}\nbuckets: {bench: {directory: bucket}}\n"
            f"tls: {{certificates: [{{certificate: {folder}/tls.pem, key: {folder}/tls.key}}]}}\n"
            "limits: {connectionsMax: 6000, mailsMax: 100000000}\n" + settings)
        make_certificate(folder)
        self.log = open(self.folder / "log", "w")
        self.start()
        self.add_identity()

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "serve", "-c", self.folder / "martlet.yaml"],
            stderr=self.log, stdout=self.log)
        self.pid = self.process.pid
        wait_for_port(self.port)

    def add_identity(self):
        """Over the control socket, which opens a moment after the port."""
        for _ in range(600):
            added = subprocess.run(
                [self.binary, "identity", "add", "bench.example", "--trusted", "-c",
                 self.folder / "martlet.yaml"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
            if added.returncode == 0:
                return
            if self.process.poll() is not None:
                # Perhaps another server has the port.
                sys.exit(f"{self.name} ended: {(self.folder / 'log').read_text()}")
            time.sleep(0.05)
        sys.exit(f"bench.example could not be added: {added.stderr.decode()}")

    def clean(self):
        set_aside(self.delivered, self.folder / "done")

    def count(self):
        return len(os.listdir(self.delivered))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


class Postfix:
    """Debian's Postfix with its defaults, delivering into one Maildir."""

    name = "postfix"
    port = POSTFIX_PORT

    def __init__(self, folder, peers):
        self.folder = folder / "postfix"
        self.folder.mkdir()
        (self.folder / "root").symlink_to(peers / "postfix" / "root")
        self.folder.chmod(0o755)
        make_certificate(folder)
        subprocess.run(
            [ROOT / "scripts/postfix-instance", "receiver", self.folder, str(self.port),
             folder / "tls.pem", folder / "tls.key"],
            check=True)
        self.delivered = self.folder / "mail" / "all" / "new"
        wait_for_port(self.port)
        self.pid = int((self.folder / "spool/pid/master.pid").read_text())

    def clean(self):
        set_aside(self.delivered, self.folder / "done")

    def count(self):
        try:
            return len(os.listdir(self.delivered))
        except FileNotFoundError:
            return 0

    def stop(self):
        subprocess.run([ROOT / "scripts/postfix-instance", "stop", self.folder], check=True)


class Tunnel:
    """stunnel before a server: smtp-source speaks no TLS, so this does STARTTLS for it, each time
    with a whole handshake. It takes the place of the server where load is given."""

    def __init__(self, folder, server):
        self.server = server
        self.name = server.name
        self.pid = server.pid
        self.port = TUNNEL_PORT
        configuration = folder / "stunnel.conf"
        configuration.write_text(
            f"foreground = yes\npid =\ndebug = err\n[smtp]\nclient = yes\nprotocol = smtp\n"
            f"accept = 127.0.0.1:{self.port}\nconnect = 127.0.0.1:{server.port}\n"
            "sessionResume = no\n")
        self.process = subprocess.Popen(["stunnel4", configuration])
        wait_for_port(self.port)

    def clean(self):
        self.server.clean()

    def count(self):
        return self.server.count()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Bare:
    """A bare SwiftNIO receiver that discards: what the machine and the generator allow."""

    name = "bare-nio"
    port = BARE_PORT

    def __init__(self, binary):
        self.process = subprocess.Popen([binary, str(self.port)])
        self.pid = self.process.pid
        wait_for_port(self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def workspace():
    """A new folder below BENCH (or the system's temporary folder); each server's files in a group
    of blocks of their own, where the file system is one of ext's.

    ext4 takes no inode that was deleted lately, and looks at each of those of a folder's group
    before it takes another: what one server deletes would be measured at the other.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-bench-", dir=os.environ.get("BENCH")))
    folder.chmod(0o755)
    subprocess.run(["chattr", "+T", folder], stderr=subprocess.DEVNULL, check=False)
    return folder


def make_certificate(folder):
    """One certificate for all servers, `tls.pem` and `tls.key`; made where it is missing."""
    if (folder / "tls.pem").exists():
        return
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-subj", "/CN=mx.bench.example", "-addext",
         "subjectAltName=DNS:mx.bench.example", "-days", "2", "-keyout", folder / "tls.key",
         "-out", folder / "tls.pem"],
        check=True, stderr=subprocess.DEVNULL)


def set_aside(folder, aside):
    """Empties a folder without deleting: after thousands of deletions ext4 looks long for an inode
    that was not deleted lately, and the next run would measure that."""
    aside.mkdir(exist_ok=True)
    for file in os.scandir(folder):
        os.rename(file.path, aside / file.name)


def wait_for_port(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def smtp_source(peers, port, sessions, count, mail, kept):
    """Sends `count` mails: of so many bytes, or the mail of a file whose lines end in LF."""
    root = peers / "postfix" / "root"
    sender = "sender@sender.example" if isinstance(mail, pathlib.Path) else "sender@bench.invalid"
    what = ["-F", mail] if isinstance(mail, pathlib.Path) else ["-l", str(mail)]
    command = [root / "usr/sbin/smtp-source", "-s", str(sessions), "-m", str(count), *what,
               "-f", sender, "-t", "user@bench.example"]
    if kept:
        command.append("-d")
    environment = dict(os.environ, LD_LIBRARY_PATH=str(root / "usr/lib/postfix"))
    subprocess.run(command + [f"127.0.0.1:{port}"], check=True, env=environment)


def wait_until_delivered(server, count):
    end = time.monotonic() + 300
    while server.count() < count:
        if time.monotonic() > end:
            sys.exit(f"{server.name}: {server.count()} of {count} mails delivered after 300 s")
        time.sleep(0.01)


def warm_up(server, peers):
    smtp_source(peers, server.port, 1, 20, 1024, True)
    wait_until_delivered(server, 20)
    server.clean()


def run(server, peers, sessions, count, mail, kept):
    """Rates of acceptance and delivery, and CPU seconds of the server for each mail."""
    before = cpu_seconds(server.pid)
    start = time.monotonic()
    smtp_source(peers, server.port, sessions, count, mail, kept)
    accepted = time.monotonic() - start
    wait_until_delivered(server, count)
    delivered = time.monotonic() - start
    cpu = cpu_seconds(server.pid) - before
    server.clean()
    # What a server still has to tidy up is not to slow down the next one.
    time.sleep(REST_SECONDS)
    return count / accepted, count / delivered, cpu / count


def in_turns(servers, turns, measure):
    """What `measure` says of each server, so often and in turn: the medians by the servers' names."""
    runs = {server.name: [] for server in servers}
    for turn in range(turns):
        # Who goes first changes, so that what one leaves to the other evens out.
        for server in servers if turn % 2 == 0 else reversed(servers):
            runs[server.name].append(measure(server))
    return {name: [statistics.median(values) for values in zip(*found)]
            for name, found in runs.items()}
