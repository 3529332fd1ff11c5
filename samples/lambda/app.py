"""A Lambda function as SES invokes it, unchanged: it fetches the mail from S3, and puts a summary of it
beside it. There is nothing of Martlet in it."""

import email
import email.policy
import hashlib
import json
import os

import boto3

s3 = boto3.client("s3")
bucket = os.environ["BUCKET"]


def handler(event, context):
    id = event["Records"][0]["ses"]["mail"]["messageId"]
    raw = s3.get_object(Bucket=bucket, Key=f"inbox/{id}")["Body"].read()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    summary = {
        "id": id,
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "parts": [part.get_content_type() for part in mail.walk() if not part.is_multipart()],
    }
    s3.put_object(
        Bucket=bucket, Key=f"summaries/{id}.json", Body=json.dumps(summary).encode(),
        ContentType="application/json")
    print(f"summed up {len(raw)} bytes in {len(summary['parts'])} part(s)")
    return {"disposition": "CONTINUE"}
