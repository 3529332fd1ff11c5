"""Judges messages of topics, one JSON object a line on standard input, by code that others wrote:
version 1 by a validator from PyPI, version 2 by `cryptography`, each with the certificate that the
message names. Run by the Python of scripts/python-env; `sys.argv[1]` is where certificates may be.
"""

import base64
import json
import re
import sys

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from sns_message_validator import SNSMessageValidator

KEYS = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": [
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}
KEYS["UnsubscribeConfirmation"] = KEYS["SubscriptionConfirmation"]


def validate_version_2(message):
    """As AWS's documentation says it: the string to sign, and SHA256withRSA."""
    text = "".join(
        f"{key}\n{message[key]}\n" for key in KEYS[message["Type"]] if key in message)
    certificate = x509.load_pem_x509_certificate(
        requests.get(message["SigningCertURL"], timeout=30).content)
    certificate.public_key().verify(
        base64.b64decode(message["Signature"], validate=True), text.encode(),
        padding.PKCS1v15(), hashes.SHA256())


place = "^" + re.escape(sys.argv[1]) + r"/SimpleNotificationService-[0-9a-f]{32}\.pem$"
for line in sys.stdin:
    message = json.loads(line)
    if message["SignatureVersion"] == "1":
        SNSMessageValidator(cert_url_regex=place).validate_message(message)
    else:
        assert re.search(place, message["SigningCertURL"]), message["SigningCertURL"]
        validate_version_2(message)
    print(message["Type"], message["SignatureVersion"])
