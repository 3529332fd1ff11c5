"""Transcripts of aiosmtpd's own tests (smtp-aiosmtpd): what its clients sent, and the codes that it
answered. Where a test configured its server, the first digit alone is compared."""

import json
import os

import suite

NAME = "smtp-aiosmtpd"
# Those of the recipients that the transcripts write to.
IDENTITIES = ("example.com", "example.org", "example.net", "mail")


def run(folder):
    with open(os.path.join(folder, "dialogs.json"), encoding="utf-8") as file:
        cases = json.load(file)
    # Their server takes bare line feeds; so does this one, where it is told to.
    server = suite.server([], IDENTITIES, sessions={"bareLineEnds": "normalise"})
    try:
        return [result for case in cases for result in Play(server, case).results()]
    finally:
        server.close()


class Play:
    """One transcript: `C` was sent, `S` answered, and at `S!` the connection had ended."""

    def __init__(self, server, case):
        self.server = server
        self.case = case
        self.connection = None
        self.sent = None

    def results(self):
        try:
            for index, (kind, text) in enumerate(self.case["dialog"]):
                if kind == "C":
                    # Their client has broken the connection without waiting for an answer.
                    if self.sent is not None:
                        return
                    self.send(text)
                else:
                    theirs = "closed" if kind == "S!" else text[:3]
                    ours = self.reply(theirs)
                    yield suite.Result(
                        self.case["test"].partition("::")[2], str(index),
                        self.compared(theirs), self.compared(ours))
        finally:
            if self.connection:
                self.connection.close()

    def send(self, text):
        self.sent = text
        if self.connection:
            self.connection.send(text.encode("latin-1"))

    def reply(self, theirs):
        if self.sent is None:
            # An answer to nothing is the greeting of a new connection.
            if self.connection:
                self.connection.close()
            self.connection = suite.Connection(self.server)
        sent, self.sent = self.sent, None
        if not self.connection:
            return "closed"
        seconds = suite.SILENCE_SECONDS if theirs == "closed" else suite.REPLY_SECONDS
        ours = self.connection.reply(seconds)
        if sent and sent.strip().upper() == "STARTTLS" and ours == theirs == "220":
            self.connection.shake_hands()
        if ours == "closed":
            self.connection.close()
            self.connection = None
        return ours

    def compared(self, code):
        is_exact = self.case["default_config"] or not code.isdigit()
        return code if is_exact else f"{code[0]}xx"
