"""The samples, as they stand: each README's commands, and mails over SMTP."""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import unittest
from email.utils import formatdate

from samples import SampleCase, mail
from support import PROJECT, check_reply
from test_functions import ENVIRONMENT


class Tickets(SampleCase):
    name = "tickets"

    def messages(self):
        """The tickets of the messages, in their order."""
        path = self.sample.path("var/samples/tickets/tickets.db")
        with contextlib.closing(sqlite3.connect(path)) as database:
            return [number for number, in database.execute(
                "SELECT ticket FROM message ORDER BY rowid")]

    def test_mails_and_what_is_answered_to_tickets(self):
        sample = self.sample
        sample.run()
        first, = sample.inbox(1)
        self.assertRegex(first["From"], r"^<?support\+1-[a-z0-9]{10}@demo\.example>?$")
        self.assertEqual(first["Subject"], "[Ticket 1] Drucker raucht – was nun?")
        self.assertEqual(first["In-Reply-To"], "<printer-1@sender.example>")
        address = first["From"].addresses[0].addr_spec
        # What is answered to it is filed under it, and another mail opens another ticket.
        answer = sample.mail(address, "Re: it smokes", "'); DROP TABLE ticket; --")
        other = sample.mail("support@demo.example", "Another", sender="bob@sender.example",
                            fields=["Content-Type: text/plain; charset=unicode_escape"])
        # With a key that is not the ticket's it is a mail like any other.
        sample.mail("support+1-aaaaaaaaaa@demo.example", "Guessed")
        self.assertEqual(self.messages(), [1, 1, 2, 3])
        self.assertEqual([each["Subject"] for each in sample.inbox(3)][1:],
                         ["[Ticket 2] Another", "[Ticket 3] Guessed"])
        # The same mails again, as after a crash; and a machine's, which opens none.
        sample.replay(answer, other)
        sample.mail(address, "Away", fields=["Auto-Submitted: auto-replied"])
        self.assertEqual(self.messages(), [1, 1, 2, 3])
        shown = sample.run()
        self.assertIn("1  2 mail(s)  ada@sender.example  Drucker raucht – was nun?\n", shown)
        self.assertIn("DROP TABLE", shown)
        sample.inbox(3)


class Digest(SampleCase):
    name = "digest"

    def notes(self):
        folder = self.sample.path("var/samples/digest/notes/new")
        return os.listdir(folder) if os.path.isdir(folder) else []

    def test_a_digest_of_each_mail_once(self):
        sample = self.sample
        sample.run()
        with sample.client() as client:
            check_reply(client.mail("ada@sender.example"), 250)
            check_reply(client.rcpt("shop-sold-us@demo.example"), 550)
        noted = sample.eventually(lambda: len(self.notes()) == 2 and self.notes(), "two notes")
        # Where the server is away it stays, and nothing of it is lost.
        command = sample.blocks[0]
        sample.shell(f"MARTLET_CONFIG=samples/tickets/martlet.yaml {command}", status=75)
        self.assertEqual(self.notes(), [])
        batch, = os.listdir(sample.path("var/samples/digest/notes"))
        kept = sample.path("kept")
        shutil.copytree(sample.path("var/samples/digest/notes", batch), kept)
        sample.run()
        digest, = sample.inbox(1)
        self.assertEqual(digest["To"], "owner@sender.example")
        self.assertTrue(digest["Subject"].startswith("2 mail(s) until 20"), digest["Subject"])
        text = digest.get_body().get_content()
        self.assertIn("ada@sender.example to hello@demo.example  Drucker raucht – was nun?", text)
        self.assertIn("news@list.example to shop-books@demo.example  What happened", text)
        for each in noted:
            self.assertIn(f"martlet mail show {each}", text)
        # Once more, as where it had ended before the batch was gone: nobody gets it twice. And what
        # comes meanwhile is the next.
        os.rename(kept, sample.path("var/samples/digest/notes", batch))
        sample.mail("third@demo.example", "A third")
        sample.shell(command)
        _, second = sample.inbox(2)
        self.assertTrue(second["Subject"].startswith("1 mail(s)"), second["Subject"])
        sample.shell(command)
        sample.inbox(2)


