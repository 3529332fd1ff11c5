"""Sessions that send mails to a server that is going to be struck, and the ledger of what it
acknowledged."""

import hashlib
import random
import socket
import sys
import threading
import time

LINE_BYTES = 72


class Mail:
    """What was sent: enough to know it again."""

    __slots__ = ("token", "digest", "is_told", "is_ticket")

    def __init__(self, token, content, recipients):
        self.token = token
        self.digest = hashlib.sha256(content).digest()
        self.is_told = "told" in recipients
        self.is_ticket = "ticket" in recipients


class Ledger:
    """What was sent and what was acknowledged, over all runs."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = {}  # token → Mail
        self.acknowledged = {}  # id → Mail
        self.refused = 0


class Load:
    """Sessions that send until they are cut off or told to stop."""

    SESSIONS = 8
    RECIPIENTS = [["keep"]] * 11 + [["told"]] * 5 + [["ticket"], ["told", "ticket"]]
    RECIPIENTS += [["keep", "told"]] * 2
    SENDER = "load@sender.invalid"
    # Small rows, rows near the threshold, body files, and a few large ones.
    SIZES = [(300, 4_000)] * 12 + [(4_000, 15_500)] * 5 + [(15_500, 70_000)] * 2
    SIZES += [(100_000, 200_000)]

    def __init__(self, ledger, site, run):
        self.ledger = ledger
        self.site = site
        self.run = run
        self.is_over = False
        # Set once the server has acknowledged a mail of this load.
        self.is_served = threading.Event()
        self.threads = [
            threading.Thread(target=self.session, args=[number]) for number in range(self.SESSIONS)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join()

    # Lines of printable text; some begin with a dot, which DATA has to stuff.
    TEXT = b"".join(
        bytes(random.choices(b".abcdefghijklmnopqrstuvwxyz 0123456789", k=LINE_BYTES - 2)) + b"\r\n"
        for _ in range(20_000))

    def mail(self, token, recipients, choice):
        size = choice.randint(*choice.choice(self.SIZES))
        start = choice.randrange(len(self.TEXT) // LINE_BYTES // 2) * LINE_BYTES
        head = (f"From: <{self.sender(token)}>\r\nTo: <{self.address(recipients[0], token)}>\r\n"
                f"Subject: {token}\r\nX-Token: {token}\r\n\r\n")
        return head.encode() + self.TEXT[start:start + size // LINE_BYTES * LINE_BYTES]

    def sender(self, token):
        return self.SENDER

    def address(self, name, token):
        return f"{name}@crash.example"

    def open(self):
        """A session that has said EHLO: its socket, and the file of what it is answered."""
        link = socket.create_connection(("127.0.0.1", self.site.port), 10)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = link.makefile("rb")
        self.expect(file, b"220")
        link.sendall(b"EHLO load.invalid\r\n")
        self.expect(file, b"250")
        return link, file

    def sent(self, token, content, recipients):
        return Mail(token, content, recipients)

    def session(self, number):
        choice = random.Random()
        serial = 0
        while not self.is_over:
            try:
                link, file = self.open()
                with link:
                    # Connections come and go, kept ones stay as long as forty mails.
                    for _ in range(choice.choice((1, 5, 40))):
                        if self.is_over:
                            return
                        serial += 1
                        self.transaction(link, file, f"{self.run}-{number}-{serial}", choice)
            except (OSError, Cut):
                # The server was killed, or refuses connections since.
                time.sleep(0.005)

    def transaction(self, link, file, token, choice):
        recipients = choice.choice(self.RECIPIENTS)
        content = self.mail(token, recipients, choice)
        lines = [f"MAIL FROM:<{self.sender(token)}>"]
        lines += [f"RCPT TO:<{self.address(name, token)}>" for name in recipients]
        is_chunked = choice.random() < 0.3
        if not is_chunked:
            lines.append("DATA")
        link.sendall("".join(line + "\r\n" for line in lines).encode())
        for line in lines:
            self.expect(file, b"354" if line == "DATA" else b"250")
        if choice.random() < 0.02:
            # A session that goes away inside its mail: nothing of it may stay.
            link.sendall(content[:len(content) // 2] if not is_chunked
                         else b"BDAT %d LAST\r\n" % len(content) + content[:len(content) // 2])
            raise Cut
        mail = self.sent(token, content, recipients)
        with self.ledger.lock:
            self.ledger.sent[token] = mail
        if is_chunked:
            half = len(content) // 2
            link.sendall(b"BDAT %d\r\n" % half + content[:half]
                         + b"BDAT %d LAST\r\n" % (len(content) - half) + content[half:])
            self.expect(file, b"250")
        else:
            link.sendall(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        reply = self.expect(file, b"250")
        identifier = reply.rsplit(b" ", 1)[1].strip().decode()
        with self.ledger.lock:
            self.ledger.acknowledged[identifier] = mail
        self.is_served.set()

    def expect(self, file, code):
        """The last line of a reply, which has to have this code."""
        while True:
            line = file.readline()
            if not line.endswith(b"\n"):
                raise Cut
            if line[3:4] != b"-":
                break
        if not line.startswith(code):
            with self.ledger.lock:
                self.ledger.refused += 1
                if self.ledger.refused <= 5:
                    complain(f"refused: {line.decode(errors='replace').strip()}")
            raise Cut
        return line


class Cut(Exception):
    """The session is over."""



def complain(text):
    print(text, file=sys.stderr, flush=True)
