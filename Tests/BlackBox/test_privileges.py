"""What the server and its handlers may do: the helper that starts them, the end of everything that
a handler started (attack H4), and the server without root."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from support import BINARY, IS_ROOT, ServerCase, message, new_server, process_is_gone

# An account that every Debian has, and nobody's processes run as.
ACCOUNT = "games"
NEEDS_ROOT = unittest.skipUnless(IS_ROOT, "only root can become another user")

# As another user, without a way back.
AS_ACCOUNT = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups",
              "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
# In a mount namespace of its own, with a /proc that hides the processes of others, also from who is
# in root's group.
HIDDEN = ["unshare", "-m", "sh", "-c",
          'mount -t proc -o hidepid=2,gid=1 proc /proc && exec "$@"', "sh"]

RULES = """
ruleSet: main
rules:
  - name: run
    recipients: [run@example.test]
    actions:
      - invoke: {handler: run}
"""


def children(number):
    """Children of a process, those that nobody has waited for too: number and name."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                head, _, rest = file.read().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(rest.split()[1]) == number:
            found.append((int(name), head.partition("(")[2]))
    return found


def status(number, *names):
    """Lines of /proc/…/status, by name."""
    with open(f"/proc/{number}/status", encoding="ascii", errors="replace") as file:
        lines = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    return [lines[name] for name in names]


def processes_of(user):
    """The processes of a user, by number."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if status(name, "Uid")[0].split()[0] == str(user):
                found.append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def helper_of(server):
    """The process that starts the server's handlers."""
    found = [number for number, name in children(server.process.pid) if name == "martlet-helper"]
    if len(found) != 1:
        raise AssertionError(f"one helper, and not {children(server.process.pid)}")
    return found[0]


# The last of its processes is a zombie by its state, because its first thread has ended, and tells
# whether it lives to see the death of the first one.
HEADLESS = r"""
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int ends[2];
static void *watch(void *nothing) {
    char byte;
    if (read(ends[0], &byte, 1) == 0) creat(getenv("SEEN"), 0644);
    for (;;) pause();
}
int main(void) {
    if (pipe(ends) < 0) return 1;
    for (int i = 0; i < 200; i++) {
        if (fork() == 0) for (;;) pause();
        if (i == 0) close(ends[1]);
    }
    if (fork() == 0) {
        pthread_t other;
        pthread_create(&other, 0, watch, 0);
        syscall(SYS_exit, 0);
    }
    usleep(500000);
    return 0;
}
"""


class Bombs(unittest.TestCase):
    """A handler that does its worst harms nobody but its own mail."""

    # A process in a session of its own, whose parent has ended.
    LEAVES = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with open(os.environ["OUT"] + "/hidden.new", "w") as file:
            file.write(str(os.getpid()))
        os.rename(os.environ["OUT"] + "/hidden.new", os.environ["OUT"] + "/hidden")
        time.sleep(600)
    os._exit(0)
while not os.path.exists(os.environ["OUT"] + "/hidden"):
    time.sleep(0.02)
"""

    def run_handler(self, code, wrapper=(), **settings):
        server = new_server(self, RULES, limits={"retryGiveUpAfterSeconds": 0})
        server.wrapper = list(wrapper)
        if IS_ROOT:
            settings["user"] = ACCOUNT
        server.add_handler("run", code, **settings)
        server.start()
        mail = server.send(message(), "run@example.test")
        server.settled(mail)
        return server, server.actions(mail)["run", 0]

    @NEEDS_ROOT
    def test_a_fork_bomb_is_ended(self):
        server, action = self.run_handler("""
import os, time
end = time.monotonic() + 8
while time.monotonic() < end:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        time.sleep(0.01)
""", processesMax=48, timeoutSeconds=3)
        self.assertEqual(action["state"], "dead")
        self.assertIn("ended after its 3 seconds", action["detail"])
        self.assertEqual(processes_of(pwd.getpwnam(ACCOUNT).pw_uid), [])

    @NEEDS_ROOT
    @unittest.skipUnless(shutil.which("cc"), "needs a C compiler")
    def test_a_process_without_its_first_thread_is_stopped_like_others(self):
        folder = tempfile.mkdtemp(prefix="martlet-headless-")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        subprocess.run(["cc", "-pthread", "-x", "c", "-", "-o", f"{folder}/headless"],
                       input=HEADLESS, text=True, check=True)
        server, action = self.run_handler(f"""
