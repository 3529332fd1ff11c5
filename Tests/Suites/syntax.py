"""Command lines of smtp-proto's parser tests (smtp-syntax-stalwart): whether a line is taken. Each
is sent where it has its place in a session; what it was understood as is not compared."""

import json
import os

import suite

NAME = "smtp-syntax-stalwart"
IDENTITIES = ("bar.com", "xyz.com", "áéíóú.org")
MAIL = "MAIL FROM:<> SMTPUTF8"
BEFORE = {
    "MAIL": (), "RCPT": (MAIL,), "DATA": (MAIL, "RCPT TO:<a@bar.com>"),
    "BDAT": (MAIL, "RCPT TO:<a@bar.com>"),
}


def run(folder):
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as file:
        cases = json.load(file)
    server = suite.server([], IDENTITIES)
    try:
        return [result(server, case["line"], case["ok"]) for case in cases]
    finally:
        server.close()


def result(server, line, is_taken):
    connection = suite.Connection(server)
    connection.reply()
    words = line.split()
    verb = words[0] if words else ""
    if verb not in ("EHLO", "HELO", "LHLO"):
        connection.command("EHLO client.example")
    for command in BEFORE.get(verb, ()):
        connection.command(command)
    connection.send(line.encode() + b"\r\n")
    if verb == "BDAT" and is_taken:
        connection.send(b"x" * int(words[1]))
    ours = connection.reply()
    connection.close()
    theirs = "taken" if is_taken else "refused"
    answer = "taken" if ours[0] in "23" else "refused"
    return suite.Result(line or "(an empty line)", "-", theirs, answer)
