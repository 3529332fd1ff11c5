"""S15: the PROXY protocol, from those who must send its header and from nobody else."""

import socket
import ssl
import struct
import subprocess
import unittest

from support import (
    DEADLINE_SECONDS, Dialog, ServerCase, die_with_parent, eventually, message, new_server,
    queued_id, unverified_tls,
)

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def text(source):
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {source} 50000 25\r\n".encode()


def binary(source, additions=b"", length=None):
    kind, family = (socket.AF_INET6, 0x21) if ":" in source else (socket.AF_INET, 0x11)
    addresses = 2 * socket.inet_pton(kind, source) + struct.pack("!HH", 50000, 25)
    rest = addresses + additions
    return SIGNATURE + struct.pack("!BBH", 0x21, family, length or len(rest)) + rest


def connect(port, source="127.0.0.1"):
    return socket.create_connection(
        ("127.0.0.1", port), DEADLINE_SECONDS, source_address=(source, 0))


class Proxied(ServerCase):
    """127.0.0.1 is a proxy; other addresses of this machine are not."""

    @classmethod
    def prepare(cls, server):
        server.config["listeners"][0]["proxyFrom"] = ["127.0.0.1"]
        server.config["filters"] = [
            {"name": "bad", "policy": "Block", "cidr": "192.0.2.66"}]

    def dialog(self, header, source="127.0.0.1"):
        dialog = Dialog(connect(self.server.port, source))
        dialog.send(header)
        return dialog

    def deliver(self, header):
        with self.dialog(header) as dialog:
            dialog.envelope("someone@example.test")
            dialog.command("DATA", 354)
            dialog.send(message() + b".\r\n")
            return queued_id(dialog.reply())

    def test_everything_uses_the_proxied_address(self):
        for header, source in (
            (text("192.0.2.7"), "192.0.2.7"), (text("2001:db8::7"), "2001:db8::7"),
            (binary("192.0.2.8"), "192.0.2.8"), (binary("2001:db8::8"), "2001:db8::8"),
            (binary("192.0.2.9", b"\x04\0\x02ab"), "192.0.2.9"),
        ):
            with self.subTest(header=header):
                mail = self.deliver(header)
                self.assertEqual(self.server.settled(mail)["peerAddress"], source)
                self.assertIn(f"[{'IPv6:' if ':' in source else ''}{source}]".encode(),
                              self.server.objects()[mail])
                self.server.logged("accepted", mail, f"peer={source}")

    def test_the_proxys_own_connection(self):
        for header in (b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\0\0\0",
                       SIGNATURE + b"\x21\0\0\3abc"):
            mail = self.deliver(header)
            self.assertEqual(self.server.settled(mail)["peerAddress"], "127.0.0.1")

    def test_byte_by_byte_and_all_at_once(self):
        for header in (text("192.0.2.7"), binary("192.0.2.7")):
            with self.dialog(b"") as dialog:
                for byte in header + b"EHLO a\r\n":
                    dialog.send(bytes([byte]))
                dialog.expect(220)
                dialog.expect(250)
            with self.dialog(header + b"EHLO a\r\nQUIT\r\n") as dialog:
                dialog.expect(220)
                dialog.expect(250)
                dialog.expect(221)

    def test_filters_look_at_the_proxied_address(self):
        for header in (text("192.0.2.66"), binary("192.0.2.66")):
            with self.dialog(header) as dialog:
                dialog.expect(554)
                self.assertTrue(dialog.is_at_end())

    def test_s15_a_proxy_without_a_header_is_dropped(self):
        for wrong in (
            b"EHLO client.example\r\n", b"PROXY TCP4 192.0.2.1\r\n", b"PROXY " + b"x" * 200,
            binary("192.0.2.7", b"\x04\0\x09ab"), SIGNATURE + b"\x21\x11\xff\xff",
            SIGNATURE + b"\x31\x11\0\x0c" + b"\0" * 12,
        ):
            with self.subTest(header=wrong), self.dialog(wrong) as dialog:
                before = len(self.server.log_lines("proxy dropped"))
                self.assertTrue(dialog.is_at_end())
                self.assertLessEqual(before, len(self.server.log_lines("proxy dropped")))
        self.assertGreaterEqual(
            len(self.server.log_lines("proxy dropped", "proxy=127.0.0.1")), 6)

    def test_s15_a_header_that_ends_early(self):
        for part in (text("192.0.2.7")[:-1], binary("192.0.2.7")[:-1], binary("192.0.2.7")[:5]):
            with self.dialog(part) as dialog:
                dialog.connection.shutdown(socket.SHUT_WR)
                self.assertTrue(dialog.is_at_end())

    def test_a_look_whether_we_live_is_no_failure(self):
        before = len(self.server.log_lines("proxy dropped"))
        with self.dialog(b"") as dialog:
            dialog.connection.shutdown(socket.SHUT_WR)
            self.assertTrue(dialog.is_at_end())
        self.assertEqual(len(self.server.log_lines("proxy dropped")), before)

    def test_s15_others_may_not_send_one(self):
        for header in (text("192.0.2.7"), binary("192.0.2.7")):
            with self.dialog(header, source="127.0.0.5") as dialog:
                dialog.expect(220)
                dialog.expect(500)
        with self.dialog(b"EHLO a\r\n", source="127.0.0.5") as dialog:
            dialog.expect(220)
            dialog.expect(250)


