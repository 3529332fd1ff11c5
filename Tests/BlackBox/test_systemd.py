"""What a service manager is to the server: readiness, the watchdog, sockets that are handed over, and
units that are sound. systemd itself need not run."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

from support import BINARY, IS_ROOT, PROJECT, message, new_server

UNITS = os.path.join(PROJECT, "packaging", "systemd")
ANALYZE = shutil.which("systemd-analyze")

# Hands over descriptors as systemd does: from 3 on, for the process that it becomes.
HAND_OVER = """
import os, sys
numbers = [int(number) for number in sys.argv[1].split(",")]
for place, number in enumerate(numbers):
    os.dup2(number, 3 + place)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(numbers)),
                  LISTEN_FDNAMES=":".join("smtp" for _ in numbers))
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """The socket on which a service manager hears of its services."""

    def __init__(self, test, is_abstract=False):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        test.addCleanup(self.socket.close)
        self.socket.settimeout(30)
        folder = tempfile.mkdtemp(prefix="martlet-notify-")
        test.addCleanup(shutil.rmtree, folder)
        self.name = f"@{folder}" if is_abstract else f"{folder}/notify"
        self.socket.bind(self.name.replace("@", "\0"))
        if not is_abstract:
            os.chmod(folder, 0o755)
            os.chmod(self.name, 0o777)

    def hear(self):
        """The next message, by variable."""
        text = self.socket.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.splitlines())

    def wait_for(self, name):
        while True:
            heard = self.hear()
            if name in heard:
                return heard

    def hears_nothing(self, seconds):
        """Whether nothing comes for so long, after what has come already."""
        self.socket.settimeout(seconds)
        try:
            for _ in range(20):
                try:
                    self.socket.recv(4096)
                except TimeoutError:
                    return True
            return False
        finally:
            self.socket.settimeout(30)