class Autoreply(SampleCase):
    name = "autoreply"

    def test_questions_and_who_gets_no_answer(self):
        sample = self.sample
        sample.run()
        answer, = sample.inbox(1)
        self.assertEqual(answer["To"], "ada@sender.example")
        self.assertEqual(answer["From"], "ask+hours@demo.example")
        self.assertEqual(answer["Subject"], "Re: Opening hours?")
        self.assertEqual(answer["Auto-Submitted"], "auto-replied")
        self.assertIn("Monday to Friday", answer.get_body().get_content())
        # The same once more on that day is not; another one is.
        for subject in ("Hours!", "What do you know?"):
            sample.mail("ask@demo.example", subject)
        self.assertIn("  prices\n", sample.inbox(2)[1].get_body().get_content())
        # A question for people goes on as it came, and so does what is answered to an answer.
        sample.mail("ask@demo.example", "A human, please", "First")
        sample.mail("ask+hours@demo.example", "Re: hours", "Second")
        for forwarded, text in zip(sample.inbox(4)[2:], ("First", "Second")):
            self.assertEqual(forwarded["From"], "Ada <ada@sender.example>")
            self.assertIn(text, forwarded.get_body().get_content())
        for sender, fields in (("carol@sender.example", ["Auto-Submitted: auto-replied"]),
                               ("carol@sender.example", ["List-Id: <l.sender.example>"]),
                               ("", []), ("carol@bank.example", [])):
            sample.mail("ask@demo.example", "hours", sender=sender, fields=fields)
        sample.inbox(4)


class Unsubscribe(SampleCase):
    name = "unsubscribe"

    def addressees(self, count):
        return [(each["To"], each["Subject"]) for each in self.sample.inbox(count)
                if each["List-Unsubscribe"]]

    def left(self):
        shown = self.sample.shell("python3 samples/unsubscribe/newsletter.py list")
        return [line.split()[0] for line in shown.splitlines() if " has left " in line]

    def test_who_leaves_gets_no_more(self):
        sample = self.sample
        sample.run()
        sample.eventually(lambda: self.left() == ["ada@sender.example"], "Ada has left")
        mails = sample.inbox(3)
        self.assertCountEqual(self.addressees(3), [
            ("ada@sender.example", "News of June"), ("bob@sender.example", "News of June")])
        self.assertEqual([each["Subject"] for each in mails if not each["List-Unsubscribe"]],
                         ["You have left"])
        july = sample.blocks[0]
        sample.run()
        # The same issue again goes to nobody twice.
        sample.shell(july)
        bob = next(each for each in sample.inbox(4) if each["Subject"] == "News of July")
        self.assertEqual(bob["To"], "bob@sender.example")
        address = bob["List-Unsubscribe"].split("mailto:")[1].rstrip(">")
        # Who forges the author does nothing, and who guesses a token neither.
        sample.shell("python3 samples/unsubscribe/newsletter.py add boss@bank.example")
        for to in ("unsubscribe@demo.example", address.replace("+", "+aaa")):
            sample.mail(to, "unsubscribe", author="boss@bank.example", sender="eve@sender.example")
        self.assertEqual(self.left(), ["ada@sender.example"])
        # A mail reader writes by itself, from the null path.
        sample.mail(address, "", sender="", fields=["Auto-Submitted: auto-generated"])
        self.assertEqual(self.left(), ["ada@sender.example", "bob@sender.example"])
        sample.inbox(4)


