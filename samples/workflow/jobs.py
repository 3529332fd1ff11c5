#!/usr/bin/env python3
"""Mails that start jobs: the handler that queues them, and the command that runs them.

    jobs.py         queues the job that the mail's subject names, as a handler: “job: report 2026-10”
    jobs.py run     runs what is queued, one after another; for a timer, as a user who may do so

The handler runs nothing: it knows which jobs there are and what may stand behind each, and writes a
file. Its name is made of the Message-ID, so a mail that is sent once more (whoever has a copy with its
DKIM signature can do that) starts nothing again, and what is older than a day starts nothing at all.
The folders new, running and done are in QUEUE, whose path starts at this program's folder."""

import email.utils
import hashlib
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))

import martlet  # noqa: E402

QUEUE = os.path.join(HERE, os.environ.get("QUEUE", "../../var/samples/workflow/queue"))
AGE_SECONDS_MAX = 86_400
# What a job may be told, and what it is: a program and its arguments, and no shell.
JOBS = {
    "report": (r"[0-9]{4}-(0[1-9]|1[0-2])", ["echo", "a report of"]),
    "restart": (r"web|mail", ["echo", "starts again:"]),
}


def folder(name):
    path = os.path.join(QUEUE, name)
    os.makedirs(path, exist_ok=True)
    return path


def queue():
    ses = martlet.event()
    reason, job = read(ses)
    if not reason:
        name = hashlib.sha256(job.pop("message").encode()).hexdigest() + ".json"
        reason = put(name, job)
    print(reason or f"queued: {job['job']} {job['argument']}", file=sys.stderr)


def read(ses):
    """Why the mail starts nothing, or the job that it starts. The rule has asked some of this before;
    whoever names this program in another rule has not."""
    if ses["receipt"]["dmarcVerdict"]["status"] != "PASS":
        return "nobody stands for the mail", None
    fields = ses["mail"]["commonHeaders"]
    asked = re.fullmatch(r"job: ([a-z]+) (\S+)", fields.get("subject", ""))
    if not asked or asked[1] not in JOBS or not re.fullmatch(JOBS[asked[1]][0], asked[2]):
        return "there is no such job", None
    if not fields.get("messageId") or abs(time.time() - sent_at(fields)) > AGE_SECONDS_MAX:
        return "it is not of today", None
    return None, {
        "job": asked[1], "argument": asked[2], "by": fields["from"],
        "mail": ses["mail"]["messageId"], "message": fields["messageId"]}


def sent_at(fields):
    try:
        return email.utils.parsedate_to_datetime(fields["date"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0


def put(name, job):
    """Why it is not queued, or nothing. A job goes from folder to folder, so it is looked for in the
    same order."""
    if any(os.path.exists(os.path.join(folder(each), name)) for each in ("new", "running", "done")):
        return "it was queued before"
    draft = os.path.join(folder("drafts"), name)
    with open(draft, "w", encoding="utf-8") as file:
        json.dump(job, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, os.path.join(folder("new"), name))
    return None


def run():
    for name in sorted(os.listdir(folder("new"))):
        running = os.path.join(folder("running"), name)
        os.rename(os.path.join(QUEUE, "new", name), running)
        with open(running, encoding="utf-8") as file:
            job = json.load(file)
        subprocess.run([*JOBS[job["job"]][1], job["argument"]], check=False)
        os.rename(running, os.path.join(folder("done"), name))
    for name in os.listdir(folder("done")):
        path = os.path.join(QUEUE, "done", name)
        if time.time() - os.stat(path).st_mtime > 2 * AGE_SECONDS_MAX:
            os.unlink(path)


if __name__ == "__main__":
    if sys.argv[1:] == ["run"]:
        run()
    elif len(sys.argv) == 1:
        queue()
    else:
        sys.exit(__doc__)
