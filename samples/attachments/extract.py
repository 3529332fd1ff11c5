#!/usr/bin/env python3
"""Writes the attachments of a mail as files, with a line about each in index.jsonl.

    FILES/<mail id>/1.pdf, 2.png, …, index.jsonl

A name is a number, and an ending that this program chose; what the sender called it stands in the index
alone. What it is shows in the first bytes: a kind that is not in KINDS is noted, and not written. The
folder appears whole, by a rename, and a mail that comes twice finds it there. FILES starts at this
program's folder."""

import hashlib
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))

import martlet  # noqa: E402

FOLDER = os.path.join(HERE, os.environ["FILES"])
KINDS = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif"}
FILES_MAX = 50
BYTES_MAX = 25_000_000


def kind_of(content):
    """The ending that a file gets; None for what nobody should open unasked."""
    for start, ending in KINDS.items():
        if content.startswith(start):
            return ending
    try:
        # Text without control characters. HTML and SVG are that, too: “.txt” is shown, not run.
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "txt" if all(c.isprintable() or c in "\r\n\t\f" for c in text) else None


def attachments(mail):
    """The name and the content of each part that has a name, or says that it is an attachment."""
    for part in mail.walk():
        if part.is_multipart():
            continue
        try:
            name, is_attachment = part.get_filename(), part.is_attachment()
        except Exception:  # Python's reader raises what it likes at crafted fields.
            name, is_attachment = None, True
        if name or is_attachment:
            yield name or "", part.get_payload(decode=True) or b""


def extract(mail, folder):
    """Writes what is taken, and a line about each attachment."""
    room, index = BYTES_MAX, []
    for number, (name, content) in enumerate(attachments(mail), 1):
        entry = {
            "name": name.encode("utf-8", "replace").decode("utf-8"), "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest()}
        ending = kind_of(content)
        if number > FILES_MAX or len(content) > room:
            entry["refused"] = "there is too much of it"
        elif ending is None:
            entry["refused"] = "it is none of the kinds that are taken"
        else:
            entry["file"] = f"{number}.{ending}"
            write(os.path.join(folder, entry["file"]), content)
            room -= len(content)
        index.append(entry)
    lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in index)
    write(os.path.join(folder, "index.jsonl"), lines.encode())
    return index


def write(path, content):
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def main():
    # The id is the server's: forty letters and digits.
    target = os.path.join(FOLDER, os.environ["MARTLET_MAIL_ID"])
    if os.path.exists(target):
        return print("they were written before", file=sys.stderr)
    draft = f"{target}.draft"
    # Of a run that was ended in the midst of it.
    shutil.rmtree(draft, ignore_errors=True)
    os.makedirs(draft)
    try:
        index = extract(martlet.mail(), draft)
        os.rename(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    taken = sum("file" in entry for entry in index)
    print(f"{taken} of {len(index)} attachments are files", file=sys.stderr)
    martlet.Answer().tag("attachments", taken).print()


if __name__ == "__main__":
    main()
