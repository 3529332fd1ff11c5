#!/usr/bin/env python3
"""Receiving: Martlet against Debian's Postfix on the same disk, by Postfix's own smtp-source.

Both take the mail durably before their 250 and deliver it into a folder: Martlet by a `store` rule
into a bucket, Postfix by virtual(8) into a Maildir. They run in turn; each figure is the median of
ROUNDS runs. Prints one figure a line; see docs/benchmarks.md.
"""

import argparse
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MARTLET_PORT, POSTFIX_PORT, BARE_PORT = 2625, 2626, 2627
TICK = os.sysconf("SC_CLK_TCK")


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


class Martlet:
    name = "martlet"
    port = MARTLET_PORT

    def __init__(self, folder, binary, rules=None):
        self.folder = folder / "martlet"
        self.binary = binary
        self.folder.mkdir()
        self.delivered = self.folder / "bucket"
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "bench.yaml").write_text(
            rules or "ruleSet: bench\nrules:\n  - name: all\n    recipients: [bench.example]\n"
            "    actions: [{store: {bucket: bench}}]\n")
        (self.folder / "martlet.yaml").write_text(
            f"hostname: mx.bench.example\ndataDirectory: data\n"
            f"listeners: [{{address: 127.0.0.1, port: {self.port}}}]\n"
            "rules: {active: bench}\nbuckets: {bench: {directory: bucket}}\n"
            "limits: {connectionsMax: 5000, mailsMax: 100000000}\n")
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(
            [self.binary, "serve", "-c", self.folder / "martlet.yaml"],
            stderr=self.log, stdout=self.log)
        self.pid = self.process.pid
        wait_for_port(self.port)
        subprocess.run(
            [self.binary, "identity", "add", "bench.example", "--trusted", "-c",
             self.folder / "martlet.yaml"], check=True, stdout=subprocess.DEVNULL)

    def clean(self):
        set_aside(self.delivered, self.folder / "done")

    def count(self):
        return sum(1 for _ in os.scandir(self.delivered))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


class Postfix:
    name = "postfix"
    port = POSTFIX_PORT

    def __init__(self, folder, peers):
        self.folder = folder / "postfix"
        self.folder.mkdir()
        (self.folder / "root").symlink_to(peers / "postfix" / "root")
        self.folder.chmod(0o755)
        subprocess.run(
            [ROOT / "scripts/postfix-instance", "receiver", self.folder, str(self.port)],
            check=True)
        self.delivered = self.folder / "mail" / "all" / "new"
        wait_for_port(self.port)
        self.pid = int((self.folder / "spool/pid/master.pid").read_text())

    def clean(self):
        set_aside(self.delivered, self.folder / "done")

    def count(self):
        try:
            return sum(1 for _ in os.scandir(self.delivered))
        except FileNotFoundError:
            return 0

    def stop(self):
        subprocess.run([ROOT / "scripts/postfix-instance", "stop", self.folder], check=True)


