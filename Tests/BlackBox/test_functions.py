"""Lambda functions: unmodified, under Amazon's own runtime client, and one that is its own runtime."""

import json
import os
import signal
import socket
import subprocess
import unittest

from support import BINARY, IS_ROOT, PROJECT, ServerCase, large_body, message, new_server

# Beside the program's folder, which SwiftPM reaches by a link.
ENVIRONMENT = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(BINARY))), "python")

# A function as it stands in Lambda. It does what the subject says, and most of it only once.
FUNCTION = """
import json, os, time

def once(name):
    try:
        os.close(os.open(os.path.join(os.environ["OUT"], name), os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False

def handler(event, context):
    ses = event["Records"][0]["ses"]
    subject = ses["mail"]["commonHeaders"]["subject"]
    print("about", subject)
    if subject == "record":
        with open(os.path.join(os.environ["OUT"], "record.new"), "w") as file:
            json.dump({
                "event": event, "request": context.aws_request_id, "name": context.function_name,
                "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
                "version": context.function_version,
                "left": context.get_remaining_time_in_millis(), "process": os.getpid(),
                "folder": os.getcwd(), "region": os.environ["AWS_REGION"]}, file)
        os.rename(os.path.join(os.environ["OUT"], "record.new"),
                  os.path.join(os.environ["OUT"], "record"))
    elif subject.startswith("raise") and once(subject):
        raise ValueError("the database is locked")
    elif subject == "die" and once(subject):
        os._exit(7)
    elif subject == "hang" and once(subject):
        time.sleep(600)
    elif subject == "large" and once(subject):
        return "x" * 20_000
    elif subject == "wait" and once(subject):
        with open(os.path.join(os.environ["OUT"], "waits.new"), "w") as file:
            json.dump(os.getpid(), file)
        os.rename(os.path.join(os.environ["OUT"], "waits.new"),
                  os.path.join(os.environ["OUT"], "waits"))
        time.sleep(600)
    return {"disposition": "STOP_RULE" if subject == "stop" else "CONTINUE"}
"""

# A custom runtime: its own client of the API, which also answers in chunks.
RUNTIME = """
import http.client, json, os, sys

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime"
note = {"uid": os.getuid(), "statuses": []}
def post(path, body):
    # Of unknown length, so in chunks.
    api.request("POST", base + path, body=iter([body[:5], body[5:]]), encode_chunked=True,
                headers={"Transfer-Encoding": "chunked"})
    answer = api.getresponse()
    answer.read()
    return answer.status
while True:
    api.request("GET", base + "/invocation/next")
    invocation = api.getresponse()
    event = json.loads(invocation.read())
    request = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    assert int(invocation.headers["Lambda-Runtime-Deadline-Ms"]) > 0
    note["statuses"].append(post("/invocation/another/response", b'{"disposition": "CONTINUE"}'))
    api.request("GET", base + "/nowhere")
    answer = api.getresponse()
    answer.read()
    note["statuses"].append(answer.status)
    with open(os.path.join(os.environ["OUT"], "note.new"), "w") as file:
        json.dump(note, file)
    os.rename(os.path.join(os.environ["OUT"], "note.new"), os.path.join(os.environ["OUT"], "note"))
    note["statuses"].append(post(f"/invocation/{request}/response",
                                 b'{"disposition": "STOP_RULE"}'))
    # Once more: it is over.
    note["statuses"].append(post(f"/invocation/{request}/response", b'{}'))
"""

RULES = """
    ruleSet: main
    rules:
      - name: ask
        recipients: [ask@example.test]
        actions:
          - invoke: {handler: ticket}
          - store: {bucket: mail}
      - name: short
        recipients: [short@example.test]
        actions:
          - invoke: {handler: short}
    """


def add_function(server, name, code, module="app", **settings):
    """The function `handler` of a module under Amazon's runtime client."""
    os.makedirs(server.path("functions"), exist_ok=True)
    with open(server.path("functions", f"{module}.py"), "w", encoding="utf-8") as file:
        file.write(code)
    server.config["handlers"][name] = {
        "function": [os.path.join(ENVIRONMENT, "bin/python"), "-m", "awslambdaric",
                     f"{module}.handler"],
        "environment": {"OUT": server.path("out"), "PYTHONPATH": server.path("functions")},
        **settings}


def setUpModule():
    subprocess.run([os.path.join(PROJECT, "scripts/python-env"), ENVIRONMENT], check=True)


