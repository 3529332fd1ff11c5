"""A Martlet whose rules have an action of every kind, and all that its actions reach: programs, a
web server, a bucket that is elsewhere, and a next hop. Each writes down the id that it was given.
"""

import hashlib
import http.server
import itertools
import json
import sys
import threading

from crash_load import complain
from crash_sending import NextHop
from crash_site import Site

# A rule for each recipient's name. Those that hold a mail or end the rules come last.
RULES = """\
ruleSet: crash
evaluate: EVALUATE
rules:
  - name: store
    recipients: [store@crash.example]
    actions: [{store: {bucket: mail, prefix: all/}}]
  - name: bucket
    recipients: [bucket@crash.example]
    actions: [{store: {bucket: elsewhere}}]
  - name: notify
    recipients: [notify@crash.example]
    actions: [{notify: {topic: received}}]
  - name: script
    recipients: [script@crash.example]
    actions: [{invoke: {handler: script}}]
  - name: worker
    recipients: [worker@crash.example]
    actions: [{invoke: {handler: worker}}]
  - name: function
    recipients: [function@crash.example]
    actions: [{invoke: {handler: function}}]
  - name: endpoint
    recipients: [endpoint@crash.example]
    actions: [{invoke: {handler: endpoint}}]
  - name: webhook
    recipients: [webhook@crash.example]
    actions: [{webhook: {to: raw}}]
  - name: answer
    recipients: [answer@crash.example]
    actions:
      - invoke: {handler: asking}
      - store: {bucket: mail, prefix: answered/}
  - name: deliver
    recipients: [deliver@crash.example]
    actions: [{deliver: {maildir: home}}]
  - name: relay
    recipients: [relay@crash.example]
    actions: [{relay: {to: mailboxes}}]
  - name: forward
    recipients: [forward@crash.example]
    actions: [{forward: {to: forward@far.example}}]
  - name: reply
    recipients: [reply@crash.example]
    actions: [{reply: {text: We have got it., onlyWhereNamed: false}}]
  - name: bounce
    recipients: [bounce@crash.example]
    actions: [{bounce: {template: MailboxFull, sender: bounce@crash.example}}]
  - name: quarantine
    recipients: [quarantine@crash.example]
    actions: [quarantine, {store: {bucket: mail, prefix: released/}}]
  - name: drop
    recipients: [drop@crash.example]
    actions: [drop]
  - name: never
    recipients: [drop@crash.example]
    actions: [{store: {bucket: mail, prefix: never/}}]
"""

# What it appends is one line, by one write.
SCRIPT = """\
#!/bin/sh
echo "script $MARTLET_MAIL_FROM $MARTLET_ACTION_ID" >> "$LINES"
"""

ANSWER = {"actions": [
    {"tag": {"name": "asked", "value": "yes"}},
    {"addHeader": {"name": "X-Asked", "value": "yes"}},
    {"removeHeader": {"name": "X-Unwanted"}},
    {"notify": {"topic": "asked"}},
    {"forward": {"to": ["asked@far.example"]}},
    {"reply": {"text": "You have asked.", "onlyWhereNamed": False}}]}

ASKING = SCRIPT.replace("script ", "asking ") + f"echo '{json.dumps(ANSWER)}'\n"

# It is asked about mails, and about messages of a topic.
WORKER = """\
import json, os, sys

for line in sys.stdin:
    request = json.loads(line)
    record = request["event"]["Records"][0]
    if "ses" in record:
        kind, mail = "worker", record["ses"]["mail"]
    else:
        kind, mail = "handler-subscriber", json.loads(record["Sns"]["Message"])["mail"]
    with open(os.environ["LINES"], "a") as lines:
        lines.write(f"{kind} {mail['source']} {request['environment']['MARTLET_ACTION_ID']}\\n")
    print(json.dumps({"id": request["id"]}), flush=True)
"""

FUNCTION = """\
import http.client, json, os

base = "/2018-06-01/runtime/invocation/"
link = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    link.request("GET", base + "next")
    answer = link.getresponse()
    id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    mail = json.loads(answer.read())["Records"][0]["ses"]["mail"]
    with open(os.environ["LINES"], "a") as lines:
        lines.write(f"function {mail['source']} {id}\\n")
    link.request("POST", base + id + "/response", "{}")
    link.getresponse().read()
"""

# How long the programs may take on a machine that does other things, too.
TIMEOUT_SECONDS = 120


