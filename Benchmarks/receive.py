#!/usr/bin/env python3
"""Receiving: Martlet against Debian's Postfix on the same disk, by Postfix's own smtp-source.

Both take the mail durably before their 250 and deliver it into a folder: Martlet by a `store` rule
into a bucket, Postfix by virtual(8) into a Maildir. They run in turn; each figure is the median of
ROUNDS runs. Prints one figure a line; see docs/benchmarks.md.
"""

import argparse
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from servers import (
    REST_SECONDS, Bare, Martlet, Postfix, Tunnel, run, smtp_source, wait_until_delivered, warm_up,
    workspace)


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
    wait_until_delivered(server, count // sessions * sessions)
    server.clean()
    time.sleep(REST_SECONDS)
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
    wait_until_delivered(server, count)
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
    folder = workspace()
    peers = options.peers.resolve()
    servers = []
    try:
        servers.append(Martlet(folder, options.martlet))
        servers.append(Postfix(folder, peers))
        bare = Bare(options.bare)
        servers.append(bare)
        martlet, postfix = servers[:2]
        for server in (martlet, postfix):
            warm_up(server, peers)
        for kept in (True, False):
            for sessions in map(int, options.sessions.split(",")):
                for size in map(int, options.bytes.split(",")):
                    compare(martlet, postfix, bare, peers, sessions, size, kept, options)
        for kept in (True, False):
            compare_tls(folder, martlet, postfix, peers, kept, options)
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


def compare_tls(folder, martlet, postfix, peers, kept, options):
    """STARTTLS, one handshake for each connection; stunnel's work bounds both servers alike."""
    sessions, size = 50, 10240
    count = max(100, int((500 if kept else 100) * options.seconds / 50) * 50)
    results = {martlet.name: [], postfix.name: []}
    for _ in range(options.rounds):
        for server, factor in ((martlet, 2), (postfix, 1)):
            tunnel = Tunnel(folder, server)
            try:
                results[server.name].append(
                    run(tunnel, peers, sessions, count * factor, size, kept))
            finally:
                tunnel.stop()
    report("receive", results,
           f"sessions={sessions} bytes={size} connections={'kept' if kept else 'new'} tls=starttls")


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
    report("receive", results,
           f"sessions={sessions} bytes={size} connections={'kept' if kept else 'new'}",
           f" limit={limit:.0f}")


def report(what, results, place, limit="", peer="postfix"):
    """The medians of both servers' runs: of acceptance, delivery, and the processor's time."""
    ours, theirs = (
        [statistics.median(values) for values in zip(*results[name])]
        for name in ("martlet", "postfix"))
    for index, stage in enumerate(("accepted", "delivered")):
        print(f"rate {what} stage={stage} {place} martlet={ours[index]:.0f} "
              f"peer={theirs[index]:.0f}{limit} unit=mails/s")
        print(f"ratio {what} stage={stage} {place} peer={peer} "
              f"{ours[index] / theirs[index]:.2f}")
    print(f"cpu {what} {place} martlet={ours[2] * 1e6:.0f} peer={theirs[2] * 1e6:.0f} "
          "unit=microseconds/mail", flush=True)


if __name__ == "__main__":
    main()