class Bare:
    name = "bare-nio"
    port = BARE_PORT

    def __init__(self, binary):
        self.process = subprocess.Popen([binary, str(self.port)])
        self.pid = self.process.pid
        wait_for_port(self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def set_aside(folder, aside):
    """Empties a folder without deleting: after thousands of deletions ext4 looks long for an inode
    that was not deleted lately, and the next run would measure that."""
    aside.mkdir(exist_ok=True)
    for file in os.scandir(folder):
        os.rename(file.path, aside / file.name)


def wait_for_port(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def smtp_source(peers, port, sessions, count, size, kept):
    root = peers / "postfix" / "root"
    command = [root / "usr/sbin/smtp-source", "-s", str(sessions), "-m", str(count), "-l",
               str(size), "-f", "sender@bench.invalid", "-t", "user@bench.example"]
    if kept:
        command.append("-d")
    environment = dict(os.environ, LD_LIBRARY_PATH=str(root / "usr/lib/postfix"))
    subprocess.run(command + [f"127.0.0.1:{port}"], check=True, env=environment)


def run(server, peers, sessions, count, size, kept):
    """Rates of acceptance and delivery, and CPU seconds of the server for each mail."""
    before = cpu_seconds(server.pid)
    start = time.monotonic()
    smtp_source(peers, server.port, sessions, count, size, kept)
    accepted = time.monotonic() - start
    while server.count() < count:
        if time.monotonic() - start > 300:
            sys.exit(f"{server.name}: {server.count()} of {count} mails delivered after 300 s")
        time.sleep(0.01)
    delivered = time.monotonic() - start
    cpu = cpu_seconds(server.pid) - before
    server.clean()
    return count / accepted, count / delivered, cpu / count


def latency(server, sessions, count, size):
    """The 99th percentile of the time from the mail's last byte to its 250, in milliseconds."""
    mail = (b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * (size // 72) + b".\r\n")
    times, lock = [], threading.Lock()

    def session(mails):
        link = socket.create_connection(("127.0.0.1", server.port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = link.makefile("rb")
        file.readline()
        link.sendall(b"HELO bench\r\n")
        file.readline()
        mine = []
        for _ in range(mails):
            link.sendall(b"MAIL FROM:<sender@bench.invalid>\r\n")
            file.readline()
            link.sendall(b"RCPT TO:<user@bench.example>\r\n")
            file.readline()
            link.sendall(b"DATA\r\n")
            file.readline()
            link.sendall(mail)
            start = time.monotonic()
            assert file.readline().startswith(b"250")
            mine.append(time.monotonic() - start)
        link.close()
        with lock:
            times.extend(mine)

    threads = [threading.Thread(target=session, args=[count // sessions]) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while server.count() < count // sessions * sessions:
        time.sleep(0.05)
    server.clean()
    return statistics.quantiles(times, n=100)[98] * 1000


def syncs(server, peers, sessions, count, size):
    """Sync calls for each mail, counted by the kernel's tracepoints; None where it has none."""
    if not shutil.which("perf"):
        return None
    calls = ["fsync", "fdatasync", "syncfs", "sync_file_range", "sync"]
    out = tempfile.NamedTemporaryFile("r", suffix=".perf")
    # Postfix starts processes as it goes, so the whole machine is watched: nothing else syncs.
    perf = subprocess.Popen(
        ["perf", "stat", "-a", "-x", ",", "-o", out.name]
        + [word for call in calls for word in ("-e", f"syscalls:sys_enter_{call}")],
        stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    smtp_source(peers, server.port, sessions, count, size, True)
    while server.count() < count:
        time.sleep(0.01)
    perf.send_signal(signal.SIGINT)
    perf.wait()
    server.clean()
    total = 0
    for line in out.read().splitlines():
        fields = line.split(",")
        if len(fields) > 2 and fields[0].isdigit():
            total += int(fields[0])
    return total / count if total else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--bare", required=True)
    parser.add_argument("--peers", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", default="1,10,50")
    parser.add_argument("--bytes", default="1024,10240,102400")
    parser.add_argument("--seconds", type=float, default=3, help="about how long one run takes")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-bench-", dir=os.environ.get("BENCH")))
    folder.chmod(0o755)
    peers = options.peers.resolve()
    servers = []
    try:
        servers.append(Martlet(folder, options.martlet))
        servers.append(Postfix(folder, peers))
        bare = Bare(options.bare)
        servers.append(bare)
        martlet, postfix = servers[:2]
        for server in (martlet, postfix):
            smtp_source(peers, server.port, 1, 20, 1024, True)
            while server.count() < 20:
                time.sleep(0.05)
            server.clean()
        for kept in (True, False):
            for sessions in map(int, options.sessions.split(",")):
                for size in map(int, options.bytes.split(",")):
                    compare(martlet, postfix, bare, peers, sessions, size, kept, options)
        for sessions, size in ((1, 10240), (10, 10240), (50, 10240)):
            for server in (martlet, postfix):
                p99 = latency(server, sessions, 3000, size)
                print(f"latency receive percentile=99 sessions={sessions} bytes={size} "
                      f"server={server.name} milliseconds={p99:.1f}", flush=True)
        for sessions in (1, 50):
            for server in (martlet, postfix):
                each = syncs(server, peers, sessions, 2000, 10240)
                if each is not None:
                    print(f"syncs receive sessions={sessions} bytes=10240 server={server.name} "
                          f"each_mail={each:.2f}", flush=True)
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def compare(martlet, postfix, bare, peers, sessions, size, kept, options):
    # About as many mails as fit the wished time, by what is usual; the same for both.
    rates = {1024: 600, 10240: 500, 102400: 300}
    rate = rates.get(size, 300)
    count = max(100, int(rate * options.seconds / 50) * 50)
    results = {martlet.name: [], postfix.name: []}
    for _ in range(options.rounds):
        for server, factor in ((martlet, 4), (postfix, 1)):
            results[server.name].append(run(server, peers, sessions, count * factor, size, kept))
    start = time.monotonic()
    smtp_source(peers, bare.port, sessions, count * 4, size, kept)
    limit = count * 4 / (time.monotonic() - start)
    median = {
        name: [statistics.median(values) for values in zip(*runs)]
        for name, runs in results.items()
    }
    place = f"sessions={sessions} bytes={size} connections={'kept' if kept else 'new'}"
    ours, theirs = median[martlet.name], median[postfix.name]
    for index, stage in enumerate(("accepted", "delivered")):
        print(f"rate receive stage={stage} {place} martlet={ours[index]:.0f} "
              f"peer={theirs[index]:.0f} limit={limit:.0f} unit=mails/s")
        print(f"ratio receive stage={stage} {place} peer=postfix "
              f"{ours[index] / theirs[index]:.2f}")
    print(f"cpu receive {place} martlet={ours[2] * 1e6:.0f} peer={theirs[2] * 1e6:.0f} "
          "unit=microseconds/mail", flush=True)


if __name__ == "__main__":
    main()
