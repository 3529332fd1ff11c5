#!/usr/bin/env python3
"""What an application does to send a mail: it logs in at the submission port, under TLS.

    send.py KEY PASSWORD FROM TO SUBJECT [PORT]

KEY and PASSWORD are those of `martlet credentials create`."""

import smtplib
import ssl
import sys
from email.message import EmailMessage

key, password, sender, recipient, subject = sys.argv[1:6]
port = int(sys.argv[6]) if len(sys.argv) > 6 else 2587

mail = EmailMessage()
mail["From"] = sender
mail["To"] = recipient
mail["Subject"] = subject
mail.set_content("This is what the application wrote.\n")

# The demo's certificate is its own. Elsewhere: ssl.create_default_context() alone.
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

with smtplib.SMTP("127.0.0.1", port, timeout=30) as server:
    server.starttls(context=context)
    server.login(key, password)
    server.mail(sender)
    server.rcpt(recipient)
    code, reply = server.data(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
    print(code, reply.decode())
    sys.exit(code != 250)
