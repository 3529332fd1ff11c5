"""What a handler reads and answers, for Python 3; docs/handlers.md has the whole contract.

    import martlet
    mail = martlet.mail()           # email.message.EmailMessage, from standard input
    ses = martlet.event()           # ses["mail"] and ses["receipt"]
    answer = martlet.Answer()       # or Answer("STOP_RULE"), Answer("STOP_RULE_SET")
    answer.reply("We have it.\\n", subject=f"Re: {mail['subject']}").tag("queue", "orders")
    answer.print()

A worker: `martlet.work(lambda request: martlet.Answer().stop())`. A Lambda function returns
`martlet.Answer().stop().json`. What a sender wrote may stand in every text: it is made fit for its
place, and sent as it is, `${` too. In `html` alone it is to be escaped (html.escape).
"""
import email
import email.header
import email.policy
import json
import os
import re
import sys


def mail(path=None):
    """The mail of a script or, by `request["mail"]["path"]`, of a worker."""
    with open(path, "rb") if path else sys.stdin.buffer as file:
        return email.message_from_binary_file(file, policy=email.policy.default)


def event():
    """What a script is told of the mail, as SES tells it."""
    with open(os.environ["MARTLET_EVENT_FILE"], encoding="utf-8") as file:
        return json.load(file)["Records"][0]["ses"]


def lines(text, bytes_max=20_000):
    text = re.sub(r"[\0-\x08\x0b-\x1f\x7f]", "", str(text).replace("\r\n", "\n"))
    return text.encode("utf-8", "ignore")[:bytes_max].decode("utf-8", "ignore")


def line(text, bytes_max=200):
    return lines(re.sub(r"[\0-\x1f\x7f]+", " ", str(text)), bytes_max)


def header(value):
    value = line(value, 500)
    return value if value.isascii() else "".join(
        email.header.Header(value, "utf-8").encode().splitlines())


class Answer:
    """How the rules go on, and what is to be done besides, in this order. `keys` are those that
    docs/rules.md has for the action, with `as_` for `as`."""

    def __init__(self, disposition="CONTINUE"):
        self.json = {"disposition": disposition, "actions": []}

    def ask(self, action, **keys):
        given = {key.rstrip("_"): value for key, value in keys.items() if value is not None}
        self.json["actions"].append({action: given})
        return self

    def reply(self, text, subject=None, html=None, **keys):
        return self.ask("reply", text=lines(text), subject=subject and line(subject),
                        html=html and lines(html), **keys)

    def forward(self, *to, **keys):
        return self.ask("forward", to=to, **keys)

    def tag(self, name, value):
        return self.ask("tag", name=name,
                        value=re.sub(r"[^\w.@+=-]", "_", str(value), flags=re.A)[:255] or "_")

    def add_header(self, name, value):
        return self.ask("addHeader", name=name, value=header(value))

    def remove_header(self, name):
        return self.ask("removeHeader", name=name)

    def notify(self, topic, **keys):
        return self.ask("notify", topic=topic, **keys)

    def stop(self, **keys):
        return self.ask("stop", **keys)

    def print(self):
        print(json.dumps(self.json), flush=True)


def work(answer_to):
    """Answers a worker's requests by `answer_to(request)`; what that throws fails the one mail."""
    for request in map(json.loads, sys.stdin):
        try:
            answer = answer_to(request).json
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"id": request["id"], **answer}), flush=True)
