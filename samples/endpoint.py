#!/usr/bin/env python3
"""A web endpoint to try webhooks with: takes every POST, and prints what it says, a JSON line each.

    python3 samples/endpoint.py 8080

Of a form these are the fields, of a file in it its name, type and size; of anything else the text, or
the keys of a JSON object. It checks no signature: what it prints anybody may have posted.
"""

import email.parser
import email.policy
import http.server
import json
import sys


def fields(content_type, body):
    """What a form says, by the names of its fields."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    said = {}
    for part in form.iter_parts():
        content = part.get_payload(decode=True) or b""
        name = part.get_param("name", header="Content-Disposition")
        if part.get_filename() is None:
            said[name] = content.decode("utf-8", "replace")
        else:
            said[name] = f"{part.get_filename()}: {part.get_content_type()}, {len(content)} bytes"
    return said


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content_type = self.headers.get("Content-Type", "")
        if content_type.startswith("multipart/form-data"):
            said = fields(content_type, body)
        elif content_type == "application/json":
            said = json.loads(body)
        else:
            said = {"text": body.decode("utf-8", "replace")}
        print(json.dumps(said, ensure_ascii=False), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Endpoint).serve_forever()
