"""Servers that speak S3's protocol, for buckets that are elsewhere: moto's, from PyPI, and one that
fails on purpose."""

import base64
import hashlib
import http.server
import os
import re
import subprocess
import threading

from support import DEADLINE_SECONDS, die_with_parent, eventually

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def settings(server, url, **more):
    """A bucket of the configuration that is at `url`; its secret is written beside."""
    path = server.path("bucket.secret")
    with open(path, "w", encoding="ascii") as file:
        file.write(SECRET + "\n")
    return {"endpoint": url, "region": "eu-central-1", "bucket": "example-mail",
            "accessKeyId": KEY, "secretFile": "bucket.secret", **more}


class Moto:
    """moto's server on a port that the system chose."""

    def __init__(self, test, environment):
        self.process = subprocess.Popen(
            [os.path.join(environment, "bin/python"), "-u", "-m", "moto.server", "-H", "127.0.0.1",
             "-p", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, preexec_fn=die_with_parent)
        self.lines = []
        reader = threading.Thread(target=self._read)
        reader.start()

        def end():
            self.process.kill()
            self.process.wait()
            reader.join()
        test.addCleanup(end)
        found = eventually(self._port, "moto listens")
        self.url = f"http://127.0.0.1:{found}"

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line)

    def _port(self):
        found = re.search(r"Running on http://127\.0\.0\.1:(\d+)", "".join(self.lines))
        return found and found[1]


class FailingBucket:
    """A server that takes objects as S3 does, and does to the next ones what `plan` says:

    500-after    takes the object, and answers 500
    close-after  takes the object, and closes
    close        closes in the midst of the body
    hang         takes the object, and never answers
    slow-down    503, with what S3 says, without reading the body
    forbidden    403, with what S3 says
    wrong-tag    200 with the ETag of another object, which it has kept in its place
    continue     100 Continue three times, then takes it
    no-tag       takes it, and says no ETag
    """

    def __init__(self, test):
        self.plan = []
        self.objects = {}
        # What was done to each request: its path and the word.
        self.seen = []
        self.at_work = 0
        self.most_at_work = 0
        self.lock = threading.Lock()
        self.is_over = threading.Event()
        bucket = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # For a client that stops in the midst of its body.
            timeout = DEADLINE_SECONDS

            def do_PUT(self):
                bucket.put(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        thread.start()

        def end():
            self.is_over.set()
            self.server.shutdown()
            thread.join()
            self.server.server_close()
        test.addCleanup(end)

    def put(self, request):
        with self.lock:
            word = self.plan.pop(0) if self.plan else "take"
            self.seen.append((request.path, word))
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            self._do(word, request)
        finally:
            with self.lock:
                self.at_work -= 1

    def _do(self, word, request):
        length = int(request.headers["Content-Length"])
        if word == "close":
            request.rfile.read(length // 2)
            request.close_connection = True
            return
        if word in ("slow-down", "forbidden"):
            status, code = {"slow-down": (503, "SlowDown"), "forbidden": (403, "AccessDenied")}[word]
            document = ('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>' + code
                        + "</Code><Message>On purpose</Message></Error>").encode()
            request.close_connection = True
            self._answer(request, status, {"Content-Type": "application/xml"}, document)
            return
        if word == "continue":
            for _ in range(3):
                request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = request.rfile.read(length)
        md5 = hashlib.md5(body)
        # What a server checks before it takes an object.
        whole = (len(body) == length
                 and base64.b64decode(request.headers["Content-MD5"]) == md5.digest()
                 and request.headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest())
        if not whole:
            self._answer(request, 400, {})
            return
        self.objects[request.path] = body if word != "wrong-tag" else b"something else"
        if word == "close-after":
            request.close_connection = True
        elif word == "hang":
            self.is_over.wait(DEADLINE_SECONDS)
            request.close_connection = True
        elif word == "500-after":
            self._answer(request, 500, {})
        elif word == "no-tag":
            self._answer(request, 200, {})
        else:
            tag = hashlib.md5(self.objects[request.path]).hexdigest()
            self._answer(request, 200, {"ETag": f'"{tag}"'})

    @staticmethod
    def _answer(request, status, headers, body=b""):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