import os
os.environ["SEEN"] = os.environ["OUT"] + "/seen"
os.execv("{folder}/headless", ["headless"])
""", processesMax=300, timeoutSeconds=60)
        self.assertEqual(action["state"], "done", action)
        self.assertEqual(processes_of(pwd.getpwnam(ACCOUNT).pw_uid), [])
        # Nobody is killed before all are stopped.
        self.assertFalse(os.path.exists(server.path("out", "seen")))

    def test_memory_without_end_is_refused(self):
        _, action = self.run_handler("""
kept = []
while True:
    kept.append(bytearray(16 << 20))
""", memoryBytesMax=300_000_000, timeoutSeconds=30)
        self.assertEqual(action["state"], "dead")
        self.assertIn("exit status 1", action["detail"])

    def test_what_called_setsid_and_forked_twice_is_ended(self):
        server, action = self.run_handler(self.LEAVES)
        self.assertEqual(action["state"], "done")
        self.assertFalse(os.path.exists(f"/proc/{server.out('hidden')}"))
        self.assertEqual(server.log_lines("/proc hides the processes of others"), [])

    @NEEDS_ROOT
    def test_what_proc_hides_is_ended(self):
        server, action = self.run_handler(self.LEAVES, wrapper=HIDDEN)
        self.assertEqual(action["state"], "done")
        self.assertFalse(os.path.exists(f"/proc/{server.out('hidden')}"))
        self.assertEqual(len(server.log_lines("warning", "/proc hides the processes of others")), 1)
        server.eventually(lambda: not children(helper_of(server)), "its keeper has ended")


class Helper(ServerCase):
    """The helper, as it can be seen from outside."""

    rules = RULES

    @classmethod
    def prepare(cls, server):
        server.add_handler("run", "import sys\nsys.stdin.read()\n",
                           **({"user": ACCOUNT} if IS_ROOT else {}))

    def test_is_small_and_can_little(self):
        helper = helper_of(self.server)
        privileges, threads, seen = status(helper, "NoNewPrivs", "Threads", "CapEff")
        self.assertEqual((privileges, threads), ("1", "1"))
        if IS_ROOT:
            # CAP_KILL, CAP_SETGID, CAP_SETUID.
            self.assertEqual(int(seen, 16), 1 << 5 | 1 << 6 | 1 << 7)
            # Its socket, the folder of its programs, the two of its keepers, one for signals.
            self.assertEqual(len(os.listdir(f"/proc/{helper}/fd")), 3 + 5)

    def test_two_hundred_runs_leave_nothing(self):
        with self.server.client() as client:
            for _ in range(200):
                client.sendmail("ada@sender.example", ["run@example.test"], message())
        self.server.eventually(
            lambda: self.server.json("status")["mails"]["acting"] == 0, "all mails are finished")
        helper = helper_of(self.server)
        self.server.eventually(lambda: not children(helper), "no keeper is left, no zombie either")
        self.assertEqual([name for _, name in children(self.server.process.pid)],
                         ["martlet-helper"])
        self.assertEqual(self.server.processes(), [])


class HeldUp(unittest.TestCase):
    """What is stopped takes nobody's place for good."""

    def prepare(self, code, **settings):
        server = new_server(self, RULES, limits={"retryGiveUpAfterSeconds": 0})
        # As the server's own user, who may stop both helper and keepers.
        server.add_handler("run", code, timeoutSeconds=1, **settings)
        return server.start()

    def test_keepers_and_helpers_that_are_stopped(self):
        # Side by side, since both take the 33 seconds that a run of one second may take at most.
        kept = self.prepare("""
import os, signal, subprocess, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
os.kill(os.getppid(), signal.SIGSTOP)
with open(os.environ["OUT"] + "/run.new", "w") as file:
    file.write(f"[{os.getpid()}, {child.pid}]")
os.rename(os.environ["OUT"] + "/run.new", os.environ["OUT"] + "/run")
time.sleep(600)
""")
        helped = self.prepare("""
import os
with open(os.environ["OUT"] + "/folders", "a") as file:
    print(os.path.basename(os.getcwd()), file=file)
""")
        by_keeper = kept.send(message(), "run@example.test")
        processes = kept.out("run")
        helper = helper_of(helped)
        os.kill(helper, signal.SIGSTOP)
        try:
            by_helper = helped.send(message(), "run@example.test")
            for server, mail in ((kept, by_keeper), (helped, by_helper)):
                server.settled(mail)
                self.assertEqual(server.actions(mail)["run", 0]["state"], "dead")
        finally:
            os.kill(helper, signal.SIGCONT)
        # The keeper's place is free, and what it kept has ended.
        kept.eventually(lambda: not children(helper_of(kept)), "no keeper is left")
        for process in processes:
            kept.eventually(
                lambda process=process: process_is_gone(process), f"process {process} has ended")
        # The helper goes on, and has not started what nobody waited for: one run wrote its line.
        helped.cli("queue", "retry", by_helper)
        helped.eventually(
            lambda: helped.actions(by_helper)["run", 0]["state"] == "done", "it was tried again")
        with open(helped.path("out", "folders"), encoding="utf-8") as file:
            self.assertRegex(file.read(), r"\A[0-9a-f]{32}\n\Z")


