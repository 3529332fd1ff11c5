#!/usr/bin/env python3
"""Whoever is on call: a web endpoint that a topic posts to, in SNS's form. It shows each mail once.

    pager.py [PORT]"""

import http.server
import json
import sys

MESSAGE_BYTES_MAX = 1_000_000
seen = set()


class Pager(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        if length > MESSAGE_BYTES_MAX:
            return self.answer(413)
        message = json.loads(self.rfile.read(length))
        # What was answered too late comes again, under the same id.
        if message["Type"] == "Notification" and message["MessageId"] not in seen:
            mail = json.loads(message["Message"])["mail"]
            words = f"{mail['source']}: {mail['commonHeaders'].get('subject', '')}"
            print("on call:", "".join(c if c.isprintable() else "?" for c in words), flush=True)
            seen.add(message["MessageId"])
        return self.answer(200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8055
print(f"on call at 127.0.0.1:{port}", flush=True)
try:
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Pager).serve_forever()
except KeyboardInterrupt:
    pass
