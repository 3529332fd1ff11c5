"""What rules say of mails by tags: events, handlers, and whoever looks for the mails, see it."""

import json
import unittest

from support import eventually, message, new_server

RULES = r"""
    ruleSet: main
    rules:
      - name: team
        recipients: [{matches: '^(?P<team>[a-z]+)-[0-9]+@example\.test$'}]
        actions:
          - tag: {name: team, value: "${team}"}
          - tag: {name: from, value: "${mailFrom}"}
          - invoke: {handler: note}
      - name: all
        actions:
          - tag: {name: team, value: all}
          - notify: {topic: received}
    """

NOTE = """\
import json, os
with open(os.environ["MARTLET_EVENT_FILE"], encoding="utf-8") as file:
    event = json.load(file)
with open(os.environ["NOTES"], "a", encoding="utf-8") as file:
    file.write(json.dumps(event["Records"][0]["ses"]["mail"].get("tags")) + "\\n")
"""


class Tags(unittest.TestCase):
    def setUp(self):
        self.server = new_server(self, RULES)
        self.notes = self.server.path("notes")
        self.server.add_handler("note", NOTE, environment={"NOTES": self.notes})
        self.server.config["topics"] = {"received": {"log": {"file": "received"}}}
        self.server.start()

    def listed(self, tag):
        return [mail["id"] for mail in self.server.json("mail", "list", "--tag", tag)]

    def test_tags_are_told_and_found(self):
        sales = self.server.send(message(), "sales-7@example.test", sender="Ada@sender.example")
        press = self.server.send(message(), "press-1@example.test", sender="a/b@sender.example")
        other = self.server.send(message(), "other@example.test")
        details = {}
        for mail in (sales, press, other):
            details[mail] = [(action["state"], action["detail"])
                             for action in self.server.settled(mail)["actions"]
                             if action["kind"] == "tag"]
        self.assertEqual(details[sales], [
            ("done", "team=sales"), ("done", "from=Ada@sender.example"), ("done", "team=all")])
        self.assertEqual(details[press][1], ("done", "from=a_b@sender.example"))
        self.assertEqual(details[other], [("done", "team=all")])
        # A handler sees what was said before it, a later rule's topic all of it.
        with open(self.notes, encoding="utf-8") as file:
            noted = [json.loads(line) for line in file]
        self.assertIn({"team": ["sales"], "from": ["Ada@sender.example"]}, noted)
        told = eventually(lambda: self.told(3), "the topic is told")
        self.assertEqual(told[sales], {"team": ["sales", "all"], "from": ["Ada@sender.example"]})
        self.assertEqual(told[other], {"team": ["all"]})
        # Newest first.
        self.assertEqual(self.listed("team=all"), [other, press, sales])
        self.assertEqual(self.listed("team=sales"), [sales])
        self.assertEqual(self.listed("from"), [press, sales])
        self.assertEqual(self.listed("team=none"), [])
        self.assertIn("tag team=sales", self.server.cli("mail", "trace", sales).stdout)

    def told(self, count):
        try:
            with open(self.server.path("received"), encoding="utf-8") as file:
                messages = [json.loads(json.loads(line)["Message"]) for line in file]
        except FileNotFoundError:
            return None
        if len(messages) < count:
            return None
        return {told["mail"]["messageId"]: told["mail"].get("tags") for told in messages}


if __name__ == "__main__":
    unittest.main()
