#!/usr/bin/env python3
"""What verdicts cost the receiver: the same server with SPF, DKIM and DMARC and without, and
Debian's Postfix, which judges nothing.

All three take the same mail of 10 KB over and over, signed by an RSA key of 2048 bits. The DNS is a
zone that the server reads, so that its resolver is warm, as with a sender who writes often. Each is
loaded in turn by Postfix's smtp-source; each figure is the median of the turns. Prints one figure a
line; see docs/benchmarks.md.
"""

import argparse
import base64
import pathlib
import shutil
import statistics
import sys

import dkim

from servers import (
    MARTLET_PORT, Martlet, Postfix, run, smtp_source, wait_until_delivered, warm_up, workspace)
from understand import mail, openssl

AIM = 0.6
KEPT_TURNS, NEW_TURNS = 2, 1
MAILS = {"judging": 8_000, "without": 8_000, "postfix": 2_000}

ZONE = """\
$TTL 3600
@ SOA ns hostmaster 1 3600 600 86400 60
  NS ns
ns A 127.0.0.1
sender TXT "v=spf1 mx ip4:127.0.0.0/8 -all"
  MX 10 mail.sender
mail.sender A 192.0.2.1
_dmarc.sender TXT "v=DMARC1; p=reject; adkim=s"
"""


def signed(folder):
    """The mail as a file for smtp-source, and the zone with its key."""
    key = openssl("genrsa", "-traditional", "2048")
    public = base64.b64encode(openssl("rsa", "-pubout", "-outform", "DER", given=key)).decode()
    record = "v=DKIM1; k=rsa; p=" + public
    strings = " ".join(f'"{record[at:at + 250]}"' for at in range(0, len(record), 250))
    (folder / "zone").write_text(ZONE + f"s._domainkey.sender TXT {strings}\n")
    content = mail(1).replace(b"some.body@bench.example", b"some.body@sender.example")
    signature = dkim.sign(
        content, b"s", b"sender.example", key, canonicalize=(b"relaxed", b"relaxed"))
    (folder / "mail").write_bytes((signature + content).replace(b"\r\n", b"\n"))


def all_passed(server):
    """Whether the mail that was taken last is one that all three checks hold for good."""
    newest = max(server.delivered.iterdir(), key=lambda file: file.stat().st_mtime)
    head = newest.read_bytes().split(b"\r\n\r\n")[0]
    return all(check + b"=pass" in head for check in (b"spf", b"dkim", b"dmarc"))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--peers", required=True, type=pathlib.Path, help="holds postfix/root")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = workspace()
    peers = options.peers.resolve()
    signed(folder)
    zone = f"dns: {{zones: [{{name: example, file: {folder}/zone}}]}}\n"
    servers = []
    try:
        for name, enabled in (("judging", "true"), ("without", "false")):
            servers.append(Martlet(
                folder, options.martlet, name=name, port=MARTLET_PORT + 10 * len(servers),
                settings=zone + f"authentication: {{enabled: {enabled}}}\n"))
            warm_up(servers[-1], peers)
        servers.append(Postfix(folder, peers))
        warm_up(servers[-1], peers)
        smtp_source(peers, servers[0].port, 1, 20, folder / "mail", True)
        wait_until_delivered(servers[0], 20)
        if not all_passed(servers[0]):
            sys.exit("the judging server does not find that the mail passes")
        servers[0].clean()
        for kept, turns in ((True, KEPT_TURNS), (False, NEW_TURNS)):
            compare(servers, peers, folder / "mail", kept, options.rounds * turns)
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def compare(servers, peers, content, kept, turns):
    runs = {server.name: [] for server in servers}
    for turn in range(turns):
        # Who goes first changes, so that what one leaves to the others evens out.
        for server in servers if turn % 2 == 0 else reversed(servers):
            count = MAILS[server.name] // (1 if kept else 2)
            runs[server.name].append(run(server, peers, 50, count, content, kept))
    judging, without, postfix = (
        [statistics.median(values) for values in zip(*runs[name])]
        for name in ("judging", "without", "postfix"))
    place = f"sessions=50 bytes=10240 connections={'kept' if kept else 'new'}"
    for index, stage in enumerate(("accepted", "delivered")):
        print(f"rate verdicts stage={stage} {place} judging={judging[index]:.0f} "
              f"without={without[index]:.0f} postfix={postfix[index]:.0f} unit=mails/s")
        print(f"ratio verdicts stage={stage} {place} against=without "
              f"{judging[index] / without[index]:.2f} aim={AIM}")
        print(f"ratio verdicts stage={stage} {place} against=postfix "
              f"{judging[index] / postfix[index]:.2f}")
    print(f"cpu verdicts {place} judging={judging[2] * 1e6:.0f} without={without[2] * 1e6:.0f} "
          f"postfix={postfix[2] * 1e6:.0f} unit=microseconds/mail", flush=True)


if __name__ == "__main__":
    main()
