#!/usr/bin/env python3
"""What a handler costs that lives on: mails that a warm worker is asked about, end to end over SMTP.

Two servers stand side by side and are loaded in turn by Postfix's smtp-source: one stores its mails,
the other asks a worker about each of them first, a Python program that reads the request, and the mail
where it is told to, and answers. Each figure is the median of ROUNDS. Prints one figure a line; see
docs/benchmarks.md.
"""

import argparse
import pathlib
import shutil

from servers import MARTLET_PORT, ONE_RULE, Martlet, in_turns, run, warm_up, workspace

SESSIONS, BYTES = 50, 10_240

RULES = """\
ruleSet: bench
rules:
  - name: all
    recipients: [bench.example]
    actions: [{invoke: {handler: worker}}, {store: {bucket: bench}}]
"""

WORKER = """\
#!/usr/bin/python3
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    with open(request["mail"]["path"], "rb") as mail:
        mail.read()
    print(json.dumps({"id": request["id"]}), flush=True)
"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", required=True)
    parser.add_argument("--peers", required=True, type=pathlib.Path, help="holds postfix/root")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mails", type=int, default=10_000, help="of one run")
    parser.add_argument("--processes", type=int, default=2, help="of the worker")
    options = parser.parse_args()
    folder = workspace()
    peers = options.peers.resolve()
    program = folder / "worker.py"
    program.write_text(WORKER)
    program.chmod(0o755)
    settings = f"handlers: {{worker: {{worker: [{program}], processes: {options.processes}}}}}\n"
    servers = []
    try:
        for name, rules, more in (("worker", RULES, settings), ("store", ONE_RULE, "")):
            servers.append(Martlet(
                folder, options.martlet, rules=rules, name=name, port=MARTLET_PORT + len(servers),
                settings=more))
            warm_up(servers[-1], peers)
        found = in_turns(
            servers, options.rounds,
            lambda server: run(server, peers, SESSIONS, options.mails, BYTES, True))
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    asked, stored = found["worker"], found["store"]
    place = f"bytes={BYTES} processes={options.processes}"
    for index, stage in enumerate(("accepted", "delivered")):
        print(f"rate handlers stage={stage} {place} martlet={asked[index]:.0f} "
              f"peer={stored[index]:.0f} unit=mails/s")
    print(f"cpu handlers {place} martlet={asked[2] * 1e6:.0f} peer={stored[2] * 1e6:.0f} "
          "unit=microseconds/mail", flush=True)


if __name__ == "__main__":
    main()
