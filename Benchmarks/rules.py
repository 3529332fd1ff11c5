#!/usr/bin/env python3
"""What many rules cost: 200 rules with 100 recipients each against one rule, and 200 with conditions.

First, without a server: one evaluation of 200 rules that each ask something of a mail of 10 KB that
was read before, 20 of them of its header. Then: every mail is for one recipient of the last rule; all of its rules are the same `store`. Two
servers stand side by side and are loaded in turn, by Postfix's smtp-source; what is looked for is
less than the noise of one run, so each round is several short turns of both, and each figure is
the median of all. Prints one figure a line; see docs/benchmarks.md.
"""

import argparse
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from servers import MARTLET_PORT, Martlet, in_turns, run, warm_up, workspace

RULES, RECIPIENTS = 200, 100
TURNS = 4
SESSIONS, BYTES = 50, 10_240


def rule_set(rules, recipients):
    """`rules` rules; user@bench.example stands last in the last of them."""
    lines = ["ruleSet: bench", "rules:"]
    for rule in range(rules):
        addresses = [f"user-{rule}-{number}@bench.example" for number in range(recipients)]
        if rule == rules - 1:
            addresses[-1] = "user@bench.example"
        lines += [
            f"  - name: rule-{rule}", f"    recipients: [{', '.join(addresses)}]",
            "    actions: [{store: {bucket: bench}}]"]
    return "\n".join(lines) + "\n"


def mail():
    """A mail of 10 KB with 27 header fields."""
    fields = [
        f"Received: from a{hop}.example (a{hop}.example [192.0.2.{hop}]) by b{hop}.example "
        f"with ESMTPS id {hop:08x} for <user@bench.example>; Sat, 28 Nov 2026 10:00:0{hop} +0000"
        for hop in range(4)]
    fields += [
        "From: Ada Lovelace <ada@sender.example>", "To: user@bench.example",
        "Subject: Your invoice of November", "Date: Sat, 28 Nov 2026 10:00:00 +0000",
        "Message-ID: <1@sender.example>", "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8"]
    fields += [f"X-Field-{number}: value {number} of a usual length" for number in range(16)]
    text = "\r\n".join(fields) + "\r\n\r\n"
    line = "0123456789" * 7 + "\r\n"
    return text + line * ((BYTES - len(text)) // len(line))


def evaluate(bench, rounds):
    """Microseconds of the processor for one evaluation: the median of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "mail.eml").write_text(mail(), encoding="ascii", newline="")
        taken = [
            float(subprocess.run(
                [bench, "rules", folder, "2"], check=True, capture_output=True, text=True).stdout)
            for _ in range(rounds)]
    print(f"cpu rules evaluation=conditions rules=200 header_rules=20 bytes={BYTES} "
          f"martlet={statistics.median(taken):.1f} unit=microseconds/mail", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--bench", required=True, help="UnderstandBench")
    parser.add_argument("--peers", required=True, type=pathlib.Path, help="holds postfix/root")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mails", type=int, default=4_000, help="of one run")
    options = parser.parse_args()
    evaluate(options.bench, options.rounds)
    folder = workspace()
    peers = options.peers.resolve()
    servers = []
    try:
        for name, rules in (("many", rule_set(RULES, RECIPIENTS)), ("one", rule_set(1, 1))):
            servers.append(Martlet(
                folder, options.martlet, rules=rules, name=name, port=MARTLET_PORT + len(servers)))
            warm_up(servers[-1], peers)
        found = in_turns(
            servers, options.rounds * TURNS,
            lambda server: run(server, peers, SESSIONS, options.mails, BYTES, True))
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    many, one = found["many"], found["one"]
    place = f"rules={RULES} recipients={RECIPIENTS}"
    for index, stage in enumerate(("accepted", "delivered")):
        print(f"rate rules stage={stage} {place} martlet={many[index]:.0f} "
              f"peer={one[index]:.0f} unit=mails/s")
        print(f"ratio rules stage={stage} {place} peer=one-rule {many[index] / one[index]:.2f}")
    print(f"cpu rules {place} martlet={many[2] * 1e6:.0f} peer={one[2] * 1e6:.0f} "
          "unit=microseconds/mail", flush=True)


if __name__ == "__main__":
    main()
