"""Versions of rule sets: which there were, what differs, and how a former one comes back."""

import glob
import json
import os
import subprocess
import unittest

from support import message, new_server

FIRST = """# The first of all.
ruleSet: main
rules:
  - name: orders        # by hand
    recipients: [orders@example.test]
    actions:
      - store: {bucket: mail, prefix: first}
"""
SECOND = """ruleSet: main
rules:
  - name: rest
    recipients: [example.test]
    when: [subject: {contains: invoice}]
    actions: [stop]
  - name: orders
    recipients: [orders@example.test, sales@example.test]
    actions:
      - store: {bucket: mail, prefix: second}
"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Case(unittest.TestCase):
    def start(self, **config):
        self.server = new_server(self, FIRST, **config)
        self.path = self.server.path("rules", "main.yaml")
        return self.server.start()

    def version(self):
        return self.server.json("status")["ruleSetVersion"]

    def put(self, text, name="main.yaml"):
        """Answers the version that is in force then."""
        self.server.write_rules(text, name)
        self.server.cli("rules", "reload")
        return self.version()

    def versions(self):
        return [(each["version"], each["cause"], each["mails"], each["isInForce"])
                for each in self.server.json("rules", "versions", "main")]

    def kept(self):
        return glob.glob(f"{self.path}.replaced-*")


class Rollback(Case):
    def test_edit_compare_roll_back_and_restart(self):
        server = self.start()
        first = self.version()
        early = server.send(message(), "orders@example.test")
        second = self.put(SECOND)
        os.chmod(self.path, 0o640)
        late = server.send(message(), "sales@example.test")
        for mail in (early, late):
            server.settled(mail)
        self.assertEqual(
            self.versions(), [(second, "files", 1, True), (first, "start", 1, False)])
        lines = server.cli("rules", "versions").stdout.splitlines()
        self.assertEqual(lines[0].split(),
                         ["VERSION", "RULE", "SET", "IN", "FORCE", "SINCE", "WHY", "MAILS"])
        self.assertTrue(lines[1].startswith(f"*  {second}  main"), lines[1])
        self.assertTrue(lines[2].startswith(f"   {first}  main"), lines[2])

        # What differs, in the words of rules; of the file as it is now by default.
        changes = server.cli("rules", "changes", "main", first[:6], status=1).stdout
        self.assertEqual(changes, f"""--- main ({first})
+++ main ({second})

+ rest  is new, as rule 1
    + recipients: example.test
    + when: {{subject: {{contains: [invoice]}}}}
    + actions: stop: {{}}

~ orders
    + recipients: sales@example.test
    - actions: store: {{bucket: mail, prefix: first}}
    + actions: store: {{bucket: mail, prefix: second}}
