"""A server that sends, and the host that its mail goes to: for programs on its machine."""

import json
import os
import re

from hop import USUAL, Hop
from sending import RULES, ZONE_HEAD
from support import new_server

MESSAGE_ID = re.compile(r"^0100[0-9a-f]{12}(-[0-9a-f]+){5}-000000$")


def later(session):
    """Puts off the recipients whose names begin with `later`."""
    if session.recipients[-1].startswith("later"):
        session.recipients.pop()
        return session.say("451 4.7.1 Greylisted")
    return session.say(USUAL["rcpt"])


def arrived(hop):
    """Recipient and text of what a hop has taken: lines end in LF, and the last has no end."""
    texts = (taken.content.decode("utf-8", "replace").replace("\r\n", "\n") for taken in hop.taken)
    return [(taken.recipients[0], text.removesuffix("\n"))
            for taken, text in zip(hop.taken, texts)]


def sending_server(case, start=True, is_faulty=False, **sending):
    """A server whose mail for far.example and near.example goes to a hop; answers both."""
    hop = Hop(case, {"rcpt": later})
    server = new_server(case, RULES, is_faulty=is_faulty)
    with open(server.path("zone"), "w", encoding="ascii") as file:
        file.write(ZONE_HEAD + "far MX 10 mx\nnear MX 10 mx\n")
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
