#!/usr/bin/env python3
"""What it costs to understand a mail: each thing that Martlet does with one, beside what people use
for it, in one run.

Every peer does the same to the same mails, over and over, one after another and in turn; figures
are microseconds of the processor for one mail, the median of all turns. Nothing asks a DNS: each
peer is given the records. Prints one figure a line, and where a figure of our own has an aim the
figure with it; see docs/benchmarks.md.
"""

import argparse
import base64
import email
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time

import dkim
import spf

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

    NAME, WORK, BYTES = "dkim", "dkim", BYTES
    # The aims of the project: how many times as quick as each peer, at least.
    AIMS = {"dkimpy": 20, "opendkim": 1}

    def __init__(self, folder, options):
        self.folder = folder
        key = openssl("genrsa", "-traditional", "2048")
        public = openssl("rsa", "-pubout", "-outform", "DER", given=key)
        self.record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
        (folder / "zone").write_bytes(
            b"bench._domainkey.bench.example TXT " + self.record + b"\n")
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


class SPF:
    """Whether a client may use a domain: half of the domains name a large provider, through which
    the client is found behind three records, and half their own mail exchangers."""

    NAME, WORK, BYTES = "spf", "spf", 0
    AIMS = {"pyspf": None}
    PROVIDER = "spf.provider.example"

    def __init__(self, folder, options):
        self.folder = folder
        self.zone = {(self.PROVIDER, "TXT"): [
            "v=spf1 " + " ".join(f"include:net{n}.{self.PROVIDER}" for n in range(3)) + " ~all"]}
        for block in range(3):
            nets = " ".join(f"ip4:10.{block}.{net}.0/24" for net in range(10))
            self.zone[f"net{block}.{self.PROVIDER}", "TXT"] = [f"v=spf1 {nets} ~all"]
        self.envelopes = []
        for number in range(MAILS):
            domain = f"d{number}.bench.example"
            self.zone[domain, "TXT"] = [
                f"v=spf1 ip4:192.0.2.0/28 mx include:{self.PROVIDER} -all"]
            self.zone[domain, "MX"] = [f"mx{n}.{domain}" for n in range(2)]
            for n in range(2):
                self.zone[f"mx{n}.{domain}", "A"] = [f"198.51.100.{2 * number + n}"]
            address = f"198.51.100.{2 * number + 1}" if number % 2 else f"10.2.9.{number}"
            self.envelopes.append((address, "client.bench.example", f"some.body@{domain}"))
            (folder / f"{number:02}.eml").write_text(" ".join(self.envelopes[-1]))
        (folder / "zone").write_text("".join(
            f"{name} {kind} {data}\n"
            for (name, kind), records in self.zone.items() for data in records))

    def lookup(self, name, kind, *_, **__):
        shapes = {"TXT": lambda data: (data.encode(),), "MX": lambda data: (10, data)}
        shape = shapes.get(kind, str)
        return [((name, kind), shape(data)) for data in self.zone.get((name.lower(), kind), ())]

    def pyspf(self, _, seconds):
        spf.DNSLookup = self.lookup

        def once():
            for address, helo, sender in self.envelopes:
                if spf.check2(i=address, s=sender, h=helo)[0] != "pass":
                    raise SystemExit("pyspf does not let a client pass")
        return repeated(once, len(self.envelopes), seconds)

    def peers(self):
        return {"pyspf": self.pyspf}


class Structure:
    """The tree of parts: a text in two forms, and a file in base64."""

    NAME, WORK, BYTES, MAILS = "mime", "mime", BYTES, MAILS
    AIMS = {"email": None}
    MICROSECONDS_MAX = 20

    def __init__(self, folder, options):
        self.folder = folder
        self.mails = [self.made(number) for number in range(self.MAILS)]
        for number, made in enumerate(self.mails):
            (folder / f"{number:02}.eml").write_bytes(made)

    def made(self, number):
        header = mail(number).split(b"\r\nContent-Type")[0].decode() + "\r\n"
        words = text(2_048, number)
        front = "\r\n".join((
            'Content-Type: multipart/mixed; boundary="=_outer_1"', "", "A mail of many parts.",
            "--=_outer_1", 'Content-Type: multipart/alternative; boundary="=_inner_2"', "",
            "--=_inner_2", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit", "", words,
            "--=_inner_2", "Content-Type: text/html; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable", "", f"<p>{words}</p>",
            "--=_inner_2--", "", "--=_outer_1", "Content-Type: application/pdf; name=a.pdf",
            "Content-Disposition: attachment; filename=a.pdf",
            "Content-Transfer-Encoding: base64", "", ""))
        room = self.BYTES - len(header) - len(front)
        file = random.Random(number).randbytes(max(0, room) * 57 // 78)
        data = base64.encodebytes(file).replace(b"\n", b"\r\n")
        return (header + front).encode() + data + b"--=_outer_1--\r\n"

    def email(self, _, seconds):
        def once():
            for made in self.mails:
                if len(list(email.message_from_bytes(made).walk())) != 5:
                    raise SystemExit("email finds other parts")
        return repeated(once, len(self.mails), seconds)

    def peers(self):
        return {"email": self.email}


class LargeStructure(Structure):
    """The same of a mail with a large file."""

    NAME, BYTES, MAILS = "mime-large", 25 * 1024 * 1024, 1
    MICROSECONDS_MAX = BYTES / 500  # 500 MB a second


ROWS = (DKIM, SPF, Structure, LargeStructure)


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
        "martlet": lambda folder, seconds: printed(bench, row.WORK, folder, seconds),
        **row.peers()}
    runs = {name: [] for name in peers}
    for _ in range(options.rounds):
        for name, run in peers.items():
            runs[name].append(run(row.folder, options.seconds))
    medians = {name: statistics.median(figures) for name, figures in runs.items()}
    what = f"understand what={row.NAME} bytes={row.BYTES}"
    figures = " ".join(f"{name}={figure:.1f}" for name, figure in medians.items())
    print(f"cpu {what} {figures} unit=microseconds/mail")
    most = getattr(row, "MICROSECONDS_MAX", None)
    if most:
        print(f"aim {what} martlet={medians['martlet']:.1f} at_most={most:.0f}"
              f" rate={row.BYTES / medians['martlet']:.0f} unit=MB/s")
    for name, aim in row.AIMS.items():
        ratio = medians[name] / medians["martlet"]
        print(f"ratio {what} peer={name} {ratio:.2f}" + (f" aim={aim}" if aim else ""))


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