class Attachments(SampleCase):
    name = "attachments"

    def index(self, id):
        with open(self.sample.path("var/samples/attachments/files", id, "index.jsonl"),
                  encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def test_files_and_what_is_none(self):
        sample = self.sample
        sample.run()
        files = sample.path("var/samples/attachments/files")
        sample.eventually(lambda: os.path.isdir(files) and any(
            len(name) == 40 for name in os.listdir(files)), "the attachments are files")
        shown = [json.loads(line) for line in sample.run().splitlines()]
        self.assertEqual([(each["name"], each.get("file")) for each in shown], [
            ("../../offer.pdf", "1.pdf"), ("Bildüber.png", "2.png"), ("plan.pdf", None)])
        id, = os.listdir(files)
        with open(os.path.join(files, id, "1.pdf"), "rb") as file:
            content = file.read()
        self.assertTrue(content.startswith(b"%PDF-1.1\n"))
        self.assertEqual(hashlib.sha256(content).hexdigest(), shown[0]["sha256"])
        self.assertEqual(sorted(os.listdir(os.path.join(files, id))),
                         ["1.pdf", "2.png", "index.jsonl"])
        sample.actions(id)
        sample.replay(id)
        self.assertEqual(os.listdir(files), [id])

    def test_hostile_mails(self):
        sample = self.sample
        sample.cli("identity", "add", "demo.example", "--trusted")
        parts = ["--b", "Content-Type: text/html; name*=utf-7'';charset=x",
                 "Content-Disposition: attachment; filename*0*=''a; filename*1=/../b", "",
                 "<script>", "--b", "Content-Disposition: attachment; filename=\"a\0b\"",
                 "Content-Transfer-Encoding: base64", "", "=====", ]
        for _ in range(60):
            parts += ["--b", "Content-Disposition: attachment; filename=x.txt", "", "text"]
        id = sample.mail(
            "papers@demo.example", "Many", "\r\n".join(parts),
            fields=["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"])
        index = self.index(id)
        self.assertEqual(len(index), 62)
        self.assertEqual(sum("file" in entry for entry in index), 50)
        self.assertEqual(index[0]["file"], "1.txt")
        with sample.client() as client:
            check_reply(client.mail("eve@sender.example"), 250)
            check_reply(client.rcpt("papers@demo.example"), 250)
            check_reply(client.data(mail(
                "papers@demo.example", "A program", "MZ", fields=[
                    "MIME-Version: 1.0", "Content-Type: application/pdf",
                    "Content-Disposition: attachment; filename=a.pdf.exe"])), 552)


# Signs standard input as the bank, with the key in the file that is named.
SIGN = """
import dkim, sys
sys.stdout.buffer.write(dkim.sign(
    sys.stdin.buffer.read(), b"jobs", b"bank.example", open(sys.argv[1], "rb").read(),
    include_headers=[b"From", b"Subject", b"Date", b"Message-ID"]))
"""


class Workflow(SampleCase):
    name = "workflow"

    def prepare(self):
        """The bank has a key, and it stands in the zone."""
        subprocess.run([os.path.join(PROJECT, "scripts/python-env"), ENVIRONMENT], check=True)
        self.key = self.sample.path("key.pem")
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", self.key, "1024"], check=True,
                       capture_output=True)
        public = subprocess.run(["openssl", "rsa", "-in", self.key, "-pubout", "-outform", "DER"],
                                check=True, capture_output=True).stdout
        with open(self.sample.path("samples/dns/example.zone"), "a", encoding="ascii") as zone:
            record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
            zone.write(f'jobs._domainkey.bank TXT "{record}"\n')

    def queued(self, folder="new"):
        path = self.sample.path("var/samples/workflow/queue", folder)
        return os.listdir(path) if os.path.isdir(path) else []

    def job(self, subject, id, author="ada@sender.example", date=None):
        """Sends a mail that asks for a job."""
        return self.sample.mail("jobs@demo.example", subject, author=author, fields=[
            f"Date: {date or formatdate()}", f"Message-ID: <{id}@sender.example>"])

    def test_who_may_start_what(self):
        sample = self.sample
        sample.run()
        sample.eventually(self.queued, "a job is queued")
        for subject, id, arguments in (
                ("job: report 2026-13", 2, {}), ("job: report 2026-10; reboot", 3, {}),
                ("job: format disk", 4, {}),
                ("job: restart web", 5, {"author": "eve@sender.example"}),
                ("job: restart web", 6, {"date": "Mon, 23 Nov 2020 09:00:00 +0000"}),
                ("job: restart web", 7, {"date": "nonsense"})):
            with self.subTest(subject=subject, **arguments):
                self.job(subject, id, **arguments)
                self.assertEqual(len(self.queued()), 1)
        # The same mail, sent once more, and run again.
        first = self.job("job: restart mail", 8)
        self.job("job: restart mail", 8)
        sample.replay(first)
        self.assertEqual(len(self.queued()), 2)
        self.assertCountEqual(
            sample.run().splitlines(), ["a report of 2026-10", "starts again: mail"])
        self.job("job: restart mail", 8)
        self.assertEqual((self.queued(), len(self.queued("done"))), ([], 2))


    def test_a_signature_stands_for_a_mail_and_for_no_other(self):
        sample = self.sample
        sample.cli("identity", "add", "demo.example", "--trusted")
        content = mail("jobs@demo.example", "job: restart web", author="boss@bank.example", fields=[
            f"Date: {formatdate()}", "Message-ID: <1@bank.example>"])
        signature = subprocess.run(
            [os.path.join(ENVIRONMENT, "bin/python"), "-c", SIGN, self.key], input=content,
            check=True, capture_output=True).stdout
        sample.send(signature + content.replace(b"web", b"mail"), "jobs@demo.example")
        self.assertEqual(self.queued(), [])
        sample.send(signature + content, "jobs@demo.example")
        self.assertEqual(len(self.queued()), 1)
        # Whoever got a copy of it sends it once more, from wherever they are.
        sample.send(signature + content, "jobs+again@demo.example", sender="eve@sender.example")
        self.assertEqual(len(self.queued()), 1)


