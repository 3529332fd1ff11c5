"""Topics whose subscribers are handlers: they get SNS's Lambda event, and again what they failed at."""

import json
import os
import subprocess
import unittest

from support import PROJECT, message, new_server
from test_handler_endpoints import Remote, status
from test_webhook import ENVIRONMENT, SECRET

RULES = """
    ruleSet: main
    rules:
      - name: tell
        actions:
          - notify: {topic: arrivals}
    """

# Keeps what it gets, a file a run, and fails as often as the file `failures` says.
SCRIPT = """
import json, os, sys

out = os.environ["OUT"]
with open(os.environ["MARTLET_EVENT_FILE"]) as file:
    event = json.load(file)
seen = {"event": event, "input": json.load(sys.stdin),
        "environment": {name: value for name, value in os.environ.items()
                        if name.startswith("MARTLET_")}}
name = os.environ["MARTLET_MESSAGE_ID"] + "." + os.environ["MARTLET_ATTEMPT"]
with open(os.path.join(out, name + ".new"), "w") as file:
    json.dump(seen, file)
os.rename(os.path.join(out, name + ".new"), os.path.join(out, name))
with open(os.path.join(out, "failures")) as file:
    failures = int(file.read())
if int(os.environ["MARTLET_ATTEMPT"]) <= failures:
    sys.exit("the database is locked")
"""

# One JSON line in, one out.
WORKER = """
import json, os, sys

for line in sys.stdin:
    request = json.loads(line)
    sns = request["event"]["Records"][0]["Sns"]
    with open(os.path.join(os.environ["OUT"], "worker"), "a") as file:
        file.write(sns["MessageId"] + "\\n")
    print(json.dumps({"id": request["id"]}), flush=True)
"""


# As it stands in Lambda.
FUNCTION = """
import json, os

def handler(event, context):
    seen = [[record["Sns"]["Message"], record["Sns"]["Subject"], context.aws_request_id]
            for record in event["Records"]]
    with open(os.path.join(os.environ["OUT"], "function"), "w") as file:
        json.dump(seen, file)
"""


