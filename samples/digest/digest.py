#!/usr/bin/env python3
"""A daily digest of a catch-all: the handler that notes mails, and the command that sends the notes.

    digest.py                 notes the mail that MARTLET_EVENT_FILE tells of, as a handler
    digest.py send FROM TO    sends what was noted, by “martlet send”; for cron, once a day

A note is a file in the folder new of DIGEST, whose path starts at this program's folder. To be sent,
new becomes a batch under another name, and is removed when the server has the digest: one that could
not be sent is sent the next time, under the same key, so nobody gets it twice."""

import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))

import martlet  # noqa: E402

FOLDER = os.path.join(HERE, os.environ.get("DIGEST", "../../var/samples/digest/notes"))
NEW = os.path.join(FOLDER, "new")
LINES_MAX = 500


def note():
    ses = martlet.event()
    written = {
        "time": ses["mail"]["timestamp"], "from": ses["mail"]["source"],
        "to": ses["receipt"]["recipients"],
        "subject": ses["mail"]["commonHeaders"].get("subject", "")}
    # The id is the server's, the same where the mail comes twice, and safe as a name.
    name = os.environ["MARTLET_MAIL_ID"]
    draft = os.path.join(FOLDER, f"{name}.draft")
    os.makedirs(FOLDER, exist_ok=True)
    with open(draft, "w", encoding="utf-8") as file:
        json.dump(written, file)
        file.flush()
        os.fsync(file.fileno())
    while True:
        os.makedirs(NEW, exist_ok=True)
        try:
            return os.rename(draft, os.path.join(NEW, name))
        except FileNotFoundError:
            # It has just become a batch: this note is one of the next.
            continue


def send(sender, recipient):
    if os.path.isdir(NEW) and os.listdir(NEW):
        day = time.strftime("%Y-%m-%d", time.gmtime())
        os.rename(NEW, os.path.join(FOLDER, f"batch-{day}-{time.time_ns()}"))
    for batch in sorted(os.listdir(FOLDER)) if os.path.isdir(FOLDER) else []:
        if batch.startswith("batch-"):
            send_batch(batch, sender, recipient)
            shutil.rmtree(os.path.join(FOLDER, batch))


def send_batch(batch, sender, recipient):
    notes = []
    for name in os.listdir(os.path.join(FOLDER, batch)):
        with open(os.path.join(FOLDER, batch, name), encoding="utf-8") as file:
            notes.append((json.load(file), name))
    notes.sort(key=lambda each: (each[0]["time"], each[1]))
    lines = [described(*each) for each in notes[:LINES_MAX]]
    if len(notes) > LINES_MAX:
        lines.append(f"… and {len(notes) - LINES_MAX} more")
    # No shell: what a sender wrote is standard input, and nothing of it an argument.
    subprocess.run(
        ["martlet", "send", "--from", sender, "--to", recipient, "--text", "-",
         "--subject", f"{len(notes)} mail(s) until {batch[6:16]}",
         "--idempotency-key", f"digest-{batch}"],
        input="\n".join(lines).encode() + b"\n", check=True)


def described(written, name):
    words = f"{written['time'][:16]}  {written['from'] or '<>'} to {', '.join(written['to'])}"
    return "".join(c if c.isprintable() else "?" for c in f"{words}  {written['subject']}") + \
        f"\n    martlet mail show {name}"


def main():
    if sys.argv[1:2] == ["send"] and len(sys.argv) == 4:
        try:
            send(*sys.argv[2:])
        except subprocess.CalledProcessError as error:
            # martlet has said why; 75 is “not now”.
            sys.exit(error.returncode)
    elif len(sys.argv) == 1:
        note()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
