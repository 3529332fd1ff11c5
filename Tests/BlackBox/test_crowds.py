"""More connections than there is room for: file descriptors, limits of all, limits of one."""

import os
import resource
import socket
import time
import unittest

from support import Dialog, message, new_server

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def share_of_a_core(process, seconds=3):
    """What the process uses while nothing but time passes."""
    before, start = cpu_seconds(process), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(process) - before) / (time.monotonic() - start)


def greeting(server):
    """The code that a new connection is met with."""
    with server.dialog() as dialog:
        return dialog.reply()[0]


class Descriptors(unittest.TestCase):
    """S18: without file descriptors left, accepting again and again burns a core."""

    def crowd(self, server, count):
        connections = []
        for _ in range(count):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", server.port))
            connections.append(connection)
            self.addCleanup(connection.close)
        return connections

    def test_s18_64_files_and_100_connections(self):
        server = new_server(self)
        server.open_files_max = 64
        server.start()
        server.logged("fewer connections than limits.connectionsMax")
        connections = self.crowd(server, 100)
        server.eventually(
            lambda: server.log_lines("421 4.3.2 Too many connections"), "some are refused")
        self.assertLess(share_of_a_core(server.process), 0.05)
        for connection in connections:
            connection.close()
        server.eventually(lambda: greeting(server) == 220, "it takes connections again")
        mail = server.send(message())
        server.settled(mail)

    def test_s18_accept_fails(self):
        """The limit falls below what is open already, so that accept has no descriptor to give."""
        server = new_server(self).start()
        with Dialog(socket.create_connection(("127.0.0.1", server.port))) as early:
            early.expect(220)
            _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (3, hard))
            connections = self.crowd(server, 100)
            server.eventually(
                lambda: server.log_lines("cannot be accepted", "Too many open files"),
                "the log says what is missing")
            self.assertLess(share_of_a_core(server.process), 0.05)
            # Once a minute, not for each try.
            self.assertEqual(len(server.log_lines("cannot be accepted")), 1)
            early.command("NOOP", 250)
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
            waited = connections[-1]
            waited.setblocking(True)
            Dialog(waited).expect(220)
        server.settled(server.send(message()))


class Refusals(unittest.TestCase):
    """Connections beyond the limit are told so, and not cut."""

    def test_who_speaks_first_reads_why_it_is_refused(self):
        """Closing with what it said unread would be a reset, which may throw the reply away."""
        server = new_server(self, limits={"connectionsMax": 64}).start()
        for _ in range(64):
            taken = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            self.addCleanup(taken.close)
            self.assertTrue(taken.recv(3), "it is greeted")
        # As many as may wait for their reply to arrive: an eighth.
        for _ in range(8):
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as refused:
                refused.sendall(b"EHLO early.example\r\n" * 100)
                said = b""
                while piece := refused.recv(4096):
                    said += piece
            self.assertEqual(said, b"421 4.3.2 Too many connections, try again later\r\n")


class HealthEndpoint(unittest.TestCase):
    """Idle connections to the health endpoint take no descriptors from mail, and end."""

    def test_idle_connections(self):
        server = new_server(self)
        server.open_files_max = 256
        server.start()

        def descriptors():
            return len(os.listdir(f"/proc/{server.process.pid}/fd"))
        before = descriptors()
        idle = []
        for _ in range(260):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", server.health_port))
            idle.append(connection)
            self.addCleanup(connection.close)
        server.eventually(lambda: descriptors() >= before + 12, "some are taken")
        # NIO may accept three more than 16 in one go; some that were open before may have gone.
        self.assertLessEqual(descriptors(), before + 24)
        self.assertEqual(greeting(server), 220)
        server.settled(server.send(message()))
        idle[0].settimeout(30)
        self.assertEqual(idle[0].recv(1), b"")


class PublicSide(unittest.TestCase):
    """Slow requests keep nobody out of the public side for long."""

    def setUp(self):
        self.server = new_server(
            self, topics={"arrivals": {"log": {"file": "arrivals.jsonl"}}},
            web={"url": "http://127.0.0.1:8", "address": "127.0.0.1", "port": 0}).start()
        lines = self.server.eventually(
            lambda: self.server.log_lines(" web listens"), "the public side answers")
        self.port = int(lines[0].rpartition("port=")[2])

    def opened(self, request):
        connection = socket.create_connection(("127.0.0.1", self.port), 30)
        self.addCleanup(connection.close)
        connection.sendall(request)
        return connection

    def test_a_body_is_not_waited_for(self):
        # A click that unsubscribes is a POST to /; its link has all that is asked.
        for path, status in ((b"/", b"400"), (b"/x", b"404")):
            head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
            for connection in [self.opened(head) for _ in range(256)]:
                answer = b""
                while piece := connection.recv(4096):
                    answer += piece
                self.assertTrue(answer.startswith(b"HTTP/1.1 " + status + b" "), answer)
                self.assertIn(b"connection: close", answer.lower())

    def test_no_byte_moves_the_deadline(self):
        connection = self.opened(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
        began = time.monotonic()
        connection.settimeout(1)
        ended = False
        while not ended and time.monotonic() < began + 60:
            try:
                connection.sendall(b"x")
                ended = connection.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
        self.assertTrue(ended)
        self.assertGreater(time.monotonic(), began + 10)