class TopicHandlers(unittest.TestCase):
    def setUp(self):
        self.server = new_server(self, RULES)
        self.server.add_handler("ticket", SCRIPT)
        self.subscribe(tickets={"handler": "ticket", "deliveryPolicy": {
            "numRetries": 2, "minDelayTarget": 1, "maxDelayTarget": 1}})
        self.fail_first(0)

    def subscribe(self, **subscribers):
        self.server.config["topics"] = {
            "arrivals": {"log": {"file": "log.jsonl"}, **subscribers}}

    def fail_first(self, tries):
        with open(self.server.path("out", "failures"), "w", encoding="ascii") as file:
            file.write(str(tries))

    def messages(self):
        """What the topic has told a file, in order."""
        try:
            with open(self.server.path("log.jsonl"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def told(self, count=1):
        """The first messages of the topic."""
        self.server.eventually(lambda: len(self.messages()) >= count, "the topic was told")
        return self.messages()

    def seen(self, message_id, attempt):
        """What the handler got at this try, once it did."""
        path = self.server.path("out", f"{message_id}.{attempt}")
        self.server.eventually(lambda: os.path.exists(path), f"there was try {attempt}")
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def is_quiet(self):
        return self.server.json("status")["waitingMessages"] == 0

    def test_a_script_gets_the_event_of_sns(self):
        self.server.start()
        mail = self.server.send(message())
        told, = self.told()
        seen = self.seen(told["MessageId"], 1)
        record, = seen["event"]["Records"]
        self.assertEqual(record["EventSource"], "aws:sns")
        self.assertEqual(record["EventVersion"], "1.0")
        self.assertEqual(record["EventSubscriptionArn"], told["TopicArn"] + ":tickets")
        self.assertEqual(record["Sns"], {**told, "MessageAttributes": {}})
        self.assertEqual(json.loads(record["Sns"]["Message"])["mail"]["messageId"], mail)
        self.assertEqual(seen["input"], told)
        self.assertEqual(seen["environment"]["MARTLET_ACTION_ID"], told["MessageId"] + "/tickets")
        self.assertEqual(seen["environment"]["MARTLET_TOPIC_ARN"], told["TopicArn"])
        listed = {each["subscriber"]: each for each in self.server.json("topic", "list")}
        self.assertEqual((listed["tickets"]["state"], listed["tickets"]["endpoint"]),
                         ("handler", "ticket"))
        self.assertIn("nobody has to ask",
                      self.server.cli("topic", "subscribe", "arrivals", "tickets", status=1).stderr)

    def test_it_fails_and_is_asked_again(self):
        self.fail_first(2)
        self.server.start()
        self.server.send(message())
        told, = self.told()
        tries = [self.seen(told["MessageId"], attempt) for attempt in (1, 2, 3)]
        self.assertEqual({json.dumps(each["event"]) for each in tries},
                         {json.dumps(tries[0]["event"])})
        self.server.eventually(self.is_quiet, "it was taken")
        self.assertEqual(self.server.json("queue", "messages"), [])
        self.server.logged("did not reach its subscriber", "attempt=2")
        self.server.logged("the database is locked")

    def test_what_it_never_takes_is_a_dead_letter(self):
        self.fail_first(3)
        self.server.start()
        self.server.send(message())
        told, = self.told()
        dead = self.server.eventually(
            lambda: self.server.json("queue", "messages"), "it was given up")
        self.assertEqual([(each["message"], each["subscriber"], each["attempts"]) for each in dead],
                         [(told["MessageId"], "tickets", 3)])
        self.assertIn("ticket: ", dead[0]["error"])
        # The handler is mended, and an operator has it asked once more.
        self.fail_first(0)
        self.server.cli("queue", "resend", told["MessageId"])
        self.server.eventually(lambda: not self.server.json("queue", "messages"), "it was taken")

    def test_each_kind_of_handler_is_told_in_order(self):
        remote = Remote(self)
        remote.acts = [status(500)]
        with open(self.server.path("secret"), "w", encoding="ascii") as file:
            file.write(SECRET)
        self.server.add_handler("worker", WORKER)
        worker = self.server.config["handlers"]["worker"]
        worker["worker"] = worker.pop("command")
        self.server.config["handlers"]["remote"] = {
            "endpoint": f"http://127.0.0.1:{remote.port}/sns", "secretFile": "secret"}
        quick = {"numRetries": 2, "minDelayTarget": 1, "maxDelayTarget": 1}
        self.subscribe(worker={"handler": "worker"},
                       remote={"handler": "remote", "deliveryPolicy": quick})
        self.server.start()
        for _ in range(5):
            self.server.send(message())
        told = [each["MessageId"] for each in self.told(5)]
        self.server.eventually(self.is_quiet, "all were told")
        with open(self.server.path("out", "worker"), encoding="ascii") as file:
            self.assertEqual(file.read().split(), told)
        posted = [json.loads(body)["Records"][0]["Sns"]["MessageId"]
                  for _, _, body in remote.posts]
        # The one that failed came again, the others in their order.
        self.assertEqual(sorted(posted), sorted([*told, told[0]]))
        self.assertEqual([each for each in posted if each != told[0]], told[1:])
        ids = {headers["webhook-id"] for _, headers, _ in remote.posts}
        self.assertEqual(ids, {f"{each}/remote" for each in told})

    def test_a_kill_loses_nothing(self):
        self.server.start()
        for _ in range(20):
            self.server.send(message())
        self.server.eventually(lambda: len(os.listdir(self.server.path("out"))) > 3, "some ran")
        self.server.kill()
        self.server.start(identities=())
        # A crash may leave a line twice.
        told = self.server.eventually(
            lambda: len(ids := {each["MessageId"] for each in self.messages()}) == 20 and ids,
            "the file was told")
        self.server.eventually(self.is_quiet, "all were told")
        seen = {name.split(".")[0] for name in os.listdir(self.server.path("out"))}
        self.assertEqual(seen - {"failures"}, told)

    def test_a_function_of_lambda_is_told(self):
        """Under Amazon's own runtime client, as it would be subscribed to SNS."""
        subprocess.run([os.path.join(PROJECT, "scripts/python-env"), ENVIRONMENT], check=True)
        with open(self.server.path("app.py"), "w", encoding="utf-8") as file:
            file.write(FUNCTION)
        self.server.config["handlers"]["lambda"] = {
            "function": [os.path.join(ENVIRONMENT, "bin/python"), "-m", "awslambdaric",
                         "app.handler"],
            "environment": {"PYTHONPATH": self.server.folder, "OUT": self.server.path("out")},
            "processes": 1}
        self.subscribe(function={"handler": "lambda"})
        self.server.start()
        self.server.send(message())
        told, = self.told()
        self.server.eventually(self.is_quiet, "it was told")
        with open(self.server.path("out", "function"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), [
                [told["Message"], told["Subject"], f"{told['MessageId']}-function"]])


if __name__ == "__main__":
    unittest.main()