class Ends(unittest.TestCase):
    """Handlers do not outlive what started them."""

    def start(self):
        server = new_server(self, RULES)
        server.add_handler("run", """
import os, signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
with open(os.environ["OUT"] + "/run.new", "w") as file:
    file.write(f"[{os.getpid()}, {child.pid}]")
os.rename(os.environ["OUT"] + "/run.new", os.environ["OUT"] + "/run")
time.sleep(600)
""", timeoutSeconds=600)
        server.start()
        server.send(message(), "run@example.test")
        processes = server.out("run")
        return server, processes + [helper_of(server)]

    def assert_gone(self, server, processes):
        for process in processes:
            server.eventually(
                lambda process=process: process_is_gone(process), f"process {process} has ended")
        folder = server.path("data", "handlers", str(os.geteuid()))
        server.eventually(lambda: os.listdir(folder) == [], "no working folder is left")

    def test_kill_9_of_the_server_leaves_nothing(self):
        server, processes = self.start()
        server.kill()
        self.assert_gone(server, processes)

    def test_the_server_ends_with_its_helper(self):
        server, processes = self.start()
        os.kill(processes[-1], signal.SIGKILL)
        self.assertEqual(server.wait(), 1)
        self.assertEqual(len(server.log_lines("the helper that starts handlers has ended")), 1)
        self.assert_gone(server, processes)
        # Nothing was lost: the action is still open.
        os.remove(server.path("out", "run"))
        server.start(identities=())
        self.assertEqual(server.json("status")["mails"]["acting"], 1)
        server.kill()
        server.eventually(lambda: not server.processes(), "its handler has ended with it")


