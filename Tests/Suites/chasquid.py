"""Dialogs of chasquid's end-to-end tests (smtp-chasquid), and what it stored of their mails."""

import ast
import json
import os

import suite

NAME = "smtp-chasquid"


def run(folder):
    with open(os.path.join(folder, "dialogs.json"), encoding="utf-8") as file:
        cases = json.load(file)
    server = suite.server(
        ["user@testserver"], ["testserver"], limits={"mailBytesMax": 1_048_576})
    try:
        return [result for case in cases if is_dialog(case) for result in play(server, case)]
    finally:
        server.close()


def is_dialog(case):
    """Some run chasquid's own command line instead of speaking SMTP."""
    return any(step["op"].endswith("_connect") for step in case["steps"])


def play(server, case):
    connections = []
    try:
        for index, step in enumerate(case["steps"]):
            op, argument = step["op"], step.get("arg", "")
            if op.endswith("_connect"):
                connections.append(suite.Connection(server))
                if op.startswith("tls"):
                    begin_tls(connections[-1])
            elif op == "close":
                connections[-1].close()
            elif op == "send_line":
                connections[-1].send(argument.encode() + b"\r\n")
            elif op == "send_raw_python_expr":
                connections[-1].send(text(ast.parse(argument, mode="eval").body).encode())
            elif op != "comment":
                yield suite.Result(
                    case["file"], str(index), argument[:3], connections[-1].reply())
        if case.get("stored_message_must_match"):
            yield stored(server, case)
    finally:
        for connection in connections:
            connection.close()


def begin_tls(connection):
    """Their port that begins with TLS is STARTTLS here; the greeting, which they expect behind the
    handshake, was read before it and is said again."""
    greeting = connection.reply()
    connection.command("EHLO localhost")
    connection.command("STARTTLS")
    connection.shake_hands()
    connection.said_before = greeting


def text(node):
    """The value of an expression of texts, numbers, `+` and `*`: the data is not executed."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult)):
        left, right = text(node.left), text(node.right)
        return left + right if isinstance(node.op, ast.Add) else left * right
    raise ValueError(f"no expression of texts: {ast.dump(node)}")


def stored(server, case):
    """Whether the newest mail is the one that has to be stored, but for the header that each server
    puts before it."""
    newest = server.mails()[0]["id"]
    ours = server.raw(newest).replace(b"\r\n", b"\n").decode()
    theirs = case["stored_message_must_match"]
    return suite.Result(case["file"], "stored", "as sent", "as sent" if theirs in ours else "other")
