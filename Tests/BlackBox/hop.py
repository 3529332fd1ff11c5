"""A next hop that does as it is told: SMTP on loopback, one thread for each connection.

What it does at a moment of the dialog is an act: a text is said as a reply, bytes go out as they
are, a function is given the session. A list has an act for each time, `Chance` one now and then,
and None is what a server usually does."""

import contextlib
import random
import re
import socket
import threading
from collections import namedtuple

from support import DEADLINE_SECONDS

# What was taken: the envelope with its parameters, the bytes, and the version of TLS or None.
Taken = namedtuple("Taken", "path recipients content parameters tls")

USUAL = {
    "connect": "220 mx.far.example ESMTP", "starttls": "220 2.0.0 go", "auth": "235 2.7.0 in",
    "mail": "250 2.1.0 ok", "rcpt": "250 2.1.5 ok", "data": "354 go",
    "end": "250 2.0.0 taken", "rset": "250 2.0.0 ok", "quit": "221 2.0.0 bye",
}


class Over(Exception):
    """The connection ends here."""


def close(session):
    raise Over


def hang(session):
    """Says nothing until the other side goes."""
    session.hop.hanging += 1
    with contextlib.suppress(OSError):
        while session.connection.recv(65536):
            pass
    raise Over


def flood(session):
    """A reply of 100 MB, as far as it is read."""
    line = b"250-" + b"x" * 500 + b"\r\n"
    for _ in range(100_000_000 // (len(line) * 100)):
        session.send(line * 100)
        session.hop.flooded += len(line) * 100
    session.send(b"250 ok\r\n")


def close_when_taken(session):
    """The mail is kept, and nobody is told."""
    session.keep()
    session.hop.untold.extend(session.recipients)
    raise Over


class Chance:
    """Now and then one of these acts, and otherwise what is usual."""

    def __init__(self, chance, *acts, seed=0):
        self.chance = chance
        self.acts = acts
        self.random = random.Random(seed)

    def choose(self):
        return self.random.choice(self.acts) if self.random.random() < self.chance else None


def by_recipient(**replies):
    """Replies by the local part of the recipient of RCPT."""
    def act(session):
        local = session.recipients[-1].partition("@")[0]
        reply = replies.get(local, USUAL["rcpt"])
        session.say(reply)
        if not reply.startswith("2"):
            session.recipients.pop()
    return act


class Hop:
    """Listens on an address of loopback. `context`: of its TLS, which it then offers."""

    def __init__(self, test, acts=None, address="127.0.0.1", port=0, context=None,
                 is_implicit=False, offers=("PIPELINING", "8BITMIME")):
        self.acts = dict(acts or {})
        self.context = context
        self.is_implicit = is_implicit
        self.offers = list(offers)
        self.lock = threading.Lock()
        self.taken = []
        self.commands = []
        self.connections = 0
        # The addresses that they came from.
        self.peers = []
        self.flooded = 0
        self.hanging = 0
        self.untold = []
        self.open = set()
        self.listener = socket.create_server((address, port))
        self.port = self.listener.getsockname()[1]
        test.addCleanup(self.end)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self.listener.accept()
                connection.settimeout(2 * DEADLINE_SECONDS)
                with self.lock:
                    self.connections += 1
                    self.peers.append(peer[0])
                    self.open.add(connection)
                threading.Thread(target=Session(self, connection).run, daemon=True).start()

    def end(self):
        # A thread that waits in `accept` is not woken by `close` alone.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.end_connections()

    def end_connections(self):
        with self.lock:
            left = list(self.open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def act(self, moment):
        with self.lock:
            act = self.acts.get(moment)
            if isinstance(act, list):
                act = act.pop(0) if act else None
            if isinstance(act, Chance):
                act = act.choose()
            return USUAL.get(moment) if act is None else act

    def mails(self, recipient):
        return [taken for taken in self.taken if recipient in taken.recipients]

    def asked(self, recipient):
        """How often a recipient was named."""
        return sum(line.upper().startswith("RCPT") and recipient in line
                   for line in self.commands)


class Session:
    def __init__(self, hop, connection):
        self.hop = hop
        self.connection = connection
        self.waiting = b""
        self.tls = None
        self.reset()

    def reset(self):
        self.path, self.recipients, self.parameters, self.content = None, [], [], b""

    def run(self):
        plain = self.connection
        try:
            if self.hop.is_implicit:
                self.secure()
            self.do("connect")
            while True:
                self.take(self.line())
        except (Over, OSError):
            pass
        finally:
            self.connection.close()
            plain.close()
            with self.hop.lock:
                self.hop.open -= {plain, self.connection}

    def secure(self):
        self.connection = self.hop.context.wrap_socket(self.connection, server_side=True)
        with self.hop.lock:
            # The plain one has no file any more.
            self.hop.open.add(self.connection)
        self.tls = self.connection.version()
        self.waiting = b""

    def send(self, content):
        self.connection.sendall(content)

    def say(self, reply):
        self.send(reply.encode("utf-8") + b"\r\n")

    def do(self, moment):
        """Answers whether it goes on as usual."""
        return self.perform(self.hop.act(moment))

    def perform(self, act):
        if callable(act):
            act(self)
        elif isinstance(act, bytes):
            self.send(act)
        else:
            self.say(act)
            return act[:1] in "23"
        return True

    def read(self):
        piece = self.connection.recv(65536)
        if not piece:
            raise Over
        self.waiting += piece

    def line(self):
        while b"\n" not in self.waiting:
            self.read()
        line, _, self.waiting = self.waiting.partition(b"\n")
        return line.rstrip(b"\r").decode("utf-8", "replace")

    # Verbs

    def take(self, line):
        with self.hop.lock:
            self.hop.commands.append(line)
        verb = line.upper().split(" ")[0].split(":")[0]
        argument = re.search(r"<(.*?)>(.*)", line)
        if verb == "EHLO":
            self.ehlo()
        elif verb == "STARTTLS":
            self.starttls()
        elif verb == "AUTH":
            self.do("auth")
        elif verb == "MAIL":
            if self.do("mail"):
                self.reset()
                self.path, self.parameters = argument[1], argument[2].split()
        elif verb == "RCPT":
            self.recipients.append(argument[1])
            self.parameters += argument[2].split()
            if not self.do("rcpt"):
                self.recipients.pop()
        elif verb == "DATA":
            self.data()
        elif verb == "QUIT":
            self.do("quit")
            raise Over
        elif verb == "RSET":
            self.reset()
            self.do("rset")
        else:
            self.say("500 5.5.1 what?")

    def ehlo(self):
        if (act := self.hop.act("ehlo")) is not None:
            self.perform(act)
            return
        offers = list(self.hop.offers)
        if self.hop.context and not self.tls:
            offers.append("STARTTLS")
        lines = ["mx.far.example", *offers]
        self.send("".join(
            f"250{' ' if line is lines[-1] else '-'}{line}\r\n" for line in lines).encode())

    def starttls(self):
        if self.do("starttls"):
            self.secure()

    def data(self):
        if not self.recipients:
            self.say("503 5.5.1 no recipient")
            return
        if not self.do("data"):
            return
        while not (self.waiting.startswith(b".\r\n") or b"\r\n.\r\n" in self.waiting):
            self.read()
        if self.waiting.startswith(b".\r\n"):
            self.waiting = self.waiting[3:]
        else:
            content, _, self.waiting = self.waiting.partition(b"\r\n.\r\n")
            self.content = re.sub(rb"^\.", b"", content + b"\r\n", flags=re.M)
        act = self.hop.act("end")
        if isinstance(act, str) and act.startswith("2"):
            self.keep()
        self.perform(act)

    def keep(self):
        with self.hop.lock:
            self.hop.taken.append(Taken(
                self.path, tuple(self.recipients), self.content, tuple(self.parameters),
                self.tls))
