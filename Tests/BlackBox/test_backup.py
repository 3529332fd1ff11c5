"""`martlet backup` of a running server, and what one starts from it."""

import json
import os
import shutil
import subprocess
import threading
import unittest

from support import BINARY, DEADLINE_SECONDS, Server, large_body, message, new_server

RULES = """
    ruleSet: main
    rules:
      - name: all
        actions:
          - store: {bucket: mail}
    """


def check_sums(test, folder):
    """`sha256sum` agrees with every sum, and there is no file without one."""
    done = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder,
                          capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    test.assertEqual(done.returncode, 0, done.stderr)
    with open(os.path.join(folder, "SHA256SUMS"), encoding="utf-8") as file:
        summed = {line.split("  ", 1)[1].rstrip("\n") for line in file}
    there = {os.path.relpath(os.path.join(base, name), folder)
             for base, _, names in os.walk(folder) for name in names}
    test.assertEqual(there - summed, {"SHA256SUMS", "manifest.json"})


def restore(test, server, folder):
    """A server of its own that starts from the backup, as docs/operations.md says."""
    other = Server()
    test.addCleanup(other.close)
    shutil.copytree(os.path.join(folder, "data"), other.path("data"))
    os.chmod(other.path("data"), 0o711)
    shutil.rmtree(other.path("rules"))
    shutil.copytree(os.path.join(folder, "rules"), other.path("rules"))
    other.config = {**server.config}
    return other


class Backup(unittest.TestCase):
    def test_under_load(self):
        """Every mail acknowledged before it began is in it, with its bytes, and the server goes
        on taking mail meanwhile."""
        server = new_server(self, RULES)
        server.start()
        sent = {}
        guard = threading.Lock()
        goes_on = threading.Event()
        goes_on.set()

        def load(number):
            count = 0
            while goes_on.is_set():
                count += 1
                body = large_body(40_000) if count % 3 == 0 else "Small."
                content = message(subject=f"{number}/{count}", body=body)
                mail = server.send(content)
                with guard:
                    sent[mail] = content
        threads = [threading.Thread(target=load, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        try:
            server.eventually(lambda: len(sent) > 40, "some mails are there")
            with guard:
                before = dict(sent)
            folder = server.path("backup")
            shown = server.json("backup", folder)
            with guard:
                after = len(sent)
        finally:
            goes_on.clear()
            for thread in threads:
                thread.join()
        self.assertGreater(after, len(before))
        self.assertGreaterEqual(shown["mails"], len(before))
        self.assertEqual(shown["mailsWithoutBody"], [])
        self.assertGreater(shown["bodies"], 0)
        with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), shown)
        check_sums(self, folder)
        names = set(os.listdir(os.path.join(folder, "data")))
        self.assertIn("receipt.key", names)
        self.assertNotIn("lock", names)
        self.assertFalse(os.path.exists(os.path.join(folder, "data", "buckets")))
        # The server that the backup came from is gone with all it had.
        server.kill()
        other = restore(self, server, folder).start(identities=())
        kept = {mail["id"] for mail in other.mails("--limit", "100000")}
        self.assertEqual(set(before) - kept, set())
        self.assertLessEqual(kept, set(sent))
        for mail in kept:
            self.assertEqual(other.raw(mail), sent[mail])
        self.assertEqual(other.json("status")["mails"]["damaged"], 0)
        # It knows whom it takes mail for, and by which rules.
        other.settled(other.send(message()))
        self.assertFalse(other.log_lines("files of mails"))

    def test_what_goes_meanwhile_stays_until_the_end(self):
        """And nothing is left of it afterwards."""
        server = new_server(self, RULES, is_faulty=True).start()
        mail = server.send(message(body=large_body(100_000)))
        server.settled(mail)
        body = server.path("data", "spool", "bodies", mail)
        kept = server.path("one", "data", "spool", "bodies", mail)
        # The database is copied then, and the body not yet.
        server.faults.set("link one/data/spool/bodies/* 1 hold")
        with subprocess.Popen([BINARY, "backup", server.path("one"), "-c", server.config_path],
                              stdout=subprocess.DEVNULL) as backup:
            server.eventually(lambda: os.path.isdir(os.path.dirname(kept)), "it comes to the body")
            server.cli("queue", "remove", mail)
            self.assertEqual(server.mails(), [])
            self.assertTrue(os.path.exists(body))
            self.assertFalse(os.path.exists(kept))
            server.faults.clear()
            self.assertEqual(backup.wait(DEADLINE_SECONDS), 0)
        self.assertFalse(os.path.exists(body))
        # A link is a file of its own name: the backup still has it.
        check_sums(self, server.path("one"))
        self.assertTrue(os.path.exists(kept))
        self.assertEqual(server.json("backup", server.path("two"))["mails"], 0)

    def test_refuses_what_is_not_empty_and_leaves_nothing_of_what_fails(self):
        server = new_server(self, RULES).start()
        full = server.path("full")
        os.mkdir(full)
        with open(os.path.join(full, "precious"), "w", encoding="utf-8"):
            pass
        done = server.cli("backup", full, status=1)
        self.assertIn("is not empty", done.stderr)
        self.assertEqual(os.listdir(full), ["precious"])
        server.cli("backup", server.path("no", "such", "parent"), status=1)
        self.assertFalse(os.path.exists(server.path("no")))
        os.mkdir(server.path("empty"))
        server.cli("backup", server.path("empty"))
        self.assertIn("manifest.json", os.listdir(server.path("empty")))

    def test_refuses_a_place_in_what_it_copies(self):
        """The next backup would have this one in it, and so on."""
        server = new_server(self, RULES).start()
        os.symlink(server.path("data"), server.path("link"))
        for place in (["data", "backup"], ["data", "spool", "deep"], ["link", "backup"], ["data"],
                      ["rules", "backup"]):
            with self.subTest(place=place):
                done = server.cli("backup", server.path(*place), status=1)
                self.assertIn("choose a place outside", done.stderr)
        self.assertNotIn("backup", os.listdir(server.path("data")))
        self.assertEqual(os.listdir(server.path("rules")), ["main.yaml"])

    def test_symbolic_links(self):
        """A file is copied by whatever name; what is none is named."""
        server = new_server(self, RULES).start()
        os.rename(server.path("data", "receipt.key"), server.path("elsewhere.key"))
        os.symlink(server.path("elsewhere.key"), server.path("data", "receipt.key"))
        os.mkdir(server.path("elsewhere"))
        os.symlink(server.path("elsewhere"), server.path("data", "more"))
        os.symlink(server.path("nothing"), server.path("data", "dangling"))
        os.mkfifo(server.path("data", "pipe"))
        done = server.cli("backup", server.path("one"))
        for name in ("more", "dangling", "pipe"):
            self.assertIn(server.path("data", name), done.stderr)
        copy = server.path("one", "data", "receipt.key")
        self.assertFalse(os.path.islink(copy))
        with open(copy, "rb") as file, open(server.path("elsewhere.key"), "rb") as key:
            self.assertEqual(file.read(), key.read())
        check_sums(self, server.path("one"))
        self.assertEqual(
            server.json("backup", server.path("two"))["notCopied"],
            [server.path("data", name) for name in ("dangling", "more", "pipe")])

    def test_a_relative_folder_is_the_command_s(self):
        server = new_server(self, RULES).start()
        subprocess.run([BINARY, "backup", "here", "-c", server.config_path], check=True,
                       cwd=server.path("out"), capture_output=True, timeout=DEADLINE_SECONDS)
        self.assertIn("manifest.json", os.listdir(server.path("out", "here")))


if __name__ == "__main__":
    unittest.main()