@NEEDS_ROOT
class WithoutRoot(unittest.TestCase):
    """A server that root starts and that becomes another user."""

    rules = """
ruleSet: main
rules:
  - name: run
    recipients: [run@example.test]
    actions:
      - invoke: {handler: run}
      - invoke: {handler: own}
      - store: {bucket: mail, prefix: in}
"""
    TELL = """
import json, os
with open(f"{os.environ['OUT']}/{os.environ['NAME']}.new", "w") as file:
    json.dump({"uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(),
               "spool": os.access(os.environ["SPOOL"], os.R_OK)}, file)
os.rename(f"{os.environ['OUT']}/{os.environ['NAME']}.new", f"{os.environ['OUT']}/{os.environ['NAME']}")
"""

    def prepare(self, **config):
        server = new_server(self, self.rules, user="daemon", **config)
        spool = server.path("data", "spool")
        server.add_handler("run", self.TELL, user=ACCOUNT,
                           environment={"NAME": "run", "SPOOL": spool})
        server.add_handler("own", self.TELL, environment={"NAME": "own", "SPOOL": spool})
        os.mkdir(server.path("buckets"))
        os.chown(server.path("buckets"), 1, 1)
        return server

    def test_serves_as_its_user_alone(self):
        # Below 1024: only root can bind it.
        with socket.socket() as probe:
            for port in range(1000, 900, -1):
                try:
                    probe.bind(("127.0.0.1", port))
                    break
                except OSError:
                    continue
        server = self.prepare()
        server.config["listeners"] = [{"address": "127.0.0.1", "port": port}]
        server.start()
        self.assertEqual(server.port, port)
        account = pwd.getpwnam("daemon")
        for task in os.listdir(f"/proc/{server.process.pid}/task"):
            uid, gid, groups, effective, permitted, privileges = status(
                f"{server.process.pid}/task/{task}", "Uid", "Gid", "Groups", "CapEff", "CapPrm",
                "NoNewPrivs")
            self.assertEqual(uid.split(), [str(account.pw_uid)] * 4)
            self.assertEqual(gid.split(), [str(account.pw_gid)] * 4)
            self.assertNotIn("0", groups.split())
            self.assertEqual((int(effective, 16), int(permitted, 16), privileges), (0, 0, "1"))
        mail = server.send(message(), "run@example.test", tls=True)
        server.settled(mail)
        self.assertIn(f"in/{mail}", server.objects())
        run, own = server.out("run"), server.out("own")
        other = pwd.getpwnam(ACCOUNT)
        self.assertEqual((run["uid"], run["gid"]), ([other.pw_uid] * 3, [other.pw_gid] * 3))
        self.assertEqual((own["uid"], own["gid"]), ([account.pw_uid] * 3, [account.pw_gid] * 3))
        self.assertFalse(run["spool"])
        for folder, _, names in os.walk(server.path("data", "spool")):
            for name in [*names, "."]:
                self.assertEqual(os.lstat(os.path.join(folder, name)).st_uid, account.pw_uid)
        self.assertNotIn("runs as root", server.cli("check").stderr)
        # Again on what is there now.
        server.stop()
        server.start(identities=())

    def fails(self, server, *texts):
        server.write_config()
        server.launch()
        self.assertEqual(server.wait(), 1)
        for text in texts:
            self.assertIn(text, server.log())

    def test_a_data_folder_of_somebody_else_says_what_mends_it(self):
        server = self.prepare()
        os.mkdir(server.path("data"))
        data = server.path("data")
        self.fails(server, f"{data} belongs to “root”, and the server runs as “daemon”",
                   f"rm -rf {data}/handlers && chown -R daemon: {data}")
        os.chown(data, 1, 1)
        os.mkdir(server.path("data", "keys"))
        self.fails(server, f"{data}/keys belongs to “root”")
        os.chown(server.path("data", "keys"), 1, 1)
        key = server.path("data", "keys", "secret.key")
        with open(key, "wb") as file:
            file.write(bytes(32))
        os.chmod(key, 0o640)
        self.fails(server, f"{key} belongs to “root”",
                   f"{key} is open to others (mode 0640), and all secrets are sealed under it: "
                   f"chmod 600 {key}")
        self.assertIn(f"chmod 600 {key}", server.cli("check", status=2).stderr)
        os.chmod(key, 0o600)
        with open(server.path("data", "receipt.key"), "wb") as file:
            file.write(bytes(32))
        self.fails(server, f"{data}/receipt.key belongs to “root”")
        # And the command mends it.
        command = server.log_lines("chown -R")[-1].rpartition(": rm")[2]
        subprocess.run("rm" + command, shell=True, check=True)
        server.start()

    def test_keys_that_its_user_cannot_read(self):
        server = self.prepare()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=mx", "-keyout", server.path("key"),
             "-out", server.path("certificate")], check=True, capture_output=True)
        for name in ("certificate", "key"):
            os.chmod(server.path(name), 0o600)
        server.config["tls"] = {"certificates": [
            {"certificate": server.path("certificate"), "key": server.path("key")}]}
        expected = f"tls.certificates[0].key: “daemon” cannot read {server.path('key')}: Permission denied; let it"
        self.fails(server, expected)
        shown = server.cli("check", status=2).stderr
        self.assertIn(expected, shown)
        self.assertIn("tls.certificates[0].certificate: “daemon” cannot read", shown)

    def test_a_bucket_that_its_user_cannot_write(self):
        server = self.prepare()
        os.chown(server.path("buckets"), 0, 0)
        self.fails(server, f"buckets.mail.directory: “daemon” cannot write to "
                   f"{server.path('buckets')}: Permission denied; "
                   f"let it: mkdir -p {server.path('buckets/mail')} && "
                   f"chown daemon: {server.path('buckets/mail')}")

    def test_a_data_folder_of_somebody_else(self):
        server = self.prepare()
        os.mkdir(server.path("data"))
        server.write_config()
        said = server.cli("check", status=2).stderr
        self.assertIn(f"{server.path('data')} belongs to “root”", said)
        self.assertIn("chown -R daemon:", said)

    def test_a_data_folder_that_cannot_be(self):
        server = self.prepare()
        server.config["dataDirectory"] = server.path("martlet.yaml") + "/data"
        self.fails(server, "dataDirectory: it cannot be made: ")

    def test_links_in_the_data_folder_are_not_followed(self):
        server = self.prepare()
        server.start()
        server.stop()
        data = server.path("data")
        subprocess.run(["rm", "-r", f"{data}/handlers"], check=True)
        os.mkdir(server.path("elsewhere"))
        os.symlink(server.path("elsewhere"), f"{data}/handlers")
        os.lchown(f"{data}/handlers", 1, 1)
        self.fails(server, "handlers")
        self.assertEqual(os.listdir(server.path("elsewhere")), [])


