"""Other people's mail servers as next hops. Each listens at `port` of loopback, takes mail for
ada@far.example, refuses gone@far.example, and has what it took in `mails`."""

import contextlib
import os
import shutil
import socket
import subprocess

import peers
import test_exim
import test_opensmtpd
import test_postfix
from hop import Hop
from support import die_with_parent, eventually

DOMAIN = "far.example"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def mails_in(folder):
    """The mails of all Maildirs in a folder, with CRLF line ends."""
    found = []
    for base, _, names in os.walk(folder):
        for name in names if os.path.basename(base) == "new" else ():
            with open(os.path.join(base, name), "rb") as file:
                found.append(file.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return found


class Postfix(test_postfix.Postfix):
    """A Postfix with mailboxes of its own."""

    offers_tls = True

    def __init__(self, test, certificate, key):
        self.port = free_port()
        super().__init__(test, self.port, certificate, key, DOMAIN, "ada", kind="mailboxes")

    @classmethod
    def fetch(cls):
        cls.run("scripts/fetch-peer", "postfix", test_postfix.PEER)

    def configure(self, *lines):
        """Adds settings, and lets them be read."""
        with open(os.path.join(self.folder, "etc/main.cf"), "a", encoding="ascii") as file:
            file.writelines(line + "\n" for line in lines)
        self.run("scripts/postfix-instance", "reload", self.folder)

    def mails(self):
        return mails_in(os.path.join(self.folder, "mail"))


class Daemon:
    """What the peers of `peers` share that run as servers: `command` in their folder."""

    process = None

    def start_daemon(self, *command):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                ["chroot", self.folder, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent, start_new_session=True)
        eventually(self.listens, f"{self.name} listens")

    def listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended at its start:\n{self.log()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Exim(Daemon, test_exim.Exim):
    offers_tls = True
    SERVER = """
primary_hostname = peer.example
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts = *
tls_certificate = /etc/peer.pem
tls_privatekey = /etc/peer.key
rfc1413_query_timeout = 0s
message_size_limit = 20M
acl_smtp_rcpt = check
acl_smtp_data = accept
begin acl
check:
  deny local_parts = gone
       message = 5.1.1 No such user
  accept
begin routers
all:
  driver = accept
  transport = kept
begin transports
kept:
  driver = appendfile
  directory = /var/kept
  maildir_format
  user = mail
"""

    def __init__(self, test, certificate, key):
        super().__init__(test)
        self.port = free_port()
        for folder in ("var/spool/exim4", "var/log/exim4"):
            os.makedirs(self.path(folder))
            os.chown(self.path(folder), 60_001, 60_001)
        os.makedirs(self.path("var/kept"))
        os.chown(self.path("var/kept"), 60_002, 60_002)
        for name, source in (("peer.pem", certificate), ("peer.key", key)):
            shutil.copy(source, self.path("etc", name))
            os.chown(self.path("etc", name), 60_001, 60_001)
        self.write("etc/exim4/exim4.conf", self.SERVER.format(port=self.port))
        self.start_daemon("/usr/sbin/exim4", "-bdf")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()

    def mails(self):
        return mails_in(self.path("var/kept"))


class OpenSMTPD(test_opensmtpd.OpenSMTPD):
    """Hands on what it took to a hop, since its own agents for delivery want a shell. It offers no
    TLS: Debian's cannot sign with any key in the process that it keeps keys in."""

    offers_tls = False
    SERVER = """
listen on 127.0.0.1 port {port} hostname peer.example
action out relay host "smtp+notls://{host}:{onward}" helo peer.example
match from any for any rcpt-to regex "^gone@" reject
match from any for any action out
"""

    def __init__(self, test, certificate, key):
        super().__init__(test)
        self.hop = Hop(test)
        self.start("plain", self.hop.port)

    def configuration(self, way, port):
        return self.SERVER.format(port=self.port, host=peers.HOST, onward=port)

    def mails(self):
        return [taken.content for taken in self.hop.taken]


class Dovecot(Daemon, peers.Peer):
    """LMTP, with a mailbox for each user that it knows."""

    name = "dovecot"
    library_folders = ("usr/lib/dovecot", "usr/lib/dovecot/modules/old-stats")
    programs = ["usr/sbin/dovecot"] + [
        f"usr/lib/dovecot/{program}" for program in (
            "lmtp", "auth", "anvil", "log", "config", "stats",
            "modules/libssl_iostream_openssl.so")]
    users = [("dovecot", 60_001), ("dovenull", 60_002), ("vmail", 60_003)]

    SERVER = """
protocols = lmtp
log_path = /var/log/dovecot.log
base_dir = /run/dovecot
state_dir = /run/dovecot
ssl = no
mail_location = maildir:~/Maildir
postmaster_address = postmaster@far.example
auth_username_format = %Ln
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = passwd-file
  args = /etc/dovecot/users
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""

    def __init__(self, test):
        super().__init__(test)
        self.port = free_port()
        os.makedirs(self.path("run/dovecot"))
        os.makedirs(self.path("var/log"), exist_ok=True)
        os.makedirs(self.path("var/kept"))
        os.chown(self.path("var/kept"), 60_003, 60_003)
        self.write("etc/dovecot/users", "ada::60003:60003::/var/kept/ada::\n")
        self.write("etc/dovecot/dovecot.conf", self.SERVER.format(port=self.port))
        self.start_daemon("/usr/sbin/dovecot", "-F", "-c", "/etc/dovecot/dovecot.conf")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()

    def log(self):
        found = ""
        for name in ("log", "var/log/dovecot.log"):
            with contextlib.suppress(FileNotFoundError):
                with open(self.path(name), encoding="utf-8", errors="replace") as file:
                    found += file.read()
        return found

    def mails(self):
        return mails_in(self.path("var/kept"))
