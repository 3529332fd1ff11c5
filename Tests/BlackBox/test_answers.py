"""Handlers' answers that ask for actions, and the libraries that write them."""

import email.header
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBRARY = os.path.join(ROOT, "samples/lib")

# What senders write into subjects.
HOSTILE = (b'"; $(touch pwned) `touch pwned` \\u0041\\ \' %s ${subject} {"a": 1}]}, \xff\xc3'
           b'\x01\x7f \xf0\x9f\x98\x80\r\n\tand \\"more\\n&')

SHELL = r"""
. "$LIBRARY/martlet.sh"
martlet_read
subject=$(martlet_field subject)
martlet_reply "We have it:
$subject
	%s" "Re: $subject"
martlet_reply "Without a subject"
martlet_reply "$(head -c 30000 /dev/zero | tr '\0' x)" "$(head -c 300 /dev/zero | tr '\0' y)"
martlet_forward a@far.example "$subject@far.example"
martlet_tag word "$subject"
martlet_tag none ""
martlet_add_header X-Subject "$subject"
martlet_remove_header X-Old
martlet_notify told
martlet_stop
martlet_answer "$1"
"""

PYTHON = r"""
import sys
import martlet
mail = martlet.mail()
subject = mail["subject"]
answer = martlet.Answer(*sys.argv[1:])
answer.reply(f"We have it:\r\n{subject}\n\t%s", subject=f"Re: {subject}", html="<p>We have it.",
             everyDays=2, as_="desk@shop.example").reply("Without a subject")
answer.reply("x" * 30000, subject="y" * 300)
answer.forward("a@far.example", f"{subject}@far.example", from_="rewrite")
answer.tag("word", subject).tag("none", "").add_header("X-Subject", subject)
answer.remove_header("X-Old").notify("told", encoding="Base64").stop()
answer.print()
"""


class Libraries(unittest.TestCase):
    def answer(self, program, name, *arguments):
        """What the program prints of a mail with a hostile subject; nothing else may happen."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(program)
            interpreter = "sh" if name.endswith(".sh") else sys.executable
            ran = subprocess.run(
                [interpreter, path, *arguments], cwd=folder, check=True, capture_output=True,
                input=b"Received: x\r\nSUBJECT: " + HOSTILE + b"\r\nTo: b\r\n\r\nSubject: no\r\n",
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": folder,
                     "LIBRARY": LIBRARY, "PYTHONPATH": LIBRARY, "PYTHONDONTWRITEBYTECODE": "1"})
            self.assertEqual(ran.stderr, b"")
            self.assertLessEqual(set(os.listdir(folder)), {name, "mail.eml"})
        return json.loads(ran.stdout)

    def test_the_shell_library(self):
        answer = self.answer(SHELL, "handler.sh", "STOP_RULE")
        self.assertEqual(answer["disposition"], "STOP_RULE")
        front, end = '"; $(touch pwned) `touch pwned` \\u0041\\ \' %s ${subject} {"a": 1}]}, ', (
            'and \\"more\\n&')
        subject = f"{front}   \U0001f600 {end}"
        self.assertEqual(answer["actions"], [
            {"reply": {"text": f"We have it:\n{front} \U0001f600\t{end}\n\t%s",
                       "subject": "Re: " + subject}},
            {"reply": {"text": "Without a subject"}},
            {"reply": {"text": "x" * 20000, "subject": "y" * 200}},
            {"forward": {"to": ["a@far.example", subject + "@far.example"]}},
            {"tag": {"name": "word", "value": "_____touch_pwned___touch_pwned___u0041_____s___subject"
                                              "____a___1_______________and___more_n_"}},
            {"tag": {"name": "none", "value": "_"}},
            {"addHeader": {"name": "X-Subject", "value": f"{front}???? ?????{end}"}},
            {"removeHeader": {"name": "X-Old"}},
            {"notify": {"topic": "told"}},
            {"stop": {}},
        ])
        self.assertEqual(self.answer(". \"$LIBRARY/martlet.sh\"\nmartlet_answer", "empty.sh"),
                         {"disposition": "CONTINUE", "actions": []})

    def test_the_python_library(self):
        answer = self.answer(PYTHON, "handler.py", "STOP_RULE_SET")
        self.assertEqual(answer["disposition"], "STOP_RULE_SET")
        front, end = '"; $(touch pwned) `touch pwned` \\u0041\\ \' %s ${subject} {"a": 1}]}, ', (
            'and \\"more\\n&')
        text = f"{front}\ufffd\ufffd \U0001f600\t{end}"
        subject = f"{front}\ufffd\ufffd  \U0001f600 {end}"
        sent, long, forward, word, none, header, removed, told, stop = (
            answer["actions"][0], *answer["actions"][2:])
        self.assertEqual(sent, {"reply": {
            "text": f"We have it:\n{text}\n\t%s", "subject": "Re: " + subject,
            "html": "<p>We have it.", "everyDays": 2, "as": "desk@shop.example"}})
        self.assertEqual(answer["actions"][1], {"reply": {"text": "Without a subject"}})
        self.assertEqual(long, {"reply": {"text": "x" * 20000, "subject": "y" * 200}})
        # An address is not made another one: such a forward is refused.
        self.assertEqual(forward["forward"]["to"][0], "a@far.example")
        self.assertIn("\x01", forward["forward"]["to"][1])
        self.assertEqual(forward["forward"]["from"], "rewrite")
        self.assertRegex(word["tag"]["value"], r"\A[A-Za-z0-9_.@+=-]{50,255}\Z")
        self.assertEqual(none["tag"]["value"], "_")
        value = header["addHeader"]["value"]
        self.assertTrue(value.isascii() and value.isprintable())
        self.assertEqual(str(email.header.make_header(email.header.decode_header(value))), subject)
        self.assertEqual([removed, told, stop], [
            {"removeHeader": {"name": "X-Old"}}, {"notify": {"topic": "told", "encoding": "Base64"}},
            {"stop": {}}])

    def test_cuts_split_no_character(self):
        answer = self.answer(
            ". \"$LIBRARY/martlet.sh\"\nmartlet_reply \"$1\" \"$1\"\nmartlet_answer", "cut.sh",
            "x" + "\u00fc" * 12000)
        self.assertEqual(answer["actions"], [{"reply": {
            "text": "x" + "\u00fc" * 9999, "subject": "x" + "\u00fc" * 99}}])
        answer = self.answer(
            "import martlet, sys\nmartlet.Answer().reply(sys.argv[1], sys.argv[1]).print()", "cut.py",
            "x" + "\u00fc" * 12000)
        self.assertEqual(answer["actions"], [{"reply": {
            "text": "x" + "\u00fc" * 9999, "subject": "x" + "\u00fc" * 99}}])


if __name__ == "__main__":
    unittest.main()
