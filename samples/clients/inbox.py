#!/usr/bin/env python3
"""The rest of the world, for trying things out: takes every mail over SMTP and shows it.

    inbox.py [PORT [FOLDER]]

It listens on 127.0.0.1 alone, on port 2526 where none is given. With FOLDER each mail is a file
there, too, as it came: 1.eml, 2.eml, and so on."""

import email
import email.policy
import itertools
import os
import socketserver
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 2526
folder = sys.argv[2] if len(sys.argv) > 2 else None
numbers = itertools.count(1)


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 inbox ESMTP")
        recipients = []
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"QUIT":
                return self.say("221 2.0.0 bye")
            if verb == b"RCPT":
                recipients.append(line.partition(b":")[2].strip().decode("utf-8", "replace"))
            if verb in (b"MAIL", b"RSET", b"EHLO", b"HELO"):
                recipients = []
            if verb == b"DATA":
                self.say("354 go on")
                take(recipients, b"".join(self.lines()))
            self.say("250 2.0.0 ok")

    def lines(self):
        """The mail, without the dots that SMTP puts before dots."""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            yield line[1:] if line.startswith(b".") else line

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


def take(recipients, content):
    mail = email.message_from_bytes(content, policy=email.policy.default)
    body = mail.get_body(("plain", "html"))
    print(f"--- for {', '.join(recipients)}")
    for name in ("From", "To", "Subject", "In-Reply-To", "List-Unsubscribe"):
        if mail[name]:
            print(f"{name}: {mail[name]}")
    print(f"\n{body.get_content() if body else ''}", flush=True)
    if folder:
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{next(numbers)}.eml")
        with open(path + ".new", "wb") as file:
            file.write(content)
        os.rename(path + ".new", path)


class Inbox(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


print(f"mails for everybody come to 127.0.0.1:{port}", flush=True)
with Inbox(("127.0.0.1", port), Session) as inbox:
    try:
        inbox.serve_forever()
    except KeyboardInterrupt:
        pass
