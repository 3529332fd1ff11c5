"""The guides for those who move here, followed by scripts/guide.py as readers follow them."""

import os
import subprocess
import sys
import tempfile
import unittest

from support import BINARY, PROJECT

PAGE = os.path.join(PROJECT, "docs/moving.md")


def follow(page, section, *options):
    return subprocess.run(
        [sys.executable, os.path.join(PROJECT, "scripts/guide.py"), "--martlet", BINARY, *options,
         page, section], capture_output=True, text=True, timeout=300)


class Guides(unittest.TestCase):
    def test_each_ends_well(self):
        for section in ("Mailgun", "Postmark", "SendGrid"):
            with self.subTest(section):
                done = follow(PAGE, section)
                self.assertEqual(done.returncode, 0, done.stderr)

    def changed(self, *changes):
        """The page with other words in it."""
        with open(PAGE, encoding="utf-8") as file:
            text = file.read()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        page = tempfile.NamedTemporaryFile("w", suffix=".md", encoding="utf-8")
        self.addCleanup(page.close)
        page.write(text)
        page.flush()
        return page.name

    def test_a_page_that_is_wrong_is_found(self):
        for words, section, changes, options in [
                ("the commands ended with 1", "Postmark",
                 [('"MailboxHash": "42"', '"MailboxHash": "43"')], ()),
                ("is not what the file has", "SendGrid", [("scan: true\n", "scan: false\n")], ()),
                ("were not done after 8 s", "Mailgun", [('"It still smokes', '"It never smoked')],
                 ("--seconds", "8")),
                ("did you mean “mailgun”?", "Mailgun", [("format: mailgun\n", "format: mailgn\n")],
                 ()),
                ("there is no section “Sendmail”; there are: ", "Sendmail", [], ())]:
            with self.subTest(words):
                done = follow(self.changed(*changes), section, *options)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
