"""What rules would do: cases beside their files, and drafts against mails that came."""

import json
import os
import unittest

from support import PROJECT, Server, ServerCase, martlet, message

RULES = """
ruleSet: shop
rules:
  - name: orders
    recipients: [orders@example.test]
    when: [subject: {contains: order}, spf: PASS]
    actions: [store: {bucket: mail, prefix: orders/}, invoke: {handler: desk}]
  - name: rest
    recipients: [example.test]
    actions: [addHeader: {name: X-Rest, value: "yes"}, notify: {topic: received}]
"""

CASES = """
rules: shop.yaml
cases:
  - name: right
    to: orders@example.test
    mail: order.eml
    verdicts: {spf: PASS}
    answers: {desk: STOP_RULE_SET}
    expect: [orders: [store mail/orders/, invoke]]
  - name: the condition is not known
    to: orders@example.test
    text: |
      Subject: an order
    expect: [orders: [store, invoke]]
  - name: other actions
    to: ada@example.test
    expect: [rest: [addHeader]]
  - name: nobody
    to: ada@elsewhere.example
    expect: [missing: [stop]]
  - name: what a handler asks for
    to: orders@example.test
    mail: order.eml
    verdicts: {spf: PASS}
    answers:
      desk: {disposition: STOP_RULE, actions: [{tag: {name: order, value: 4711}}, stop]}
    expect: [orders: [store, invoke, tag order=4711, stop]]
"""


class Cases(unittest.TestCase):
    def setUp(self):
        # For its folder; it is never started.
        self.folder = Server()
        self.addCleanup(self.folder.close)
        self.write("shop.yaml", RULES)
        self.write("order.eml", "Subject: Your ORDER\r\n\r\nx\r\n")

    def write(self, name, text):
        path = self.folder.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_the_projects_own(self):
        files = sorted(os.path.join(folder, name)
                       for folder, _, names in os.walk(os.path.join(PROJECT, "rules"))
                       for name in names if name.endswith(".cases"))
        self.assertTrue(files)
        martlet("rules", "test", *files)

    def test_differences(self):
        file = self.write("first.cases", CASES)
        done = martlet("rules", "test", file, status=1)
        self.assertEqual(done.stdout, f"""\
ok  {file}: right
not ok  {file}: the condition is not known
    “orders” does not take it: spf is PASS? unknown: it was not given
    “rest” takes it: addHeader X-Rest: yes, notify received
not ok  {file}: other actions
    “rest” does addHeader X-Rest: yes, notify received, expected addHeader
not ok  {file}: nobody
    there is no rule “missing”
ok  {file}: what a handler asks for
2 of 5 cases as expected
""")
        outcomes = json.loads(martlet("rules", "test", file, "--json", status=1).stdout)
        self.assertEqual([len(one["differences"]) for one in outcomes], [0, 2, 1, 1, 0])

    def test_every_problem_at_once(self):
        file = self.write("second.cases", """\
rules: shop.yaml
cases:
  - nmae: x
    to: nonsense
    peer: 192.0.2.256
    at: tomorrow
    verdicts: {spf: pass}
    answers: {desk: STOP_RULES, other: {action: [], actions: [drop]}}
    mail: order.eml
    text: x
    expect: [{a: [stop], b: [stop]}]
""")
        problems = martlet("rules", "test", file, status=2).stderr
        self.assertEqual(problems, f"""\
{file}:3: cases[0]: unknown key “nmae”; did you mean “name”?
{file}:3: cases[0]: “name” is missing
{file}:4: cases[0].to: “nonsense” is no mail address
{file}:5: cases[0].peer: “192.0.2.256” is no IP address
{file}:6: cases[0].at: “tomorrow” is no point in time, as 2026-12-01T09:00:00Z is one
{file}:7: cases[0].verdicts.spf: found “pass”, expected PASS or FAIL or GRAY or \
PROCESSING_FAILED or DISABLED; did you mean “PASS”?
{file}:8: cases[0].answers.desk: found “STOP_RULES”, expected CONTINUE or STOP_RULE or STOP_RULE_SET; \
did you mean “STOP_RULE”?
{file}:8: cases[0].answers.other: unknown key “action”; did you mean “actions”?
{file}:8: cases[0].answers.other.actions[0]: “drop” is no action: an action is one of reply, \
forward, bounce, notify, tag, addHeader, removeHeader, stop
{file}:10: cases[0]: “mail” names a file, and “text” is one: one of them stands here
{file}:11: cases[0].expect[0]: expected one rule with its actions: each stands behind a “-” of \
its own
""")

    def test_files_that_are_not_there(self):
        self.assertIn("nowhere.cases", martlet("rules", "test", "nowhere.cases", status=2).stderr)
        file = self.write("third.cases", "cases: [{name: a, to: a@b.example, expect: []}]")
        self.assertIn("third.yaml", martlet("rules", "test", file, status=2).stderr)


class Drafts(ServerCase):
    rules = """
        ruleSet: main
        rules:
          - name: all
            recipients: [example.test]
            actions: [store: {bucket: mail, prefix: all/}]
        """
    draft = """
ruleSet: draft
rules:
  - name: invoices
    recipients: [example.test]
    when: [subject: {contains: invoice}]
    actions: [store: {bucket: mail, prefix: invoices/}, stop]
  - name: rest-of-it
    recipients: [example.test]
    actions: [store: {bucket: mail, prefix: all/}]
"""

    def test_which_mails_differ_and_why(self):
        path = self.server.path("draft.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.draft)
        invoice = self.server.send(message(subject="Your invoice"))
        other = self.server.send(message(subject="Hello"))
        for mail in (invoice, other):
            self.server.settled(mail)
        done = self.server.cli("rules", "diff", path, status=1)
        self.assertIn("\n- all: store mail/all/\n+ invoices: store mail/invoices/\n"
                      "+ invoices: stop\n", done.stdout)
        self.assertNotIn(other, done.stdout)
        self.assertIn("\n1 of 2 mails differ\n", done.stdout)
        # Rules of another name that do the same are no difference; nor is a set by its name.
        self.assertIn("\n0 of 1 mails differ\n",
                      self.server.cli("rules", "diff", path, "--last", "1").stdout)
        self.assertIn("\n0 of 2 mails differ\n", self.server.cli("rules", "diff", "main").stdout)
        self.server.cli("rules", "diff", path, "--last", "0", status=1)
        self.server.cli("rules", "diff", "nowhere", status=1)
        why = self.server.cli("rules", "explain", path, "--id", other).stdout
        self.assertIn("- invoices  its conditions do not hold", why)
        self.assertIn("+ rest-of-it  took someone@example.test", why)
        martlet("rules", "explain", path, status=64)
        martlet("rules", "explain", path, "--id", other, "--tls", status=64)


if __name__ == "__main__":
    unittest.main()