class WithoutAnyRoot(unittest.TestCase):
    """A server that an ordinary user starts: no process of it is ever root's."""

    def prepare(self, **settings):
        server = new_server(self, RULES.replace("handler: run}", "handler: run}\n      - store: {bucket: mail}"))
        server.add_handler("run", """
import json, os, sys
mail = sys.stdin.buffer.read()
result = {"uid": os.getresuid(), "gid": os.getresgid(), "bytes": len(mail)}
try:
    os.setuid(0)
    result["root"] = True
except PermissionError:
    result["root"] = False
with open(f"{os.environ['OUT']}/run.new", "w") as file:
    json.dump(result, file)
os.rename(f"{os.environ['OUT']}/run.new", f"{os.environ['OUT']}/run")
""", **settings)
        server.write_config()
        if IS_ROOT:
            reached = subprocess.run([*AS_ACCOUNT, "test", "-x", BINARY], check=False)
            if reached.returncode != 0:
                self.skipTest(f"{ACCOUNT} cannot reach {BINARY}")
            server.wrapper = AS_ACCOUNT
            subprocess.run(["chown", "-R", f"{ACCOUNT}:", server.folder], check=True)
        return server

    def test_a_mail_goes_through_a_handler(self):
        server = self.prepare()
        server.start()
        content = message()
        mail = server.send(content, "run@example.test", tls=True)
        server.settled(mail)
        self.assertTrue(server.objects()[mail].endswith(content))
        found = server.out("run")
        ours = os.stat(server.folder).st_uid
        self.assertEqual(found["uid"], [ours] * 3)
        self.assertFalse(found["root"])
        self.assertGreater(found["bytes"], len(content))
        for process in (server.process.pid, helper_of(server)):
            uid, effective = status(process, "Uid", "CapEff")
            self.assertEqual((uid.split(), int(effective, 16)), ([str(ours)] * 4, 0))
        # Again on what is there now, and after a cut.
        server.kill()
        server.start(identities=())
        server.settled(server.send(content, "run@example.test"))

    def test_nobody_else_can_be_asked_for(self):
        for setting, expected in (
                ({"user": "daemon"}, "user"), ({}, "handlers.run.user")):
            with self.subTest(**setting):
                server = self.prepare(**({} if setting else {"user": "daemon"}))
                server.config.update(setting)
                server.write_config()
                server.launch()
                self.assertNotEqual(server.wait(), 0)
                self.assertIn(expected, server.log())
                self.assertIn("root", server.log())


class Command(unittest.TestCase):
    def test_root_without_a_user_is_warned_of(self):
        server = new_server(self)
        server.write_config()
        shown = server.cli("check").stderr
        self.assertEqual("the server runs as root" in shown, IS_ROOT)
