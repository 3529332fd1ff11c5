"""What the black-box tests share: a server of their own, a client spoken by hand, and waiting.

Every server has a folder of its own and ports that the system chose, and is gone when its test
ends. Nothing sleeps for a fixed time in order to pass: what has to happen is asked for again and
again, up to a deadline that only a failure reaches.
"""

import atexit
import copy
import ctypes
import json
import os
import re
import resource
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

PROJECT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "Tests/FaultLayer"))

from faults import FaultLayer  # noqa: E402

BINARY = os.path.abspath(
    os.environ.get("MARTLET_BINARY") or os.path.join(PROJECT, ".build/debug/martlet")
)
if not os.access(BINARY, os.X_OK):
    raise RuntimeError(f"{BINARY} is missing: build it, or name it in MARTLET_BINARY")

# Only a failure waits this long.
DEADLINE_SECONDS = 60

MAIL_ID = re.compile(r"^[0-9a-v]{40}$")
IS_ROOT = os.geteuid() == 0
# Handlers run by Debian's: the one that runs the tests may lie where other users cannot go.
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


def eventually(check, what, seconds=DEADLINE_SECONDS):
    """What `check` answers, as soon as that is neither false, None nor empty."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        # Less and less often: asking takes the machine's time, too.
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def message(subject="A test", body="This is a test.", sender="ada@sender.example",
            to="someone@example.test", extra=()):
    """A mail as bytes, with CRLF line ends."""
    lines = [f"From: <{sender}>", f"To: <{to}>", f"Subject: {subject}",
             "Date: Mon, 23 Nov 2026 09:00:00 +0000", "Message-ID: <1@sender.example>"]
    return "".join(line + "\r\n" for line in [*lines, *extra, "", *body.split("\n")]).encode()


def large_body(size):
    """Text of about `size` bytes in lines of 72."""
    line = "0123456789" * 7 + "\n"
    return (line * (size // 72 + 1)).rstrip("\n")


def die_with_parent():
    """In a child before it executes: a test that is killed leaves no server behind."""
    _LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def limit_open_files(count):
    """In a child before it executes: a limit that it cannot raise."""
    if count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


_LIBC = ctypes.CDLL(None)


def unverified_tls():
    """A client that takes a self-signed certificate, as opportunistic senders do."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def process_is_gone(number):
    """Whether a process has ended; one that nobody has waited for counts."""
    try:
        with open(f"/proc/{number}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


# Whatever has to be ended by `abandon` where a test run is interrupted before its cleanups.
still_open = set()


@atexit.register
def _abandon_all():
    for each in list(still_open):
        each.abandon()


# Told to end, the run is interrupted as by Ctrl-C, and leaves nothing behind.
signal.signal(signal.SIGTERM, signal.default_int_handler)
# Started in the background it may have been told to ignore Ctrl-C, and its programs with it.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Server:
    """A `martlet serve` with its configuration, rules, handlers and buckets in one folder."""

    def __init__(self, is_faulty=False):
        self.folder = tempfile.mkdtemp(prefix="martlet-test-")
        still_open.add(self)
        # Where calls on files can be made to fail.
        self.faults = FaultLayer(self.folder, is_journalled=True) if is_faulty else None
        # Handlers run as another user pass through here.
        os.chmod(self.folder, 0o755)
        self.config_path = self.path("martlet.yaml")
        self.log_path = self.path("log")
        self.config = {
            "hostname": "mx.example.test",
            "dataDirectory": "data",
            "listeners": [{"address": "127.0.0.1", "port": 0}],
            # No test leaves this machine: those that want the DNS bring one.
            "authentication": {"enabled": False},
            "limits": {},
            "spool": {"freeBytesMin": 1_048_576},
            "rules": {"directory": "rules", "active": "main"},
            "buckets": {"mail": {"directory": "buckets/mail"}},
            "handlers": {},
            "topics": {},
            # What tests post goes to loopback, which is refused unless it is said.
            "http": {"allow": ["127.0.0.1"]},
            "health": {"address": "127.0.0.1", "port": 0},
            # Nobody is there: no question leaves this machine.
            "dns": {"servers": [{"address": "127.0.0.1", "port": 9}]},
        }
        # What stands before the program, the descriptors that it inherits, its variables.
        self.wrapper = []
        # Of the command serve, besides the configuration.
        self.serve_options = []
        self.descriptors = ()
        self.environment = {}
        # A descriptor for its log instead of the file.
        self.standard_error = None
        self.process = None
        # None: the system's limit.
        self.open_files_max = None
        # Set while it should be running.
        self.is_launched = False
        self.port = None
        self.health_port = None
        self.log_start = 0
        os.mkdir(self.path("rules"))
        os.mkdir(self.path("out"), 0o777)
        os.chmod(self.path("out"), 0o777)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # What is prepared before it starts

    def write_rules(self, text, name="main.yaml"):
        """Puts a rule file in place as an editor does: whole, by a rename."""
        fresh = self.path("rules", f".{name}.new")
        with open(fresh, "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(fresh, self.path("rules", name))

    def add_handler(self, name, code, **settings):
        """A handler in Python. It finds the folder `out` in the variable OUT."""
        script = self.path(f"{name}.py")
        with open(script, "w", encoding="utf-8") as file:
            file.write(code)
        os.chmod(script, 0o755)
        settings.setdefault("environment", {})["OUT"] = self.path("out")
        self.config["handlers"][name] = {"command": [PYTHON, script], **settings}

    def write_config(self):
        # JSON is YAML.
        config = {key: value for key, value in self.config.items() if value != {}}
        with open(self.config_path, "w", encoding="utf-8") as file:
            json.dump(config, file, indent=2)

    # Running

    def start(self, identities=("example.test",)):
        """Starts and waits until mail and commands are taken."""
        self.write_config()
        self.launch()
        eventually(self.is_ready, "the server is ready")
        for name in identities:
            self.cli("identity", "add", name, "--trusted")
        return self

    def launch(self):
        """Starts the process and waits for nothing."""
        self.log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, BINARY, "serve", "-c", self.config_path, *self.serve_options],
                stdin=subprocess.DEVNULL, stdout=log, cwd=self.folder,
                stderr=log if self.standard_error is None else self.standard_error,
                pass_fds=self.descriptors,
                preexec_fn=lambda: (limit_open_files(self.open_files_max), die_with_parent()),
                env={**(self.faults.environment() if self.faults else os.environ),
                     "MARTLET_TEST_SECRET": "not for handlers", **self.environment})
        self.is_launched = True

    def is_ready(self):
        """Whether mail and commands are taken; fails where it has ended instead."""
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended at its start:\n{self.log()}")
        log = self.log()
        listens = re.search(r" listens address=127\.0\.0\.1 port=(\d+)", log)
        health = re.search(r" health listens address=127\.0\.0\.1 port=(\d+)", log)
        if not listens or ("health" in self.config and not health):
            return False
        with socket.socket(socket.AF_UNIX) as control:
            if control.connect_ex(self.path("data", "control.sock")) != 0:
                return False
        self.port = int(listens[1])
        self.health_port = int(health[1]) if health else None
        return True

    def terminate(self):
        """Asks the process to end; `wait` says how it did."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=DEADLINE_SECONDS):
        """The exit status of a server that was told to end."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end in {seconds} s\n{self.log_tail()}")
        self.is_launched = False
        return status

    def stop(self):
        """SIGTERM, and a clean end."""
        self.terminate()
        status = self.wait()
        if status != 0:
            raise AssertionError(f"the server ended with {status}\n{self.log_tail()}")

    def kill(self):
        """kill -9: what a crash is to those who look on."""
        self.process.kill()
        self.process.wait()
        self.is_launched = False

    def close(self):
        """The end of a test: stops what runs, and fails if the server or a handler lives on, or
        if the server has ended by itself."""
        try:
            if self.is_launched and self.process.poll() is not None:
                self.is_launched = False
                raise AssertionError(
                    f"the server ended by itself with {self.process.returncode}\n"
                    f"{self.log_tail()}")
            if self.is_launched:
                self.stop()
            if left := self.processes():
                raise AssertionError(f"handlers outlived their server: {left}")
        finally:
            self.abandon()

    def abandon(self):
        """Ends everything at once, whatever its state."""
        if self.is_launched:
            self.kill()
        for number, _ in self.processes():
            os.kill(number, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.faults:
            self.faults.remove()
        still_open.discard(self)

    def processes(self):
        """Handlers, and what they started: processes with this server's folder in their
        environment, each with its command."""
        found = []
        for number in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{number}/environ", "rb") as file:
                    environment = file.read()
                with open(f"/proc/{number}/cmdline", "rb") as file:
                    command = file.read()
            except OSError:
                continue
            if f"={self.path('data', 'handlers')}/".encode() in environment:
                found.append((int(number), command.replace(b"\0", b" ").decode().strip()))
        return found

    # The log

    def log(self):
        """Everything that the process logged since it last started."""
        with open(self.log_path, "rb") as file:
            file.seek(self.log_start)
            return file.read().decode()

    def log_lines(self, *parts):
        """The log's lines with all of `parts` in them."""
        return [line for line in self.log().splitlines() if all(part in line for part in parts)]

    def logged(self, *parts):
        """As `log_lines`, once there are some: who logs does not wait until it is written."""
        return self.eventually(lambda: self.log_lines(*parts), f"the log says {parts}")

    def log_tail(self):
        return "the log's end:\n" + "\n".join(self.log().splitlines()[-30:])

    def eventually(self, check, what):
        """As `eventually`, with the end of the log where it fails."""
        try:
            return eventually(check, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log_tail()}") from None

    # The command line

    def cli(self, *arguments, status=0, text=True):
        """Runs a command against this server's configuration."""
        return martlet(*arguments, "-c", self.config_path, status=status, text=text)

    def json(self, *arguments):
        return json.loads(self.cli(*arguments, "--json").stdout)

    def mails(self, *arguments):
        return self.json("mail", "list", *arguments)

    def actions(self, mail):
        """The journal of a mail, by rule and position; of what a handler asked for, by its number
        in the answer, too."""
        shown = self.json("mail", "show", mail)
        return {(action["rule"], action["position"],
                 *([action["asked"]] if "asked" in action else [])): action
                for action in shown["actions"]}

    def settled(self, mail):
        """Waits until all actions of a mail have ended, and shows it."""
        def shown():
            detail = self.json("mail", "show", mail)
            return detail if detail["mail"]["state"] == "retired" else None
        return self.eventually(shown, f"all actions of mail {mail} have ended")

    def raw(self, mail, *arguments):
        return self.cli("mail", "raw", mail, *arguments, text=False).stdout

    # Buckets and the out folder

    def objects(self, bucket="mail"):
        """Every file in a bucket's folder, hidden ones too: key and bytes."""
        found = {}
        base = self.path("buckets", bucket)
        for folder, _, names in os.walk(base):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, base)] = file.read()
        return found

    def out(self, name):
        """A JSON file that a handler has left in `out`, once it is there."""
        path = self.path("out", name)
        self.eventually(lambda: os.path.exists(path), f"a handler has left {name}")
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    # Sending

    def client(self, **arguments):
        """Python's own SMTP client, connected."""
        return smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example",
                            timeout=DEADLINE_SECONDS, **arguments)

    def send(self, content, to="someone@example.test", sender="ada@sender.example", tls=False):
        """Hands over one mail and answers its id."""
        recipients = [to] if isinstance(to, str) else to
        with self.client() as client:
            if tls:
                client.starttls(context=unverified_tls())
            client.ehlo_or_helo_if_needed()
            check_reply(client.mail(sender), 250)
            for recipient in recipients:
                check_reply(client.rcpt(recipient), 250)
            return queued_id(client.data(content))

    def rcpt(self, recipient, tls=False, sender="ada@sender.example"):
        """The code and text of the reply to a recipient."""
        with self.client() as client:
            if tls:
                client.starttls(context=unverified_tls())
            client.ehlo_or_helo_if_needed()
            check_reply(client.mail(sender), 250)
            code, text = client.rcpt(recipient)
            return code, text.decode()

    def dialog(self):
        return Dialog(socket.create_connection(("127.0.0.1", self.port), DEADLINE_SECONDS))


