"""Ends of data that are none (smtp-smuggling), under both policies for bare line ends. No
difference is agreed on: whatever is smuggled in fails."""

import json
import os

import suite

NAME = "smtp-smuggling"
HEAD = b"From: <ada@sender.example>\r\nSubject: outer\r\n\r\nbody"
ENVELOPE = b"MAIL FROM:<%s@sender.example>\r\nRCPT TO:<someone@example.test>\r\nDATA\r\n"
INNER = ENVELOPE % b"smuggled" + b"Subject: inner\r\n\r\nevil\r\n.\r\n"


def run(folder):
    with open(os.path.join(folder, "eod.json"), encoding="utf-8") as file:
        cases = json.load(file)
    results = []
    for policy in ("refuse", "normalise"):
        server = suite.server([], ["example.test"], sessions={"bareLineEnds": policy})
        try:
            for case in cases:
                play = sequence if "hex" in case else pipelined
                results.append(suite.Result(
                    case["id"], policy, "nothing smuggled", play(server, case)))
            results.append(suite.Result(
                "starttls", policy, "nothing smuggled", behind_starttls(server)))
        finally:
            server.close()
    return results


def senders(server):
    return [mail["mailFrom"] for mail in server.mails()]


def send(server, content):
    """A session in one write; the codes of all its replies, and the senders of the mails that it
    brought."""
    before = len(senders(server))
    connection = suite.Connection(server)
    connection.send(b"EHLO client.example\r\n" + content + b"QUIT\r\n")
    codes = []
    while (code := connection.reply()).isdigit():
        codes.append(code)
    connection.close()
    mails = server.mails()
    return codes, [mail["mailFrom"] for mail in mails[: len(mails) - before]], mails


def sequence(server, case):
    codes, fresh, mails = send(
        server, ENVELOPE % b"outer" + HEAD + bytes.fromhex(case["hex"]) + INNER)
    if len(fresh) > 1 or any("smuggled" in sender for sender in fresh):
        return f"{fresh}"
    # Greeting, EHLO, MAIL, RCPT, DATA, the mail, QUIT: no command within it was answered.
    if len(codes) != 7:
        return f"answered {codes}"
    if fresh:
        stored = server.raw(mails[0]["id"]).replace(b"\r\n", b"")
        if b"\r" in stored or b"\n" in stored:
            return "a bare line end is stored"
    return "nothing smuggled"


def pipelined(server, _):
    """Behind a true end two mails are two mails, in their order."""
    _, fresh, _ = send(server, ENVELOPE % b"outer" + HEAD + b"\r\n.\r\n" + INNER)
    in_order = [sender.partition("@")[0].strip("<") for sender in reversed(fresh)]
    return "nothing smuggled" if in_order == ["outer", "smuggled"] else f"{fresh}"


def behind_starttls(server):
    before = senders(server)
    connection = suite.Connection(server)
    connection.send(b"EHLO client.example\r\nSTARTTLS\r\n" + INNER)
    codes = [connection.reply() for _ in range(3)]
    connection.shake_hands()
    codes += [connection.command("EHLO client.example"), connection.command("QUIT")]
    connection.close()
    if codes != ["220", "250", "220", "250", "221"] or senders(server) != before:
        return f"answered {codes}"
    return "nothing smuggled"