""")
        self.assertEqual(
            [rule["kind"] for rule in
             self.json_of("rules", "changes", "main", second, first)["rules"]],
            ["removed", "changed"])
        self.assertIn("nothing differs",
                      server.cli("rules", "changes", "main", second, second).stdout)
        # And for which mails.
        done = server.cli("rules", "diff", "main", "--version", first, status=1)
        self.assertIn(f"+++ main ({first})", done.stdout)
        self.assertIn("2 of 2 mails differ", done.stdout)
        self.assertEqual(server.cli("rules", "show", "main", "--version", first).stdout, FIRST)

        # The look at the files may have missed that one.
        read_before = len(server.log_lines("rules reloaded"))
        said = server.cli("rules", "rollback", "main").stdout
        self.assertEqual(
            said, f"{self.path} is written anew\n“main” is in force ({first})\n")
        self.assertEqual(read(self.path), FIRST)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o640)
        self.assertEqual(self.kept(), [])
        self.assertEqual(server.rcpt("sales@example.test")[0], 550)
        self.assertEqual(
            self.versions(), [(first, "rollback", 1, True), (second, "files", 1, False)])
        # Mails stay with the rules of their arrival.
        self.assertEqual(server.json("mail", "trace", late)["ruleSetVersion"], second)

        # The look at the files finds what is in force, and so does a start.
        server.eventually(
            lambda: len(server.log_lines("rules reloaded")) > read_before,
            "the file was read anew")
        self.assertEqual(self.version(), first)
        server.stop()
        server.start(identities=())
        self.assertEqual(
            self.versions(), [(first, "rollback", 1, True), (second, "files", 1, False)])
        server.cli("rules", "rollback", "main")
        self.assertEqual((self.version(), read(self.path)), (second, SECOND))

    def json_of(self, *arguments):
        return json.loads(self.server.cli(*arguments, "--json", status=1).stdout)

    def test_a_broken_file_is_mended_and_kept(self):
        server = self.start()
        first = self.version()
        server.write_rules("ruleSet: main\nruels: []\n")
        server.cli("rules", "reload", status=2)
        said = server.cli("rules", "rollback", "main", "--to", first[:8]).stdout
        [kept] = self.kept()
        self.assertIn(f"{kept} keeps what stood there and was never in force\n", said)
        self.assertEqual(read(kept), "ruleSet: main\nruels: []\n")
        self.assertEqual((self.version(), read(self.path)), (first, FIRST))
        self.assertIn("is in force", server.cli("rules", "reload").stdout)
        # One that was removed, too.
        os.unlink(self.path)
        server.cli("rules", "reload", status=2)
        server.cli("rules", "rollback", "main", "--to", first)
        self.assertEqual(read(self.path), FIRST)

    def test_an_edit_that_is_not_in_force_is_what_is_gone_back_from(self):
        server = self.start()
        self.put(SECOND)
        second = self.version()
        broken = "ruleSet: main\nruels: []\n"
        # Whether somebody has read it in time or not, and one that does not load.
        for edit in (SECOND.replace("prefix: second", "prefix: third"), broken):
            with self.subTest(edit):
                server.write_rules(edit)
                said = server.cli("rules", "rollback", "main").stdout
                self.assertIn(f"“main” is in force ({second})\n", said)
                self.assertEqual((self.version(), read(self.path)), (second, SECOND))
        self.assertIn(broken, [read(kept) for kept in self.kept()])

    def test_a_set_that_another_file_has_too_does_not_come_into_force(self):
        server = self.start()
        first = self.version()
        server.write_rules(SECOND)
        server.cli("rules", "reload")
        second = self.version()
        # Put there by somebody, and looked for in vain by whoever rolls back.
        server.write_rules(SECOND, "copy.yaml")
        said = server.cli("rules", "rollback", "main", status=2).stderr
        self.assertIn(f"{self.path} is written anew\n", said)
        self.assertIn(f"What was in force stays in force ({second}):\n", said)
        self.assertIn("is the name of", said)
        self.assertNotIn("reads now", said)
        self.assertEqual(self.version(), second)
        os.unlink(server.path("rules", "copy.yaml"))
        server.cli("rules", "reload")
        self.assertEqual((self.version(), read(self.path)), (first, FIRST))

    def test_lists_come_back_too(self):
        server = self.start()
        text = FIRST.replace("    actions:", "    when: [mailFrom: {in: known}]\n    actions:")
        path = server.path("rules", "known.list")
        server.write_rules("# friends\nsender.example\n", "known.list")
        first = self.put(text)
        second = self.put("other.example\n", "known.list")
        self.assertNotEqual(first, second)
        changes = server.cli("rules", "changes", "main", first, status=1).stdout
        self.assertIn("\n~ list known\n    - sender.example\n    + other.example\n", changes)
        said = server.cli("rules", "rollback", "main").stdout
        self.assertEqual(said, f"{path} is written anew\n“main” is in force ({first})\n")
        self.assertEqual(read(path), "# friends\nsender.example\n")
        self.assertEqual(
            server.cli("rules", "show", "main", "--version", second, "--list", "known").stdout,
            "other.example\n")
        server.cli("rules", "show", "main", "--version", second, "--list", "none", status=1)

    def test_what_does_not_load_any_more(self):
        server = self.start()
        server.add_handler("gone", "print()")
        server.stop()
        server.start(identities=())
        old = self.put(FIRST + "      - invoke: {handler: gone}\n")
        self.put(SECOND)
        server.stop()
        del server.config["handlers"]["gone"]
        server.start(identities=())
        failed = server.cli("rules", "rollback", "main", "--to", old, status=2)
        self.assertIn("the configuration has no handler “gone”", failed.stderr)
        self.assertIn(f"So version {old} of “main” does not load any more; nothing was written.",
                      failed.stderr)
        self.assertEqual(read(self.path), SECOND)

    def test_names_that_nobody_knows(self):
        server = self.start()
        for command in (["versions", "mian"], ["rollback", "mian"],
                        ["changes", "mian", "ab"], ["show", "mian", "--version", "ab"]):
            failed = server.cli("rules", *command, status=1)
            self.assertIn("did you mean “main”?", failed.stderr, command)
        failed = server.cli("rules", "rollback", "main", "--to", "zz", status=1)
        self.assertIn("“main” has no version “zz”", failed.stderr)
        failed = server.cli("rules", "rollback", "main", status=1)
        self.assertIn("has no version from before the present one", failed.stderr)
        server.cli("rules", "show", "main", "--list", "x", status=64)
        server.cli("rules", "diff", self.path, "--version", "x", status=64)


class ReadOnly(Case):
    def test_says_who_may_write_there(self):
        self.server = new_server(self, FIRST)
        folder = self.server.path("rules")
        self.path = self.server.path("rules", "main.yaml")
        if os.geteuid() == 0:
            # As a unit with ProtectSystem= has it: for the server alone.
            self.server.wrapper = [
                "unshare", "-m", "sh", "-c",
                'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"', folder]
            if subprocess.run([*self.server.wrapper, "true"], capture_output=True).returncode:
                self.skipTest("nothing can be mounted here")
        self.server.start()
        first = self.version()
        second = self.put(SECOND)
        if os.geteuid() != 0:
            os.chmod(folder, 0o555)
            self.addCleanup(os.chmod, folder, 0o755)
        failed = self.server.cli("rules", "rollback", "main", status=1)
        self.assertIn(f"{self.path} cannot be written by the server: ", failed.stderr)
        command = f"  martlet rules show main --version {first} > {self.path}\n"
        self.assertIn(f"Who may write there does it so:\n{command}", failed.stderr)
        self.assertEqual((self.version(), read(self.path)), (second, SECOND))
        # And so it is done.
        if os.geteuid() != 0:
            os.chmod(folder, 0o755)
        _, _, *rest = command.split()
        text = self.server.cli("rules", *rest[:rest.index(">")]).stdout
        self.assertEqual(self.put(text), first)


if __name__ == "__main__":
    unittest.main()