def martlet(*arguments, status=0, text=True):
    """Runs the program; fails unless it ends with `status`, which None leaves open."""
    done = subprocess.run(
        [BINARY, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=text,
        timeout=DEADLINE_SECONDS)
    if status is not None and done.returncode != status:
        raise AssertionError(
            f"martlet {' '.join(arguments)}: status {done.returncode}, expected {status}\n"
            f"{done.stdout}\n{done.stderr}")
    return done


def check_reply(reply, code):
    if reply[0] != code:
        raise AssertionError(f"answered {reply}, expected {code}")


def queued_id(reply):
    """The mail's id in the answer to its data."""
    check_reply(reply, 250)
    text = reply[1].decode() if isinstance(reply[1], bytes) else reply[1]
    found = re.search(r"queued as ([0-9a-v]{40})", text)
    if not found:
        raise AssertionError(f"no id in {reply}")
    return found[1]


class Dialog:
    """SMTP spoken by hand over a connected socket, byte by byte as a test wants it."""

    def __init__(self, connection):
        self.connection = connection
        self.connection.settimeout(DEADLINE_SECONDS)
        self.waiting = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def send(self, content):
        self.connection.sendall(content)

    def line(self):
        """The next line without its end; None at the end of the stream."""
        while b"\n" not in self.waiting:
            try:
                piece = self.connection.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return None
            self.waiting += piece
        line, _, self.waiting = self.waiting.partition(b"\n")
        return line.rstrip(b"\r").decode()

    def reply(self):
        """The next reply, all of its lines: its code, and its text."""
        lines = []
        while True:
            line = self.line()
            if line is None:
                raise AssertionError(f"the connection ended after {lines}")
            lines.append(line)
            if line[3:4] != "-":
                return int(line[:3]), "\n".join(line[4:] for line in lines)

    def command(self, text, code):
        """Sends one line; fails unless the reply has `code`. Answers its text."""
        self.send(text.encode() + b"\r\n")
        return self.expect(code)

    def expect(self, code):
        reply = self.reply()
        if reply[0] != code:
            raise AssertionError(f"answered {reply}, expected {code}")
        return reply[1]

    def envelope(self, *recipients, sender="ada@sender.example"):
        """Greeting, EHLO, MAIL and RCPT."""
        self.expect(220)
        self.command("EHLO client.example", 250)
        self.command(f"MAIL FROM:<{sender}>", 250)
        for recipient in recipients:
            self.command(f"RCPT TO:<{recipient}>", 250)

    def is_at_end(self):
        """Whether the server has closed its side, and said nothing more."""
        return self.line() is None


def one_rule(recipient, prefix="main"):
    """A rule file with one rule."""
    return f"""ruleSet: main
rules:
  - name: one
    recipients: [{recipient}]
    actions:
      - store: {{bucket: mail, prefix: {prefix}}}
"""


class ServerCase(unittest.TestCase):
    """Tests that share one server; `prepare` says what it is like."""

    rules = """
        ruleSet: main
        rules:
          - name: all
            actions:
              - store: {bucket: mail}
        """
    identities = ("example.test",)

    @classmethod
    def prepare(cls, server):
        """Changes the server before it starts."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.server.write_rules(cls.rules)
        cls.prepare(cls.server)
        cls.server.start(cls.identities)

    def assert_stored(self, mail, content, key=None):
        """The mail is in the bucket under its key: our header block, then the very bytes that
        were sent. Answers the block."""
        self.server.settled(mail)
        stored = self.server.objects().get(key or mail)
        self.assertIsNotNone(stored, f"{key or mail} is in {sorted(self.server.objects())}")
        self.assertTrue(stored.endswith(content), f"{key or mail} ends with what was sent")
        return stored[: len(stored) - len(content)].decode()


def new_server(test, rules=ServerCase.rules, is_faulty=False, **config):
    """A server for one test alone, not yet started; sections of `config` are laid over its own.
    `is_faulty`: above the fault layer (Tests/FaultLayer)."""
    server = Server(is_faulty)
    test.addCleanup(server.close)
    server.write_rules(rules)
    for section, values in copy.deepcopy(config).items():
        if isinstance(values, dict):
            server.config.setdefault(section, {}).update(values)
        else:
            server.config[section] = values
    return server