class Limited(unittest.TestCase):
    """The limits of an address are those of the proxied one."""

    def server(self, **limits):
        server = new_server(self, limits=limits, filters=[
            {"name": "relay", "policy": "Allow", "cidr": "192.0.2.100"}])
        server.config["listeners"][0]["proxyFrom"] = ["127.0.0.1"]
        return server.start()

    def greeting(self, server, source):
        dialog = Dialog(connect(server.port))
        self.addCleanup(dialog.connection.close)
        dialog.send(text(source))
        return dialog, dialog.reply()

    def test_at_once(self):
        server = self.server(connectionsPerAddressMax=2)
        first, _ = self.greeting(server, "192.0.2.1")
        codes = [self.greeting(server, source)[1][0] for source in (
            "192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8::3",
            "2001:db8:0:1::1", *["192.0.2.100"] * 4)]
        self.assertEqual(codes, [220, 421, 220, 220, 220, 421, 220, *[220] * 4])
        server.logged(
            "421 4.7.0 Too many connections from your address", "peer=192.0.2.1")
        first.command("QUIT", 221)
        server.eventually(
            lambda: self.greeting(server, "192.0.2.1")[1][0] == 220, "one has become free")

    def test_a_minute(self):
        server = self.server(connectionsPerAddressPerMinuteMax=3)
        codes = [self.greeting(server, "192.0.2.1")[1][0] for _ in range(4)]
        # A new minute may have begun between them, of which the last still counts.
        self.assertEqual(codes, [220, 220, 220, 421])
        self.assertEqual(self.greeting(server, "192.0.2.2")[1][0], 220)


class UnderTLS(unittest.TestCase):
    def test_the_header_comes_before_the_handshake(self):
        server = new_server(self, listeners=[
            {"address": "127.0.0.1", "port": 0, "tls": "implicit", "proxyFrom": ["127.0.0.0/8"]}])
        server.start()
        for header in (text("192.0.2.7"), binary("192.0.2.7")):
            with connect(server.port) as plain:
                plain.sendall(header)
                with unverified_tls().wrap_socket(plain) as secured:
                    dialog = Dialog(secured)
                    dialog.envelope("someone@example.test")
                    dialog.command("DATA", 354)
                    dialog.send(message() + b".\r\n")
                    mail = queued_id(dialog.reply())
            shown = server.settled(mail)
            self.assertEqual((shown["peerAddress"], shown["tls"]), ("192.0.2.7", "TLSv1.3"))

    def test_a_handshake_without_a_header(self):
        server = new_server(self, listeners=[
            {"address": "127.0.0.1", "port": 0, "tls": "implicit", "proxyFrom": ["127.0.0.1"]}])
        server.start()
        with connect(server.port) as plain, self.assertRaises((ssl.SSLError, OSError)):
            unverified_tls().wrap_socket(plain)
        server.eventually(lambda: server.log_lines("proxy dropped"), "it is told")


class HAProxy(unittest.TestCase):
    """Debian's HAProxy hands connections over, in both versions."""

    def free_port(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def test_both_versions(self):
        server = new_server(self)
        server.config["listeners"][0]["proxyFrom"] = ["127.0.0.1"]
        server.start()
        fronts = {"send-proxy": self.free_port(), "send-proxy-v2": self.free_port()}
        sections = "".join(
            f"listen {option}\n  bind 127.0.0.1:{port}\n"
            f"  server m 127.0.0.1:{server.port} {option}\n" for option, port in fronts.items())
        with open(server.path("haproxy.cfg"), "w", encoding="ascii") as file:
            file.write("defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 60s\n"
                       "  timeout server 60s\n" + sections)
        process = subprocess.Popen(
            ["haproxy", "-db", "-f", server.path("haproxy.cfg")], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for number, port in enumerate(fronts.values()):
            source = f"127.0.0.{20 + number}"

            def connected():
                try:
                    return connect(port, source)
                except ConnectionRefusedError:
                    return None
            with Dialog(eventually(connected, "HAProxy listens")) as dialog:
                dialog.envelope("someone@example.test")
                dialog.command("DATA", 354)
                dialog.send(message() + b".\r\n")
                mail = queued_id(dialog.reply())
            self.assertEqual(server.settled(mail)["peerAddress"], source)


if __name__ == "__main__":
    unittest.main()
