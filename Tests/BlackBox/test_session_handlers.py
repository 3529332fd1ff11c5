"""Handlers that are asked before the 250, beside mails that have theirs and wait for the same."""

import os
import threading
import unittest

from support import eventually, message, new_server

# Notes each mail by its rule; those that have their 250 wait until the test lets them go.
GATE = """
import email, json, os, sys, time

out = os.environ["OUT"]
def answer(environment):
    with open(os.path.join(out, "order"), "a") as file:
        file.write(environment["MARTLET_RULE"] + "\\n")
    if environment["MARTLET_RULE"] == "asks":
        return {"disposition": "REJECT", "text": "Not here"}
    while not os.path.exists(os.path.join(out, "go")):
        time.sleep(0.01)
    time.sleep(0.2)
    return {}
"""

SCRIPT = GATE + """
print(json.dumps(answer(os.environ)))
"""

WORKER = GATE + """
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"id": request["id"]} | answer(request["environment"])), flush=True)
"""

RULES = """
    ruleSet: main
    rules:
      - name: asks
        recipients: [asks@example.test]
        actions:
          - reject: {handler: gate, onFailure: defer, timeoutSeconds: 60}
      - name: waits
        recipients: [waits@example.test]
        actions:
          - invoke: {handler: gate}
      - name: all
        actions: []
    """


class Backlog(unittest.TestCase):
    """A dozen mails wait for a handler that does one at a time."""

    MAILS = 12

    def backlog(self, server):
        mails = [server.send(message(), "waits@example.test") for _ in range(self.MAILS)]
        eventually(lambda: self.order(server), "the first mail's handler")
        return mails

    def order(self, server):
        path = os.path.join(server.path("out"), "order")
        if not os.path.exists(path):
            return []
        with open(path) as file:
            return file.read().split()

    def go(self, server):
        with open(os.path.join(server.path("out"), "go"), "w"):
            pass

    def refused(self, server):
        with server.client() as client:
            client.ehlo_or_helo_if_needed()
            client.mail("eve@sender.example")
            client.rcpt("asks@example.test")
            return client.data(message())

    def test_a_script_has_places_of_its_own(self):
        server = new_server(self, RULES, limits={"handlersRunningMax": 1})
        server.add_handler("gate", SCRIPT)
        server.start()
        mails = self.backlog(server)
        self.assertEqual(self.refused(server), (550, b"5.7.1 Not here"))
        self.assertEqual(self.order(server), ["waits", "asks"])
        self.go(server)
        for mail in mails:
            server.settled(mail)
        self.assertEqual(self.order(server).count("waits"), self.MAILS)

    def test_a_worker_is_asked_next(self):
        server = new_server(self, RULES)
        server.add_handler("gate", WORKER, processes=1)
        handler = server.config["handlers"]["gate"]
        handler["worker"] = handler.pop("command")
        server.start()
        mails = self.backlog(server)
        said = []
        session = threading.Thread(target=lambda: said.append(self.refused(server)))
        session.start()
        self.go(server)
        session.join()
        self.assertEqual(said, [(550, b"5.7.1 Not here")])
        for mail in mails:
            server.settled(mail)
        # Nine stood before it.
        self.assertLess(self.order(server).index("asks"), 7)


if __name__ == "__main__":
    unittest.main()
