"""Workers: programs that live for many mails, and what happens to the mails of one that fails."""

import json
import os
import signal
import unittest

from support import (
    IS_ROOT, PROJECT, PYTHON, ServerCase, large_body, message, new_server, process_is_gone,
)

# Answers, and does what the mail's subject says; writes who it is to a file in OUT.
WORKER = """
import email, json, os, sys, time

out = os.environ["OUT"]
def note(name):
    with open(os.path.join(out, name + ".new"), "w") as file:
        json.dump(os.getpid(), file)
    os.rename(os.path.join(out, name + ".new"), os.path.join(out, name))

note("started")
for line in sys.stdin:
    request = json.loads(line)
    with open(request["mail"]["path"], "rb") as file:
        content = file.read()
    assert len(content) == request["mail"]["bytes"]
    subject = email.message_from_bytes(content)["subject"]
    answer = {"id": request["id"]}
    # Only at the first try.
    if request["environment"]["MARTLET_ATTEMPT"] == "1":
        if subject == "wait":
            note("waits")
            time.sleep(600)
        elif subject == "hang":
            time.sleep(600)
        elif subject == "nonsense":
            print("Traceback or whatever", flush=True)
            continue
        elif subject == "flood":
            while True:
                sys.stdout.write("x" * 65536)
        elif subject == "loud":
            sys.stderr.write("loud\\n" * 100_000)
        elif subject == "die":
            sys.exit(7)
        elif subject == "error":
            answer["error"] = "the database is locked"
        elif subject == "slow":
            time.sleep(0.5)
    if subject == "stop":
        answer["disposition"] = "STOP_RULE"
    print(json.dumps(answer), flush=True)
"""


def add_worker(server, name, code, **settings):
    """As `add_handler` of a server, for a worker."""
    server.add_handler(name, code, **settings)
    handler = server.config["handlers"][name]
    handler["worker"] = handler.pop("command")


class Sample(ServerCase):
    """The project's sample worker does what it says."""

    rules = """
        ruleSet: main
        rules:
          - name: ask
            actions:
              - invoke: {handler: filter}
              - store: {bucket: mail}
        """

    @classmethod
    def prepare(cls, server):
        server.config["handlers"]["filter"] = {
            "worker": [os.path.join(PROJECT, "samples/handlers/worker.py")],
            "environment": {"WORD": "lottery"}}

    def test_it_stops_what_names_its_word(self):
        bodies = ["You won the Lottery", "Hello", large_body(300_000), large_body(30_000) + "lottery"]
        mails = [self.server.send(message(body=body)) for body in bodies]
        for mail in mails:
            self.server.settled(mail)
        self.assertEqual(sorted(self.server.objects()), sorted(mails[1:3]))
        stopped = self.server.actions(mails[0])["ask", 0]
        self.assertEqual((stopped["state"], stopped["disposition"]), ("done", "STOP_RULE_SET"))
        self.assertEqual(self.server.log_lines("has ended"), [])


