#!/usr/bin/env python3
"""A worker: one process for many mails. A line of JSON comes, a line of JSON goes.

It stops the rules for mails whose text names the word in WORD, and lets all others go on.
Nothing but answers may be printed; what is written to standard error goes to the log.
"""
import json
import os
import sys

word = os.environ.get("WORD", "unsubscribe").encode()

for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"]}
    try:
        # The raw mail, to be read before the answer: afterwards it is empty.
        with open(request["mail"]["path"], "rb") as mail:
            found = word in mail.read().lower()
        answer["disposition"] = "STOP_RULE_SET" if found else "CONTINUE"
    except Exception as error:  # This mail fails and is tried again; the worker lives on.
        print("failed:", error, file=sys.stderr, flush=True)
        answer["error"] = str(error)
    print(json.dumps(answer), flush=True)
