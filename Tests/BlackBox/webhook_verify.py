"""Judges requests of webhooks by the library of Standard Webhooks' authors, one JSON object on standard
input: secret, headers, body in base64. Ends with 0 if the request is signed, and with 1 if not. Run by
the Python of scripts/python-env.
"""

import base64
import json
import sys

import standardwebhooks

request = json.load(sys.stdin)
try:
    standardwebhooks.Webhook(request["secret"]).verify(
        base64.b64decode(request["body"]), request["headers"], json_parse=False)
except standardwebhooks.WebhookVerificationError as error:
    sys.exit(str(error))
