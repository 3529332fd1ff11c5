#!/usr/bin/env python3
"""Makes a ticket of a mail: the smallest useful handler.

The mail is on standard input, SES's Lambda event in the file that MARTLET_EVENT_FILE names, the
essentials in the environment. A ticket is a line in TICKETS, if that is set; a relative path starts
at this program's folder. The same mail may come twice (after a crash): MARTLET_ACTION_ID says so, and
names the ticket here.
"""

import email
import email.policy
import json
import os
import sys

mail = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
with open(os.environ["MARTLET_EVENT_FILE"], encoding="utf-8") as file:
    event = json.load(file)["Records"][0]["ses"]

ticket = {
    "id": os.environ["MARTLET_ACTION_ID"],
    "from": event["mail"]["source"],
    "to": event["receipt"]["recipients"],
    "subject": str(mail["subject"] or ""),
    "queue": str(mail["x-queue"] or ""),
    "attempt": int(os.environ["MARTLET_ATTEMPT"]),
}
if path := os.environ.get("TICKETS"):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), path)
    with open(path, "a", encoding="utf-8") as tickets:
        tickets.write(json.dumps(ticket, ensure_ascii=False) + "\n")

# Standard error goes to the server's log, with the mail's id.
print(f"made a ticket of “{ticket['subject']}”", file=sys.stderr)

# The answer: go on, or stop here where the subject asks for it.
stop = "[done]" in ticket["subject"].lower()
print(json.dumps({"disposition": "STOP_RULE_SET" if stop else "CONTINUE"}))