class Lambda(SampleCase):
    name = "lambda"

    def prepare(self):
        # Made once, and not for each copy.
        environment = os.path.join(os.path.dirname(ENVIRONMENT), "python-samples")
        subprocess.run([os.path.join(PROJECT, "scripts/python-env"), environment,
                        os.path.join(PROJECT, "samples/lambda/requirements.txt")], check=True)
        os.symlink(environment, self.sample.path("var/samples/python"))

    def test_the_mail_is_fetched_byte_for_byte(self):
        sample = self.sample
        sample.run()
        bucket = sample.path("var/samples/lambda/mail")
        sample.eventually(lambda: os.path.isdir(os.path.join(bucket, "summaries")) and any(
            name.endswith(".json") for name in os.listdir(os.path.join(bucket, "summaries"))),
            "the function has put a summary")
        summaries = [json.loads(sample.run())]
        id = sample.mail("other@demo.example", "Large", "0123456789\r\n" * 100_000)
        with open(os.path.join(bucket, "summaries", f"{id}.json"), encoding="utf-8") as file:
            summaries.append(json.load(file))
        for summary in summaries:
            with open(os.path.join(bucket, "inbox", summary["id"]), "rb") as file:
                raw = file.read()
            self.assertEqual((summary["bytes"], summary["sha256"]),
                             (len(raw), hashlib.sha256(raw).hexdigest()))
            self.assertEqual(summary["parts"], ["text/plain"])


class Support(SampleCase):
    name = "support"

    def test_kept_made_a_ticket_and_told(self):
        sample = self.sample
        sample.run()
        pager = sample.groups[0][1]
        sample.eventually(
            lambda: "on call: ada@sender.example: Drucker raucht – was nun?" in sample.log(pager),
            "the pager is told")
        id, ticket = sample.run().splitlines()
        self.assertEqual(json.loads(ticket)["id"], f"{id}/support/1")
        # Their program keeps these to itself.
        sample.mail("support@demo.example", "[done] It works")
        with open(sample.path("var/samples/support/on-call.jsonl"), encoding="utf-8") as file:
            told = [json.loads(json.loads(line)["Message"]) for line in file]
        self.assertEqual([each["mail"]["messageId"] for each in told], [id])
        self.assertIn("The printer smokes.", told[0]["content"])


class All(unittest.TestCase):
    def test_each_sample_is_run(self):
        shipped = {name for name in os.listdir(os.path.join(PROJECT, "samples"))
                   if os.path.exists(os.path.join(PROJECT, "samples", name, "martlet.yaml"))}
        self.assertEqual(shipped, {each.name for each in SampleCase.__subclasses__()})


if __name__ == "__main__":
    unittest.main()
