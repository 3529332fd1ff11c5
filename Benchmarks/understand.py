#!/usr/bin/env python3
"""What it costs to understand a mail: each thing that Martlet does with one, beside what people use
for it, in one run.

Every peer does the same to the same mails, over and over, one after another and in turn; figures
are microseconds of the processor for one mail, the median of all turns. Nothing asks a DNS: each
peer is given the records. Prints one figure a line; see docs/benchmarks.md.
"""

import argparse
import base64
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time

import dkim

HERE = pathlib.Path(__file__).resolve().parent
MAILS, BYTES = 20, 10_240


def text(size, seed):
    """Lines of words, some of them with two spaces or one at their end, as people write."""
    source = random.Random(seed)
    words = ["".join(source.choices("etaoinshrdlu", k=source.randint(2, 9))) for _ in range(300)]
    lines, length = [], 0
    while length < size:
        line = ""
        while len(line) < 66:
            line += source.choice(words) + (".  " if source.random() < 0.05 else " ")
        lines.append(line if source.random() < 0.1 else line.rstrip())
        length += len(lines[-1]) + 2
    return "\r\n".join(lines) + "\r\n"


def mail(number):
    header = "\r\n".join((
        "Received: from client.bench.example (client.bench.example [192.0.2.1])",
        f"\tby mx.bench.example with ESMTPS id {number}",
        "\tfor <user@bench.example>; Wed, 21 Oct 2026 10:00:00 +0000",
        "From: Some Body <some.body@bench.example>", "To: User <user@bench.example>",
        f"Subject: A mail of the benchmark, number {number}",
        "Date: Wed, 21 Oct 2026 10:00:00 +0000", f"Message-ID: <{number}@bench.example>",
        "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit", "Reply-To: some.body@bench.example", "", ""))
    return (header + text(BYTES - len(header), number)).encode()


def openssl(*arguments, given=None):
    return subprocess.run(
        ["openssl", *arguments], input=given, check=True, capture_output=True).stdout


class DKIM:
    """Verifying a signature by an RSA key of 2048 bits, relaxed/relaxed."""

    NAME = "dkim"
    # The aims of the project: how many times as quick, at least.
    AIMS = {"dkimpy": 20, "opendkim": 1}

    def __init__(self, folder, options):
        self.folder = folder
        key = openssl("genrsa", "-traditional", "2048")
        public = openssl("rsa", "-pubout", "-outform", "DER", given=key)
        self.record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
        (folder / "keys").write_bytes(b"bench._domainkey.bench.example " + self.record + b"\n")
        self.mails = []
        for number in range(MAILS):
            unsigned = mail(number)
            self.mails.append(dkim.sign(
                unsigned, b"bench", b"bench.example", key,
                canonicalize=(b"relaxed", b"relaxed")) + unsigned)
            (folder / f"{number:02}.eml").write_bytes(self.mails[-1])
        self.opendkim = self.compiled(options.peers / "opendkim" / "root" / "usr")

    def compiled(self, root):
        """The small program around Debian's libopendkim."""
        libraries = root / "lib" / machine()
        program = self.folder / "opendkim_verify"
        subprocess.run(
            ["cc", "-O2", f"-I{root}/include", HERE / "opendkim_verify.c", "-o", program,
             f"-L{libraries}", "-l:libopendkim.so.11", f"-Wl,-rpath,{libraries}",
             f"-Wl,-rpath-link,{libraries}"], check=True)
        return program

    def dkimpy(self, _, seconds):
        def once():
            for signed in self.mails:
                if not dkim.verify(signed, dnsfunc=lambda name, timeout: self.record):
                    raise SystemExit("dkimpy does not verify a mail that it signed")
        return repeated(once, len(self.mails), seconds)

    def peers(self):
        return {
            "dkimpy": self.dkimpy,
            "opendkim": lambda folder, seconds: printed(self.opendkim, folder, seconds)}


ROWS = (DKIM,)


def machine():
    return subprocess.run(
        ["cc", "-print-multiarch"], check=True, capture_output=True, text=True).stdout.strip()


def repeated(once, mails, seconds):
    """Microseconds of the processor for one mail, of something done in this process."""
    begin, count = time.process_time(), 0
    while time.process_time() - begin < seconds:
        once()
        count += mails
    return (time.process_time() - begin) / count * 1e6


def printed(*command):
    """What a program prints that measures itself."""
    return float(subprocess.run(
        [str(word) for word in command], check=True, capture_output=True, text=True).stdout)


def compare(row, bench, options):
    """Each peer in turn, so that what else the machine does hits all of them."""
    peers = {
        "martlet": lambda folder, seconds: printed(bench, row.NAME, folder, seconds),
        **row.peers()}
    runs = {name: [] for name in peers}
    for _ in range(options.rounds):
        for name, run in peers.items():
            runs[name].append(run(row.folder, options.seconds))
    medians = {name: statistics.median(figures) for name, figures in runs.items()}
    figures = " ".join(f"{name}={figure:.1f}" for name, figure in medians.items())
    print(f"cpu understand what={row.NAME} bytes={BYTES} {figures} unit=microseconds/mail")
    for name in row.peers():
        ratio = medians[name] / medians["martlet"]
        print(f"ratio understand what={row.NAME} bytes={BYTES} peer={name} {ratio:.2f}"
              f" aim={row.AIMS[name]}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True, help="UnderstandBench, optimised")
    parser.add_argument("--peers", required=True, type=pathlib.Path, help="holds opendkim/root")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of one turn")
    options = parser.parse_args()
    options.peers = options.peers.resolve()
    for make in ROWS:
        folder = pathlib.Path(tempfile.mkdtemp())
        try:
            compare(make(folder, options), options.bench, options)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
