"""What the tests of the samples share: a sample in a copy of the project's folder, run by the
commands that its own README has, with ports that are free."""

import contextlib
import email
import email.policy
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import unittest

from support import (
    BINARY, DEADLINE_SECONDS, PROJECT, check_reply, die_with_parent, eventually, martlet,
    queued_id, still_open,
)

# A block of the README that begins so is a terminal of its own, and stays.
SERVERS = {
    "martlet serve": (2525,), "samples/lambda/setup &&": (2525, 8027),
    "python3 samples/clients/inbox.py": (2526,), "python3 samples/support/pager.py": (8055,),
}
PORTS = sorted({port for ports in SERVERS.values() for port in ports})


class Sample:
    """Files stand as they are shipped, but for the ports."""

    def __init__(self, test, name):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="martlet-sample-")
        os.chmod(self.folder, 0o755)
        still_open.add(self)
        test.addCleanup(self.close)
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))
        for part in ("samples", "rules"):
            shutil.copytree(os.path.join(PROJECT, part), self.path(part))
        os.makedirs(self.path("var/samples"))
        for shared in ("scripts", "Tests"):
            os.symlink(os.path.join(PROJECT, shared), self.path(shared))
        with open(self.path("samples", name, "README.md"), encoding="utf-8") as file:
            text = file.read()
        self.rewrite("samples", name, "martlet.yaml")
        self.blocks = [self.with_free_ports(block)
                       for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)]
        self.config = self.path(re.search(r"MARTLET_CONFIG=(\S+)", text)[1])
        self.groups = []
        self.environment = {
            **os.environ, "PATH": f"{os.path.dirname(BINARY)}:{os.environ['PATH']}",
            "MARTLET_CONFIG": self.config, "HOME": self.folder}

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def with_free_ports(self, text):
        for shipped, free in self.ports.items():
            text = re.sub(rf"(?<![\d.]){shipped}(?!\d)", str(free), text)
        return text

    def rewrite(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as file:
            text = self.with_free_ports(file.read())
        with open(self.path(*parts), "w", encoding="utf-8") as file:
            file.write(text)

    # Its README, from the top

    def serve(self):
        """Starts what the README starts first, each once the one before it is there."""
        while self.server_ports(self.blocks[0]):
            self.start(self.blocks.pop(0))
        return self

    @staticmethod
    def server_ports(block):
        return next((ports for start, ports in SERVERS.items() if block.startswith(start)), ())

    def start(self, block):
        log = self.path("var", f"log-{len(self.groups)}")
        with open(log, "wb") as file:
            process = subprocess.Popen(
                ["sh", "-euc", block], cwd=self.folder, env=self.environment, stdout=file,
                stderr=file, stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=die_with_parent)
        self.groups.append((process, log))
        what = block.split()[-1]

        def is_there():
            if process.poll() is not None:
                raise AssertionError(f"{what} has ended:\n{self.log(log)}")
            return all(answers(self.ports[port]) for port in self.server_ports(block)) and (
                not block.endswith("martlet.yaml\n") or martlet(
                    "status", "-c", self.config, status=None).returncode == 0)
        self.eventually(is_there, f"{what} is there")

    @staticmethod
    def log(path):
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def run(self):
        """Runs the README's next block to its end; answers what it prints."""
        return self.shell(self.blocks.pop(0))

    def shell(self, script, status=0):
        done = subprocess.run(
            ["sh", "-euc", script], cwd=self.folder, env=self.environment, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=2 * DEADLINE_SECONDS)
        if done.returncode != status:
            raise AssertionError(
                f"status {done.returncode} of\n{script}\n{done.stdout}{done.stderr}")
        return done.stdout

    # Its server

    def cli(self, *arguments):
        return martlet(*arguments, "-c", self.config).stdout

    def replay(self, *mails):
        """Runs mails again, and waits until that has ended."""
        self.cli("replay", *mails, "--yes")
        for shown in json.loads(self.cli("mail", "list", "--json")):
            self.actions(shown["id"])

    def actions(self, mail):
        """The journal of a mail, once all its actions have ended: by rule and position."""
        def ended():
            shown = json.loads(self.cli("mail", "show", mail, "--json"))
            return shown if shown["mail"]["state"] == "retired" else None
        shown = self.eventually(ended, f"all actions of {mail} have ended")
        for action in shown["actions"]:
            if action["state"] != "done":
                raise AssertionError(f"{action}\n{self.logs()}")
        return {(action["rule"], action["position"]): action for action in shown["actions"]}

    def eventually(self, check, what):
        try:
            return eventually(check, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None

    def logs(self):
        return "\n".join(self.log(log)[-5_000:] for _, log in self.groups)

    @contextlib.contextmanager
    def client(self):
        with smtplib.SMTP("127.0.0.1", self.ports[2525], local_hostname="client.example",
                          timeout=DEADLINE_SECONDS) as client:
            client.ehlo()
            yield client

    def send(self, content, to, sender="ada@sender.example"):
        """Hands over a mail as bytes; answers its id, once all its actions are done."""
        with self.client() as client:
            check_reply(client.mail(sender), 250)
            check_reply(client.rcpt(to), 250)
            id = queued_id(client.data(content))
        self.actions(id)
        return id

    def mail(self, to, subject, text="Hello.", sender="ada@sender.example", **parts):
        """The same with a mail that is made."""
        return self.send(mail(to, subject, text, **parts), to, sender)

    def inbox(self, count):
        """The mails that the rest of the world got, once there are so many; no more come then."""
        folder = self.path("var/samples/inbox")

        def names():
            found = [name for name in os.listdir(folder) if name.endswith(".eml")] \
                if os.path.isdir(folder) else []
            return found if len(found) >= count else None
        found = self.eventually(names, f"{count} mails have left")
        if len(found) != count:
            raise AssertionError(f"{len(found)} mails have left, not {count}")
        mails = []
        for number in range(1, count + 1):
            with open(os.path.join(folder, f"{number}.eml"), "rb") as file:
                mails.append(email.message_from_binary_file(file, policy=email.policy.default))
        return mails

    # The end

    def close(self):
        """Ends all that it started; fails where something does not end."""
        try:
            for process, _ in reversed(self.groups):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait(DEADLINE_SECONDS)
                eventually(lambda group=process.pid: not lives(group), "its programs have ended")
        finally:
            self.abandon()

    def abandon(self):
        for process, _ in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        still_open.discard(self)


class SampleCase(unittest.TestCase):
    """A sample whose servers run; `name` is its folder's."""

    name = ""

    def setUp(self):
        self.sample = Sample(self, self.name)
        self.prepare()
        self.sample.serve()

    def prepare(self):
        """Changes the copy before its servers start."""


def mail(to, subject, text="Hello.", author="Ada <ada@sender.example>", fields=()):
    """A mail as bytes."""
    lines = [f"From: {author}", f"To: {to}", f"Subject: {subject}", *fields, "", text]
    return "".join(line + "\r\n" for line in lines).encode()


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0)))
                   for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def answers(port):
    with socket.socket() as tcp:
        return tcp.connect_ex(("127.0.0.1", port)) == 0


def lives(group):
    try:
        os.killpg(group, 0)
        return True
    except ProcessLookupError:
        return False