class Notify(unittest.TestCase):
    def start(self, **environment):
        manager = Manager(self, is_abstract="WATCHDOG_USEC" in environment)
        server = new_server(self)
        server.environment = {"NOTIFY_SOCKET": manager.name, **environment}
        return manager, server.start()

    def test_tells_its_life(self):
        manager, server = self.start()
        self.assertEqual(manager.hear(), {"READY": "1", "STATUS": "Takes mail"})
        server.process.send_signal(signal.SIGHUP)
        reloading = manager.hear()
        self.assertEqual(reloading["RELOADING"], "1")
        self.assertGreater(int(reloading["MONOTONIC_USEC"]), 0)
        self.assertEqual(manager.hear(), {"READY": "1"})
        server.stop()
        self.assertEqual(manager.hear()["STOPPING"], "1")

    def test_watchdog_is_fed_while_the_writer_answers(self):
        manager, server = self.start(WATCHDOG_USEC="900000")
        for _ in range(2):
            manager.wait_for("WATCHDOG")
        # Who has the database holds up its writer, and so nobody may take the server for well.
        other = sqlite3.connect(
            server.path("data", "spool", "martlet.sqlite"), isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        self.assertTrue(manager.hears_nothing(seconds=3))
        other.execute("ROLLBACK")
        manager.wait_for("WATCHDOG")
        self.assertEqual(server.log_lines(" martlet: ended"), [])

    def test_another_processs_watchdog_is_not_fed(self):
        manager, _ = self.start(WATCHDOG_USEC="300000", WATCHDOG_PID="1")
        manager.wait_for("READY")
        self.assertTrue(manager.hears_nothing(seconds=2))


class Backups(unittest.TestCase):
    def test_the_units_let_the_server_write_where_the_documents_say(self):
        with open(os.path.join(PROJECT, "docs", "operations.md"), encoding="utf-8") as file:
            folders = re.findall(r"^\$ martlet backup (/\S+)", file.read(), re.MULTILINE)
        self.assertTrue(folders)
        for unit in ("martlet.service", "martlet-unprivileged.service"):
            with open(os.path.join(UNITS, unit), encoding="utf-8") as file:
                paths = re.findall(r"^ReadWritePaths=(.*)", file.read(), re.MULTILINE)
            writable = [path.lstrip("-") for line in paths for path in line.split()]
            for folder in folders:
                self.assertTrue(
                    any(folder.startswith(path + "/") for path in writable), (unit, folder))


class Activation(unittest.TestCase):
    def listening(self, address="127.0.0.1", family=socket.AF_INET):
        listener = socket.socket(family)
        self.addCleanup(listener.close)
        listener.bind((address, 0))
        listener.listen(16)
        return listener

    def prepared(self, listeners, *given, **config):
        server = new_server(self, **config)
        server.config["listeners"] = [
            {"address": listener.getsockname()[0], "port": listener.getsockname()[1]}
            for listener in listeners]
        numbers = [listener.fileno() for listener in given]
        server.descriptors = tuple(numbers)
        server.wrapper = [
            sys.executable, "-c", HAND_OVER, ",".join(str(number) for number in numbers)]
        return server

    def test_serves_on_what_it_is_given(self):
        listener = self.listening()
        server = self.prepared([listener], listener).start()
        self.assertEqual(server.port, listener.getsockname()[1])
        mail = server.send(message())
        server.settled(mail)
        with open(f"/proc/{server.process.pid}/environ", "rb") as file:
            self.assertIn(b"LISTEN_FDS=1", file.read())
        server.stop()
        # It is the manager's, and outlives the server: connections wait for the next one.
        with socket.create_connection(listener.getsockname(), timeout=5):
            pass

    def test_binds_what_it_is_not_given(self):
        given = self.listening()
        own = self.listening("127.0.0.2")
        server = self.prepared([given, own], given)
        own.close()
        server.start()
        with socket.create_connection(("127.0.0.2", server.config["listeners"][1]["port"])) as peer:
            self.assertEqual(peer.recv(3), b"220")

    @unittest.skipUnless(IS_ROOT, "only root can become another user")
    def test_given_sockets_and_another_user(self):
        listener = self.listening()
        server = self.prepared([listener], listener, user="daemon")
        os.mkdir(server.path("buckets"))
        os.chown(server.path("buckets"), 1, 1)
        server.start()
        server.settled(server.send(message()))

    def fails(self, server, text):
        server.write_config()
        server.launch()
        self.assertEqual(server.wait(), 1)
        self.assertIn(text, server.log())

    def test_a_socket_that_no_listener_names(self):
        listener, stranger = self.listening(), self.listening()
        self.fails(
            self.prepared([listener], listener, stranger),
            f"the socket “smtp” that the service manager hands over is bound to 127.0.0.1, "
            f"port {stranger.getsockname()[1]}, which is no listener's")

    def test_what_is_no_listening_socket(self):
        listener = self.listening()
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(datagrams.close)
        self.fails(self.prepared([listener], listener, datagrams), "does not listen for TCP")

    def test_sockets_for_another_process_are_left_alone(self):
        server = new_server(self)
        server.environment = {"LISTEN_PID": "1", "LISTEN_FDS": "7"}
        server.start()

    def test_a_count_that_is_none(self):
        listener = self.listening()
        server = self.prepared([listener], listener)
        server.wrapper[2] = HAND_OVER.replace("str(len(numbers))", "'many'")
        self.fails(server, "LISTEN_FDS is “many”")


@unittest.skipUnless(ANALYZE, "systemd-analyze is not installed")
class Units(unittest.TestCase):
    """The units that are shipped, with the path of this build in them."""

    # Tenths; below 3.0 systemd calls a service OK.
    EXPOSURE_MAX = 30

    def units(self):
        folder = tempfile.mkdtemp(prefix="martlet-units-")
        self.addCleanup(shutil.rmtree, folder)
        for name in os.listdir(UNITS):
            with open(os.path.join(UNITS, name), encoding="utf-8") as file:
                text = file.read()
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text.replace("/usr/bin/martlet ", f"{BINARY} "))
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]

    def test_are_understood(self):
        for unit in self.units():
            with self.subTest(unit=os.path.basename(unit)):
                result = subprocess.run(
                    [ANALYZE, "verify", "--man=no", unit], capture_output=True, text=True,
                    check=False)
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_expose_little(self):
        services = [unit for unit in self.units() if unit.endswith(".service")]
        self.assertEqual(len(services), 2)
        for unit in services:
            with self.subTest(unit=os.path.basename(unit)):
                result = subprocess.run(
                    [ANALYZE, "security", "--offline=true", "--no-pager",
                     f"--threshold={self.EXPOSURE_MAX}", unit],
                    capture_output=True, text=True, check=False)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
                self.assertIn("Overall exposure level", result.stdout)