class Unmodified(ServerCase):
    rules = RULES

    @classmethod
    def prepare(cls, server):
        server.config["limits"] = {"retryFirstDelaySeconds": 1, "retryDelaySecondsMax": 1}
        add_function(server, "ticket", FUNCTION, processes=1, outputBytesMax=10_000)
        add_function(server, "short", FUNCTION, processes=1, timeoutSeconds=5)

    def send(self, subject, recipient="ask@example.test"):
        return self.server.send(message(subject=subject), recipient)

    def test_its_event_and_context(self):
        mail = self.send("record")
        self.server.settled(mail)
        record = self.server.out("record")
        ses = record["event"]["Records"][0]["ses"]
        self.assertEqual(ses["mail"]["messageId"], mail)
        self.assertEqual(ses["receipt"]["recipients"], ["ask@example.test"])
        self.assertEqual(ses["receipt"]["action"]["functionArn"], record["arn"])
        self.assertTrue(record["arn"].endswith(":function:ticket"), record["arn"])
        self.assertEqual(record["name"], "ticket")
        self.assertEqual(record["version"], "$LATEST")
        self.assertEqual(record["memory"], "8192")
        self.assertEqual(record["request"], f"{mail}-ask-0")
        self.assertEqual(record["region"], "us-east-1")
        self.assertTrue(0 < record["left"] <= 30_000, record["left"])
        self.assertIn("/data/handlers/", record["folder"])
        self.server.logged(
            "handler: about record", f"mail={mail}", "handler=ticket")

    def test_its_answer_steers(self):
        stopped, stored = self.send("stop"), self.send("go on")
        for mail in (stopped, stored):
            self.server.settled(mail)
        self.assertEqual(self.server.actions(stopped)["ask", 0]["disposition"], "STOP_RULE")
        objects = self.server.objects()
        self.assertNotIn(stopped, objects)
        self.assertIn(stored, objects)

    def test_each_way_to_fail_ends_cleanly(self):
        for subject, reason in (
                ("raise", "ValueError: the database is locked"), ("die", "exit status 7"),
                ("large", "its answer is too long")):
            with self.subTest(subject=subject):
                mail, other = self.send(subject), self.send("fine")
                for each, attempts in ((mail, 2), (other, 1)):
                    self.server.settled(each)
                    action = self.server.actions(each)["ask", 0]
                    self.assertEqual(
                        (action["state"], action["attempts"]), ("done", attempts), action)
                self.server.logged("mail: action", reason, f"mail={mail}")

    def test_an_exception_keeps_the_process(self):
        processes = []
        for subject in ("record", "raise once more", "record"):
            self.server.settled(self.send(subject))
            processes.append(self.server.out("record")["process"])
        self.assertEqual(processes[0], processes[2])

    def test_killed_in_the_midst_of_a_mail(self):
        mail = self.send("wait")
        os.kill(self.server.out("waits"), signal.SIGKILL)
        self.server.settled(mail)
        self.assertEqual(self.server.actions(mail)["ask", 0]["attempts"], 2)
        self.assertIn(mail, self.server.objects())

    def test_one_that_hangs(self):
        mail, other = self.send("hang", "short@example.test"), self.send("", "short@example.test")
        for each in (mail, other):
            self.server.settled(each)
            # On a busy machine the new process may take longer to begin than it may to answer.
            self.assertEqual(self.server.actions(each)["short", 0]["state"], "done")
        self.server.logged(
            "mail: action", "no answer in 5 seconds (timeoutSeconds)", f"mail={mail}")


class Beginning(unittest.TestCase):
    def test_a_module_that_is_missing_is_named(self):
        server = new_server(self, RULES, limits={"retryGiveUpAfterSeconds": 0})
        add_function(server, "short", "import nowhere", "broken", processes=1)
        add_function(server, "ticket", FUNCTION)
        server.start()
        mail = server.send(message(), "short@example.test")
        server.settled(mail)
        self.assertIn("Runtime.ImportModuleError: Unable to import module 'broken'",
                      server.actions(mail)["short", 0]["detail"])
        server.logged("a process has ended", "ImportModuleError")
        server.stop()

    def test_is_asked_for_each_recipient(self):
        server = new_server(
            self, RULES.replace("rules:", "evaluate: per-recipient\n    rules:").replace(
                "ask@example.test", "example.test"))
        record = FUNCTION.replace('"record.new"', 'context.aws_request_id + ".new"').replace(
            '"record")', 'context.aws_request_id)')
        for name in ("ticket", "short"):
            add_function(server, name, record, processes=1)
        server.start()
        mail = server.send(message(subject="record"), ["ada@example.test", "bob@example.test"])
        server.settled(mail)
        found = {name: server.out(name)["event"]["Records"][0]["ses"]["receipt"]["recipients"]
                 for name in sorted(os.listdir(server.path("out")))}
        self.assertEqual(found, {f"{mail}-ask-0~0": ["ada@example.test"],
                                 f"{mail}-ask-0~1": ["bob@example.test"]})

    def own_runtime(self, **settings):
        server = new_server(self, RULES)
        add_function(server, "short", FUNCTION)
        server.add_handler("ticket", RUNTIME, processes=1, **settings)
        handler = server.config["handlers"]["ticket"]
        handler["function"] = handler.pop("command")
        server.start()
        mail = server.send(message(body=large_body(100_000)), "ask@example.test")
        server.settled(mail)
        self.assertEqual(server.actions(mail)["ask", 0]["disposition"], "STOP_RULE")
        return server

    def test_a_runtime_of_its_own(self):
        server = self.own_runtime()
        self.assertEqual(server.out("note")["statuses"], [400, 404])
        server.settled(server.send(message(), "ask@example.test"))
        self.assertEqual(server.out("note")["statuses"], [400, 404, 202, 400, 400, 404])

    @unittest.skipUnless(IS_ROOT, "only root can start a handler as another user")
    def test_nobody_else_is_answered(self):
        server = self.own_runtime(user="nobody")
        self.assertNotEqual(server.out("note")["uid"], 0)
        for number, command in server.processes():
            if "ticket.py" not in command:
                continue
            with open(f"/proc/{number}/environ", "rb") as file:
                variables = dict(
                    entry.split("=", 1) for entry in file.read().decode().split("\0") if entry)
            host, port = variables["AWS_LAMBDA_RUNTIME_API"].split(":")
            with socket.create_connection((host, int(port)), 60) as stranger:
                try:
                    stranger.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n")
                    said = stranger.recv(1)
                except ConnectionError:
                    said = b""
            self.assertEqual(said, b"")
            break
        else:
            self.fail("the function does not run")
        # The function itself goes on.
        server.settled(server.send(message(), "ask@example.test"))


if __name__ == "__main__":
    unittest.main()
