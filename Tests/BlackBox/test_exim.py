"""Debian's Exim as the sender."""

import os
import unittest

import peers


class Exim(peers.Peer):
    """Each mail is delivered, or put off, before `send` is back: no daemon runs."""

    name = "exim"
    programs = ["usr/sbin/exim4"]
    users = [("Debian-exim", 60_001), ("mail", 60_002)]

    CONFIGURATION = """
primary_hostname = peer.example
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
never_users =
keep_environment =
begin routers
all:
  driver = manualroute
  route_list = * {host} byname
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = {port}
  allow_localhost
  hosts_try_dane =
  hosts_try_fastopen =
  {tls}
begin retry
* * F,2h,1s
"""

    VERIFIED = """hosts_require_tls = *
  tls_verify_hosts = *
  tls_verify_certificates = /etc/ssl/certs/ca-certificates.crt"""

    WAYS = {
        "plain": "hosts_avoid_tls = *", "starttls": VERIFIED,
        "implicit": f"{VERIFIED}\n  protocol = smtps",
    }

    def start(self, way, port):
        for folder in ("var/spool/exim4", "var/log/exim4"):
            os.makedirs(self.path(folder), exist_ok=True)
            os.chown(self.path(folder), 60_001, 60_001)
        self.write("etc/exim4/exim4.conf", self.CONFIGURATION.format(
            host=peers.HOST, port=port, tls=self.WAYS[way]))

    def send(self, content, *recipients, sender="ada@sender.example"):
        self.inside("/usr/sbin/exim4", "-odi", "-oi", "-f", sender, *recipients,
                    input=content.replace(b"\r\n", b"\n"))

    def has_deferred(self):
        return " == " in self.log()

    def retry(self):
        self.inside("/usr/sbin/exim4", "-qff")

    def log(self):
        try:
            with open(self.path("var/log/exim4/mainlog"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return "no log yet"


class EximDelivers(peers.PeerDelivers):
    peer_type = Exim


if __name__ == "__main__":
    unittest.main()
