"""The configuration: every problem at once, and a sample that is one."""

import grp
import os
import pwd
import re
import subprocess
import unittest

from support import IS_ROOT, PYTHON, Server, martlet, new_server, one_rule


class ConfigurationCase(unittest.TestCase):
    def setUp(self):
        # For its folder; it is never started.
        self.folder = Server()
        self.addCleanup(self.folder.close)

    def write(self, text):
        with open(self.folder.config_path, "w", encoding="utf-8") as file:
            file.write(text)
        return self.folder.config_path


class Check(ConfigurationCase):
    def check(self, text, status):
        return martlet("check", "-c", self.write(text), status=status)

    good = """hostname: mx.example.test
dataDirectory: data
listeners:
  - {address: 127.0.0.1, port: 2525}
rules: {directory: rules, active: main}
buckets:
  mail: {directory: buckets/mail}
"""

    def test_good(self):
        self.folder.write_rules(one_rule("someone@example.test"))
        done = self.check(self.good, 0)
        self.assertIn("ok; 1 rule set(s): main", done.stdout)
        warnings = done.stderr.splitlines()
        if IS_ROOT:
            self.assertIn("the server runs as root", warnings.pop(0))
        # Wherever the tests' folder is, it is said on which file system.
        place = f"{self.folder.path('data')} is on "
        self.assertIn(place, done.stdout + done.stderr)
        self.assertEqual([line for line in warnings if place not in line], [])

    def test_secrets_that_everybody_may_read(self):
        self.folder.write_rules(one_rule("someone@example.test"))
        place = self.folder.path("tickets.secret")
        with open(place, "w", encoding="ascii") as file:
            file.write("whsec_" + "A" * 44)
        text = self.good + f"""
webhooks:
  tickets: {{url: "https://tickets.example/", secretFile: {place}}}
"""
        for mode, said in ((0o644, True), (0o640, False), (0o600, False)):
            os.chmod(place, mode)
            done = self.check(text, 0)
            self.assertEqual(
                f"warning: webhooks.tickets.secretFile: {place} is open to everybody on this machine "
                f"(mode 0{mode:o}): chmod o= {place}" in done.stderr.splitlines(), said, done.stderr)
        server = new_server(self)
        place = server.path("tickets.secret")
        with open(place, "w", encoding="ascii") as file:
            file.write("whsec_" + "A" * 44)
        os.chmod(place, 0o644)
        server.config["webhooks"] = {
            "tickets": {"url": "https://tickets.example/", "secretFile": "tickets.secret"}}
        server.start()
        self.assertEqual(
            len(server.log_lines(" warning ", f"{place} is open to everybody on this machine")), 1)

    def test_a_file_system_that_loses_what_it_promised(self):
        self.folder.write_rules(one_rule("someone@example.test"))
        done = self.check(self.good.replace("data\n", "/dev/shm/martlet-is-not-here\n"), 0)
        self.assertIn("warning: /dev/shm/martlet-is-not-here is on tmpfs: a power cut takes all of it",
                      done.stderr)

    def test_every_mistake_at_once_with_its_line(self):
        done = self.check("""hostname: under score
dataDirectry: data
listeners:
  - {address: localhost, port: 25}
  - {address: elsewhere, port: 70000}
tls: {certificates: [{certificate: /nowhere/cert.pem}]}
limits:
  mailBytesMax: many
  connectionsMax: 0
  recipientMax: 5
sessions: {bareLineEnds: maybe}
spool:
  synchronous: fulll
buckets:
  mail: {}
  "../up": {directory: x}
handlers:
  ticket: {command: [/nowhere/ticket.py], user: nosuchuser}
  shell: {command: [], timeoutSeconds: 0}
topics:
  received:
    both: {file: a, url: "http://x/"}
    ftp: {url: "ftp://x/"}
filters:
  - {name: x, policy: Deny, cidr: 300.0.0.0/8}
health: {address: 127.0.0.1, port: 8025, path: /x}
log: {level: loud, format: xml}
""", 2)
        self.assertEqual(done.stdout, "")
        problems = (
            (1, "hostname: “under score” is no host name"),
            (1, "“dataDirectory” is missing"),
            (2, "unknown key “dataDirectry”; did you mean “dataDirectory”?"),
            (4, "listeners[0].address: “localhost” is no IP address"),
            (5, "listeners[1].address: “elsewhere” is no IP address"),
            (5, "listeners[1].port: found 70000, expected 0 to 65535"),
            (6, "“key” is missing"),
            (6, "/nowhere/cert.pem: No such file"),
            (8, "limits.mailBytesMax: found “many”, expected a whole number"),
            (9, "limits.connectionsMax: found 0, expected 1 to"),
            (10, "unknown key “recipientMax”; did you mean “recipientsMax”?"),
            (11, "sessions.bareLineEnds: "),
            (13, "spool.synchronous: found “fulll”, expected full or normal; did you mean “full”?"),
            (15, "buckets.mail: a bucket has a “directory” or an “endpoint”"),
            (16, "“../up” is no name"),
            (18, "/nowhere/ticket.py: No such file"),
            (18, "there is no user “nosuchuser”"),
            (19, "at least the program's path"),
            (19, "handlers.shell.timeoutSeconds: found 0, expected 1 to"),
            (22, "a subscriber has a “file”, a “url” or a “handler”"),
            (23, "is no http or https URL"),
            (25, "filters[0].policy: found “Deny”, expected Allow or Block"),
            (25, "filters[0].cidr: “300.0.0.0/8” is no address"),
            (26, "unknown key “path”"),
            (27, "log.level: "),
            (27, "log.format: "),
        )
        missing = [
            (line, words) for line, words in problems
            if not any(text.startswith(f"{self.folder.config_path}:{line}: ") and words in text
                       for text in done.stderr.splitlines())]
        self.assertEqual(missing, [], done.stderr)

    def test_serve_refuses_the_same(self):
        path = self.write(self.good.replace("hostname", "hostnam"))
        done = martlet("serve", "-c", path, status=2)
        self.assertIn(f"{path}:1: unknown key “hostnam”; did you mean “hostname”?", done.stderr)
        self.assertFalse(os.path.exists(self.folder.path("data")), "nothing has been made")

    def test_problems_of_rule_files(self):
        self.folder.write_rules(one_rule("someone@example.test").replace("mail", "mall"))
        self.folder.write_rules("ruleSet: other\nrules: none\n", "other.yaml")
        done = self.check(self.good, 2)
        self.assertIn("main.yaml:6: ", done.stderr)
        self.assertIn("the configuration has no bucket “mall”; did you mean “mail”?", done.stderr)
        self.assertIn("other.yaml:2: ", done.stderr)

    def test_active_set_that_does_not_exist(self):
        self.folder.write_rules(one_rule("x@example.test").replace("Set: main", "Set: mainn"))
        done = self.check(self.good, 2)
        self.assertIn("there is no rule set “main” to be active (rules.active); did you mean “mainn”?", done.stderr)

    def test_not_yaml(self):
        done = self.check("hostname: [\n", 2)
        self.assertRegex(done.stderr, r"martlet\.yaml:\d+: not YAML")

    def test_missing_file(self):
        done = martlet("check", "-c", self.folder.path("none.yaml"), status=2)
        self.assertIn("martlet check --sample", done.stderr)

    def test_usage(self):
        martlet("no-such-command", status=64)
        martlet("serve", "--no-such-option", status=64)
        self.assertRegex(martlet("--version").stdout, r"^\d+\.\d+\.\d+\n$")

    def test_a_command_that_there_is_not(self):
        for words, said in [
                ("suppresion list", "“suppresion”; did you mean “suppression”?\n"),
                ("queue snt --json", "“queue snt”; did you mean “sent”?\n"),
                ("queue sent shwo x", "“queue sent shwo”; did you mean “show”?\n"),
                ("topic nothing", "“topic nothing”; there are: list, subscribe, unsubscribe\n"),
                ("nothing", "“nothing”\n")]:
            with self.subTest(words=words):
                done = martlet(*words.split(), status=64)
                self.assertIn(f"Error: there is no command {said}", done.stderr)
        # What is wrong with a command that there is, is said of that.
        self.assertIn("bogus", martlet("queue", "sent", "--bogus", status=64).stderr)

    @unittest.skipUnless(IS_ROOT, "handlers run as root only where the server does")
    def test_handlers_do_not_run_as_root(self):
        done = self.check(
            self.good + f"handlers:\n  x: {{command: [{PYTHON}], user: root}}\n", 2)
        self.assertIn("handlers do not run as root", done.stderr)


