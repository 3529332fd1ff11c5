"""A server that sends, and the host that its mail goes to: for the tests of programs on its machine."""

import json
import os
import re
import threading
import warnings

from support import new_server

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import asyncore
    import smtpd

RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail}
    """

ZONE = """\
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
  NS ns
ns A 127.0.0.1
mx A 127.0.0.1
far MX 10 mx
near MX 10 mx
"""

MESSAGE_ID = re.compile(r"^0100[0-9a-f]{12}(-[0-9a-f]+){5}-000000$")


class NextHop(smtpd.SMTPServer):
    """Takes what comes, but for the recipients whose names begin with `later`. Of what it keeps, the
    last line has no end."""

    def __init__(self):
        self.taken = []
        self.sockets = {}
        super().__init__(("127.0.0.1", 0), None, map=self.sockets, decode_data=False)
        self.port = self.socket.getsockname()[1]
        self.isOver = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.isOver:
            asyncore.loop(timeout=0.1, map=self.sockets, count=1)

    def process_message(self, peer, mailfrom, rcpttos, data, **_):
        if any(address.startswith("later") for address in rcpttos):
            return "451 4.7.1 Greylisted"
        self.taken.append((rcpttos[0], data.decode("utf-8", "replace")))
        return None

    def end(self):
        self.isOver = True
        self.thread.join()
        self.close()


def sending_server(case, start=True, **sending):
    """A server whose mail for far.example goes to a `NextHop`; answers both."""
    hop = NextHop()
    case.addCleanup(hop.end)
    server = new_server(case, RULES)
    with open(server.path("zone"), "w", encoding="ascii") as file:
        file.write(ZONE)
    server.config["dns"] = {"zones": [{"name": "example", "file": "zone"}], "timeoutSeconds": 2}
    server.config["topics"] = {"sent": {"log": {"file": "sent"}}}
    server.config["sending"] = {"enabled": True, "eventsTopic": "sent", **sending}
    server.config["delivery"] = {"port": hop.port, "allowPrivateAddresses": True}
    if start:
        server.start()
    return server, hop


def events(server, kind):
    """What the topic was told of this kind."""
    path = server.path("sent")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        told = [json.loads(json.loads(line)["Message"]) for line in file]
    return [event for event in told if event["eventType"] == kind]