class Effects:
    """What others have seen of the server's actions: kind, the mail's bytes or its sender, and the
    id that came with it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.seen = []

    def add(self, kind, mail, id):
        with self.lock:
            self.seen.append((kind, mail, id))

    def from_place(self, place):
        with self.lock:
            return self.seen[place:]


class ActionsSite(Site):
    """Every other one asks its rules for each recipient."""

    TURNS = itertools.cycle(("per-mail", "per-recipient"))

    def __init__(self, *arguments, **named):
        self.is_per_recipient = next(self.TURNS) == "per-recipient"
        self.effects = Effects()
        self.web = WebServer(self.effects)
        super().__init__(*arguments, **named)
        self.asked = self.folder / "asked.jsonl"

    def make_hop(self):
        return ActionsHop(self)

    def rules(self):
        return RULES.replace(
            "evaluate: EVALUATE\n", "evaluate: per-recipient\n" if self.is_per_recipient else "")

    def places(self):
        (self.around / "web.secret").write_text("whsec_" + "c2VjcmV0" * 4 + "\n")
        (self.around / "bucket.secret").write_text("c2VjcmV0" * 5 + "\n")
        url = f"http://127.0.0.1:{self.web.port}"
        lines = f"environment: {{LINES: {self.lines}}}, timeoutSeconds: {TIMEOUT_SECONDS}"
        python = f"{sys.executable}, -I, -S"
        return f"""\
http: {{allow: [127.0.0.1]}}
buckets:
  mail: {{directory: {self.bucket}}}
  elsewhere:
    {{endpoint: "{url}", region: eu-central-1, accessKeyId: AKIACRASH, secretFile: bucket.secret}}
maildirs:
  home: {{path: "{self.folder}/maildir"}}
webhooks:
  raw: {{url: "{url}/webhook", secretFile: web.secret, format: raw}}
handlers:
  script: {{command: [{self.program("script", SCRIPT)}], {lines}}}
  asking: {{command: [{self.program("asking", ASKING)}], {lines}}}
  worker: {{worker: [{python}, {self.program("worker.py", WORKER)}], processes: 1, {lines}}}
  function: {{function: [{python}, {self.program("function.py", FUNCTION)}], processes: 1, {lines}}}
  endpoint: {{endpoint: "{url}/endpoint", secretFile: web.secret}}
topics:
  received:
    log: {{file: {self.notifications}}}
    web: {{url: "{url}/subscriber", deliveryPolicy: {{minDelayTarget: 1, maxDelayTarget: 1}}}}
    worker: {{handler: worker, deliveryPolicy: {{minDelayTarget: 1, maxDelayTarget: 1}}}}
  asked: {{log: {{file: {self.folder}/asked.jsonl}}}}
"""

    def end(self):
        super().end()
        self.web.end()


class ActionsHop(NextHop):
    """Knows by whom a mail was sent on, or answered."""

    KINDS = {"forward": "forward", "asked": "answer-forward", "relay": "relay"}
    ANSWERS = {b"reply": "reply", b"answer": "answer-reply", b"bounce": "bounce"}

    def take(self, link, content, sender, recipient, life):
        head = content.partition(b"\r\n\r\n")[0]
        if recipient.endswith("@sender.example"):
            author = head.partition(b"From: ")[2].partition(b"@")[0].rpartition(b"<")[2]
            kind = self.ANSWERS.get(author.partition(b"+")[0], "stranger")
            mail, id = recipient, field(head, b"Message-ID")
        else:
            kind = self.KINDS.get(recipient.partition("@")[0].partition("+")[0], "stranger")
            # A relayed mail is as it came; of a forwarded one the return path is ours.
            mail, id = content, (field(head, b"Message-ID") + " to " + recipient
                                 if kind == "relay" else sender.decode())
        self.site.effects.add(kind, mail, id)
        link.sendall(b"250 ok\r\n")


def field(head, name):
    return head.partition(name + b": ")[2].partition(b"\r\n")[0].decode("latin-1")


class WebServer:
    """Takes webhooks, messages of a topic and objects, and is asked as a handler."""

    def __init__(self, effects):
        web = self
        self.effects = effects

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Not one packet for the head and one for the rest, which waits for the first.
            wbufsize = -1
            timeout = TIMEOUT_SECONDS

            def do_POST(self):
                web.serve(self)

            do_PUT = do_POST

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=[0.05])
        self.thread.start()

    def serve(self, request):
        length = int(request.headers["Content-Length"])
        body = request.rfile.read(length)
        if len(body) < length:
            return  # the server was struck
        place, id = request.path[1:].split("/")[0], request.headers["webhook-id"]
        status, answer, tag = 200, b"", None
        if place == "webhook":
            self.effects.add("webhook", body, id)
        elif place == "endpoint":
            mail = json.loads(body)["Records"][0]["ses"]["mail"]
            self.effects.add("endpoint", mail["source"], id)
            answer = b"{}"
        elif place == "subscriber":
            message = json.loads(body)
            mail = json.loads(message["Message"])["mail"]
            self.effects.add("web-subscriber", mail["source"], message["MessageId"])
        elif place == "elsewhere":
            self.effects.add("bucket", body, request.path)
            tag = hashlib.md5(body).hexdigest()
        else:
            complain(f"nobody asks for {request.path}")
            status = 404
        request.send_response(status)
        if tag:
            request.send_header("ETag", f'"{tag}"')
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)
        request.wfile.flush()

    def end(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, *_):
        """Whoever asked was struck."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*_)
