"""A web server on loopback, as those have it who receive mail by a service: Django with the inbound views
of django-anymail under /anymail/, and under /parse/ SendGrid's own helper. Prints its port, then a JSON
line for each mail that the views have taken. Run by the Python of scripts/python-env, with what the
endpoint knows as its arguments: user:password and Mailgun's signing key.
"""

import base64
import json
import logging
import sys
import warnings
import wsgiref.simple_server

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="for tests alone", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__,
    INSTALLED_APPS=["anymail"], DATA_UPLOAD_MAX_MEMORY_SIZE=50_000_000, LOGGING_CONFIG=None,
    ANYMAIL={"WEBHOOK_SECRET": sys.argv[1], "MAILGUN_WEBHOOK_SIGNING_KEY": sys.argv[2]})
django.setup()
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

from anymail.signals import inbound  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from sendgrid.helpers.inbound.parse import Parse  # noqa: E402
from werkzeug.wrappers import Request  # noqa: E402


media_type = None


def tell(facts):
    print(json.dumps({**facts, "mediaType": media_type}), flush=True)


def application(environ, start_response):
    """Django's, which remembers what was posted to it."""
    global media_type  # pylint: disable=global-statement
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0]
    return views(environ, start_response)


def file(part):
    return {"name": part.get_filename(), "type": part.get_content_type(),
            "id": part["Content-ID"],
            "content": base64.b64encode(part.get_content_bytes()).decode()}


def on_inbound(event, esp_name, **_):
    message = event.message
    tell({
        "of": esp_name, "id": event.event_id,
        "sender": message.envelope_sender, "recipient": message.envelope_recipient,
        "from": str(message.from_email), "to": [str(to) for to in message.to],
        "cc": [str(cc) for cc in message.cc], "subject": message.subject,
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": message.text, "html": message.html, "stripped": message.stripped_text,
        "isSpam": message.spam_detected, "score": message.spam_score,
        "attachments": [file(part) for part in message.attachments],
        "inlines": [file(part) for part in message.inlines]})


inbound.connect(on_inbound)


class Keys:
    """The helper wants the names of the fields that it is to give."""
    keys = ["from", "attachments", "headers", "text", "envelope", "to", "cc", "html", "sender_ip",
            "attachment-info", "subject", "dkim", "SPF", "charsets", "content-ids", "spam_report",
            "spam_score", "email"]


@csrf_exempt
def parse(request):
    parsed = Parse(Keys, Request(request.environ))
    tell({"of": "Parse", "fields": parsed.key_values(),
          "attachments": [
              {"name": attachment["file_name"], "type": attachment["type"],
               "content": attachment["contents"].decode()}
              for attachment in parsed.attachments() or []]})
    return HttpResponse()


urlpatterns = [path("anymail/", include("anymail.urls")), path("parse/", parse)]


class Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


views = get_wsgi_application()
server = wsgiref.simple_server.make_server("127.0.0.1", 0, application, handler_class=Handler)
print(server.server_port, flush=True)
server.serve_forever()
