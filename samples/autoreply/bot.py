#!/usr/bin/env python3
"""A bot that answers questions: it prints its answer, and the server sends it.

It looks for a word that it knows in the subject. “human”, and what is answered to an answer, goes on to
PEOPLE; whoever asks for something else is told what there is. Whom no program may answer the server
knows: lists, other programs, senders whom neither SPF nor DKIM shows to be themselves. What became of an
answer stands in the mail's journal (martlet mail show)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

import martlet  # noqa: E402

ANSWERS = {
    "hours": "We are open from Monday to Friday, 9:00 to 17:00.\n",
    "prices": "A month is 10 €, a year 100 €.\n",
    "help": "I am a program. Write one of these words in the subject:\n\n"
            "  hours\n  prices\n  human\n",
}

ses = martlet.event()
subject = ses["mail"]["commonHeaders"].get("subject", "")
name, _, domain = ses["receipt"]["recipients"][0].lower().rpartition("@")
words = subject.lower()

answer = martlet.Answer()
if "human" in words or "+" in name:
    answer.forward(os.environ["PEOPLE"])
else:
    topic = next((topic for topic in ANSWERS if topic in words), "help")
    # Nobody gets two answers from one address in a day, so two programs that answer each other end
    # soon. Each topic has an address, and so an answer.
    answer.reply(ANSWERS[topic], subject=f"Re: {subject}", as_=f"{name}+{topic}@{domain}",
                 everyDays=1)
answer.print()