class Asked(ServerCase):
    """One process, of which a mail makes what it wants: it and the next mail are answered."""

    rules = """
        ruleSet: main
        rules:
          - name: ask
            recipients: [ask@example.test]
            actions:
              - invoke: {handler: worker}
              - store: {bucket: mail}
          - name: session
            recipients: [session@example.test]
            actions:
              - reject: {handler: refuses, onFailure: defer}
          - name: session-later
            recipients: [session@example.test]
            actions:
              - store: {bucket: mail}
          - name: short
            recipients: [short@example.test]
            actions:
              - invoke: {handler: short}
        """

    @classmethod
    def prepare(cls, server):
        server.config["limits"] = {"retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1}
        add_worker(server, "worker", WORKER, processes=1, outputBytesMax=10_000,
                   errorBytesMax=1_000, timeoutSeconds=60)
        add_worker(server, "short", WORKER, processes=1, timeoutSeconds=3)
        add_worker(server, "refuses", """
import json, sys
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "disposition": "REJECT", "text": "No"}),
          flush=True)
""")

    def send(self, subject, recipient="ask@example.test"):
        return self.server.send(message(subject=subject), recipient)

    def fails_once(self, subject, reason, recipient="ask@example.test"):
        """The mail is tried again and answered, the one behind it answered at once."""
        mail = self.send(subject, recipient)
        other = self.send("fine", recipient)
        rule = recipient.split("@")[0]
        for each, attempts in ((mail, 2), (other, 1)):
            self.server.settled(each)
            action = self.server.actions(each)[rule, 0]
            self.assertEqual((action["state"], action["attempts"]), ("done", attempts), action)
        self.assertTrue(
            self.server.log_lines("mail: action", reason, f"mail={mail}"), self.server.log())

    def test_each_way_to_fail_ends_cleanly(self):
        for subject, reason in (
                ("nonsense", "its answer is no JSON object"), ("flood", "its answer is too long"),
                ("die", "exit status 7"), ("error", "the database is locked")):
            with self.subTest(subject=subject):
                self.fails_once(subject, reason)

    def test_one_that_hangs(self):
        mail = self.send("hang", "short@example.test")
        other = self.send("fine", "short@example.test")
        for each in (mail, other):
            self.server.settled(each)
            # On a busy machine the new process may take longer to begin than it may to answer.
            self.assertEqual(self.server.actions(each)["short", 0]["state"], "done")
        self.server.logged(
            "mail: action", "no answer in 3 seconds (timeoutSeconds)", f"mail={mail}")

    def test_killed_in_the_midst_of_a_mail(self):
        mail = self.send("wait")
        process = self.server.out("waits")
        os.kill(process, signal.SIGKILL)
        self.server.settled(mail)
        action = self.server.actions(mail)["ask", 0]
        self.assertEqual((action["state"], action["attempts"]), ("done", 2))
        self.assertIn(mail, self.server.objects())
        self.server.logged(
            "warning mail: handler: a process has ended", "handler=worker",
            "ended by signal 9")

    def test_a_slow_one_holds_mails_back_and_loses_none(self):
        mails = [self.send("slow") for _ in range(4)]
        for mail in mails:
            self.server.settled(mail)
            self.assertEqual(self.server.actions(mail)["ask", 0]["attempts"], 1)
            self.assertIn(mail, self.server.objects())

    def test_a_loud_one_is_cut(self):
        mail = self.send("loud")
        self.server.settled(mail)
        said = self.server.log_lines("handler: loud", f"mail={mail}", "handler=worker")
        self.assertEqual(len(said), 200)
        self.assertEqual(len(self.server.log_lines(
            "the rest of its standard error is left out", f"mail={mail}")), 1)

    def test_an_answer_steers(self):
        mail = self.send("stop")
        self.server.settled(mail)
        self.assertEqual(self.server.actions(mail)["ask", 0]["disposition"], "STOP_RULE")
        self.assertNotIn(mail, self.server.objects())

    def test_before_the_250(self):
        with self.server.client() as client:
            client.ehlo_or_helo_if_needed()
            client.mail("eve@sender.example")
            client.rcpt("session@example.test")
            self.assertEqual(client.data(message()), (550, b"5.7.1 No"))


class Broken(unittest.TestCase):
    rules = """
        ruleSet: main
        rules:
          - name: ask
            recipients: [ask@example.test]
            actions:
              - invoke: {handler: worker}
              - store: {bucket: mail}
          - name: other
            recipients: [other@example.test]
            actions:
              - store: {bucket: mail}
        """

    def test_dies_at_its_start_until_it_is_repaired(self):
        server = new_server(self, self.rules, limits={
            "retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1})
        add_worker(server, "worker", """
import os, sys
if not os.path.exists(os.path.join(os.environ["OUT"], "repaired")):
    sys.exit("no database")
""" + WORKER)
        server.start()
        mail = server.send(message(), "ask@example.test")
        server.eventually(
            lambda: server.actions(mail).get(("ask", 0), {}).get("state") == "retrying",
            "the handler has failed")
        self.assertIn("exit status 1", server.actions(mail)["ask", 0]["detail"])
        server.logged("handler: no database", "handler=worker")
        server.logged("a process has ended", "exit status 1")
        # Nobody else waits for it.
        other = server.send(message(), "other@example.test")
        server.settled(other)
        with open(server.path("out", "repaired"), "w", encoding="utf-8"):
            pass
        server.settled(mail)
        self.assertEqual(server.actions(mail)["ask", 0]["state"], "done")
        self.assertEqual(sorted(server.objects()), sorted([mail, other]))

    def test_a_missing_program_is_named(self):
        server = new_server(self, self.rules, limits={"retryGiveUpAfterSeconds": 0})
        add_worker(server, "worker", WORKER, processes=1)
        command = server.config["handlers"]["worker"]["worker"]
        program = server.path("program")
        os.symlink(PYTHON, program)
        command[0] = program
        server.start()
        server.out("started")
        os.unlink(program)
        server.settled(server.send(message(subject="die"), "ask@example.test"))
        mail = server.send(message(), "ask@example.test")
        server.settled(mail)
        self.assertIn(f"could not be started: {program}: execve: No such file or directory",
                      server.actions(mail)["ask", 0]["detail"])
        server.logged("a process has ended", "execve")

    @unittest.skipUnless(IS_ROOT, "only root can start a handler as another user")
    def test_with_a_user_of_its_own(self):
        server = new_server(self, self.rules)
        add_worker(server, "worker", WORKER, user="nobody", processes=1)
        server.start()
        for body in ("small", large_body(300_000)):
            mail = server.send(message(body=body), "ask@example.test")
            server.settled(mail)
            self.assertEqual(server.actions(mail)["ask", 0]["attempts"], 1)
        with open(f"/proc/{server.out('started')}/status", encoding="ascii") as file:
            users = next(line.split()[1:] for line in file if line.startswith("Uid:"))
        self.assertNotIn("0", users)

    def test_ends_with_the_server(self):
        server = new_server(self, self.rules)
        add_worker(server, "worker", WORKER, processes=1)
        server.start()
        process = server.out("started")
        self.assertFalse(process_is_gone(process))
        server.stop()
        self.assertTrue(process_is_gone(process))
        self.assertEqual(server.log_lines("a process has ended"), [])

    def test_a_killed_server_leaves_none(self):
        server = new_server(self, self.rules)
        add_worker(server, "worker", WORKER, processes=2)
        server.start()
        process = server.out("started")
        server.kill()
        server.eventually(lambda: process_is_gone(process), "the worker has ended")
        server.start(identities=())
        mail = server.send(message(), "ask@example.test")
        server.settled(mail)


if __name__ == "__main__":
    unittest.main()
