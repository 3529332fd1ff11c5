"""`martlet suppression` with files, as operators move lists from one server to another."""

import os
import subprocess
import threading
import unittest

from local_sending import events, sending_server
from support import BINARY, DEADLINE_SECONDS, eventually

LIST = """\
ada@far.example,BOUNCE
{"emailAddress":"Bob@far.example","reason":"COMPLAINT"}

"a,b"@far.example , bounce\r
"""
LISTED = {"ada@far.example": "BOUNCE", "bob@far.example": "COMPLAINT",
          '"a,b"@far.example': "BOUNCE"}


class SuppressionLists(unittest.TestCase):
    def setUp(self):
        self.server, self.hop = sending_server(self)

    def file(self, text):
        path = self.server.path("list")
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def taken(self, path, *arguments, status=0):
        return self.server.cli("suppression", "import", path, *arguments, status=status)

    def listed(self, *arguments):
        return {entry["address"]: entry["reason"]
                for entry in self.server.json("suppression", "list", *arguments)}

    def test_a_list_is_moved(self):
        self.assertIn("3 addresses are on", self.taken(self.file(LIST)).stdout)
        self.assertEqual(self.listed(), LISTED)
        self.assertEqual(self.listed("--global"), {})
        moved = self.file(self.server.cli("suppression", "export").stdout)
        self.taken(moved, "--global")
        self.assertEqual(self.listed("--global"), LISTED)
        self.assertIn("3 of 3", self.taken(moved, "--delete").stdout)
        self.assertEqual(self.listed(), {})
        self.server.cli("send", "--from", "shop@example.test", "--to", "bob@far.example",
                        "--text", "x")
        bounce = eventually(lambda: events(self.server, "Bounce"), "it is told")[0]["bounce"]
        self.assertEqual(bounce["bounceSubType"], "Suppressed")
        self.assertEqual(self.hop.taken, [])

    def test_a_list_comes_through_a_pipe(self):
        done = subprocess.run(
            [BINARY, "suppression", "import", "-", "-c", self.server.config_path],
            input=LIST.encode(), capture_output=True, check=True, timeout=DEADLINE_SECONDS)
        self.assertIn(b"3 addresses are on", done.stdout)
        self.assertEqual(self.listed(), LISTED)
        pipe = self.server.path("pipe")
        os.mkfifo(pipe)

        def write():
            with open(pipe, "w", encoding="utf-8") as file:
                file.write(LIST)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        self.assertIn("3 of 3", self.taken(pipe, "--delete").stdout)
        writer.join(DEADLINE_SECONDS)
        self.assertEqual(self.listed(), {})

    def test_more_than_a_request_holds(self):
        lines = [f"user{number}@far.example,BOUNCE" for number in range(2_501)]
        self.assertIn("2501 addresses", self.taken(self.file("\n".join(lines))).stdout)
        self.assertEqual(self.server.cli("suppression", "export").stdout.count("\n"), 2_501)

    def test_a_file_with_problems_changes_nothing(self):
        for text, said in [
                (b"ada@far.example,BOUNCE\nbob\nx@y.example\nz@y.example,LATER\n{\"emailAddress\"\n",
                 [":2: ", ":3: ", ":4: ", ":5: "]),
                (b"ada@far.example,BOUNCE\nb\xff@far.example,BOUNCE\n", [":2: no UTF-8"]),
                (b"ada@far.example,BOUNCE\n" + b"x" * 5_000, [":2: over 4096 bytes"]),
                (b"*@far.example,BOUNCE\n", ["no pattern"]),
                (b"bob\n" * 150, [":100: ", "and 50 more problems"])]:
            with self.subTest(text=text[:60]):
                done = self.taken(self.file(text), status=2)
                for words in [*said, "nothing was changed"]:
                    self.assertIn(words, done.stderr)
        self.assertEqual(self.listed(), {})
        self.taken("/nowhere", status=1)


if __name__ == "__main__":
    unittest.main()