class Sample(ConfigurationCase):
    def sample(self):
        return martlet("check", "--sample").stdout

    def test_checks_fine_as_it_is(self):
        done = martlet("check", "-c", self.write(self.sample()))
        self.assertIn("ok; 0 rule set(s)", done.stdout)
        self.assertIn("no mail is taken until one is activated", done.stderr)

    def test_examples(self):
        """With every commented example put in force, it checks fine still, but for what goes with another
        format of a webhook."""
        text = re.sub(r"(?m)^# (?=  |[a-z0-9]+:$)", "", self.sample())
        self.assertIn("\nhandlers:\n", text)
        for path in ("/etc/martlet/tls/fullchain.pem", "/etc/martlet/tls/key.pem"):
            here = self.folder.path(os.path.basename(path))
            text = text.replace(path, here)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mx",
             "-keyout", self.folder.path("key.pem"), "-out", self.folder.path("fullchain.pem")],
            check=True, capture_output=True)
        anchor = self.folder.path("root.key")
        with open(anchor, "w", encoding="ascii") as file:
            file.write(f". 86400 IN DS 20326 8 2 {'AB' * 32}\n")
        text = text.replace("/usr/share/dns/root.key", anchor)
        with open(self.folder.path("tsig"), "w", encoding="ascii") as file:
            file.write("A" * 43 + "=\n")
        with open(self.folder.path("tickets.secret"), "w", encoding="ascii") as file:
            file.write("whsec_" + "A" * 43 + "=\n")
        with open(self.folder.path("tickets.token"), "w", encoding="ascii") as file:
            file.write("a-token\n")
        with open(self.folder.path("archive.secret"), "w", encoding="ascii") as file:
            file.write("A" * 40 + "\n")
        with open(self.folder.path("mail.keys"), "w", encoding="ascii") as file:
            file.write("A" * 43 + "=\n")
        with open(self.folder.path("tickets.password"), "w", encoding="ascii") as file:
            file.write("ada:a password\n")
        text = re.sub(r"(?m)^ *mailgunKeyFile: .*\n", "", text)
        # Who signs links may read what they lead to.
        key, = re.findall(r"accessKey: (\w+)", text)
        text = text.replace("readers: []", f"readers: [{key}]")
        for program in ("ticket.py", "worker.py"):
            text = text.replace(f"/usr/local/lib/martlet/{program}", PYTHON)
        user = "nobody" if IS_ROOT else pwd.getpwuid(os.geteuid()).pw_name
        text = text.replace("martlet-handler", user)
        text = text.replace("martlet-submit", grp.getgrgid(os.getegid()).gr_name)
        done = martlet("check", "-c", self.write(text))
        self.assertIn("ok; 0 rule set(s)", done.stdout)


if __name__ == "__main__":
    unittest.main()
