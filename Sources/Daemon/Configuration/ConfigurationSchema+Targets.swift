extension ConfigurationSchema {
    /// What rules refer to, and where requests go.
    static let targets: [Setting] = [
        Setting(
            path: "buckets.*.directory", defaultText: "/var/lib/martlet/buckets/mail",
            isExample: true,
            comment: "A folder for “store”. On the spool's file system large mails are linked, "
                + "not copied."),
        Setting(
            path: "buckets.*.setupObject", defaultText: "false",
            comment: "Whether SES's AMAZON_SES_SETUP_NOTIFICATION object is put there."),
        Setting(
            path: "buckets.*.readers", defaultText: "[]",
            comment:
                "Access keys, by their names or ids, that get and list its objects by S3's protocol, ..."
        ),
        Setting(
            path: "buckets.*.writers", defaultText: "[]",
            comment: "... and those that also put, copy and delete them."),
        Setting(
            path: "buckets.*.encryption.keyFile", defaultText: "mail.keys", isExample: true,
            comment:
                "A file with keys, 32 bytes in base64 a line (openssl rand -base64 32): objects are\n"
                + "encrypted under the first, and read under any of them."),
        Setting(
            path: "buckets.*.endpoint", defaultText: "https://s3.eu-central-1.amazonaws.com",
            isExample: true,
            comment: "In place of “directory”: a server that speaks S3's protocol, ..."),
        Setting(
            path: "buckets.*.region", defaultText: "eu-central-1", isExample: true,
            comment: "... its region, ..."),
        Setting(
            path: "buckets.*.bucket", defaultText: "example-mail", isExample: true,
            comment: "... and its name for the bucket, where that is another one."),
        Setting(
            path: "buckets.*.accessKeyId", defaultText: "AKIAIOSFODNN7EXAMPLE", isExample: true,
            comment: "The access key that requests are signed with, ..."),
        Setting(
            path: "buckets.*.secretFile", defaultText: "archive.secret", isExample: true,
            comment: "... and a file with its secret."),
        Setting(
            path: "buckets.*.timeoutSeconds", defaultText: "60",
            comment: "Until it has to have all of a mail, and to have answered.", range: 1...300),
        Setting(
            path: "buckets.*.putsMax", defaultText: "8", comment: "Objects at once.",
            range: 1...64),
        Setting(
            path: "maildirs.*.path",
            defaultText: "/var/vmail/${recipientDomain}/${recipientUser}",
            isExample: true,
            comment:
                "Maildirs for “deliver”. ${recipientLocalPart}, ${recipientUser} (up to a “+”) and\n"
                + "${recipientDomain} are filled in; the folder above the first of them is there."),
        Setting(
            path: "webhooks.*.url", defaultText: "https://tickets.example.com/inbound",
            isExample: true, comment: "A web endpoint for “webhook”: one POST for each mail."),
        Setting(
            path: "webhooks.*.secretFile", defaultText: "tickets.secret", isExample: true,
            comment:
                "A file with the secret that signs them: whsec_ and 24 to 64 bytes in base64. With\n"
                + "two lines, both sign: so a secret is changed."),
        Setting(
            path: "webhooks.*.format", defaultText: "json",
            comment:
                "What is posted: raw (message/rfc822), json, or what others post: postmark,\n"
                + "mailgun, mailgun-mime, sendgrid, sendgrid-raw."),
        Setting(
            path: "webhooks.*.mailgunKeyFile", defaultText: "mailgun.key", isExample: true,
            comment: "A file with Mailgun's signing key, for mailgun and mailgun-mime."),
        Setting(
            path: "webhooks.*.basicAuthFile", defaultText: "tickets.password", isExample: true,
            comment: "A file with user:password, where the endpoint asks for them."),
        Setting(
            path: "webhooks.*.timeoutSeconds", defaultText: "30",
            comment: "Until it has to have answered.", range: 1...300),
        Setting(
            path: "webhooks.*.bodyBytesMax", defaultText: "52428800",
            comment: "A mail that makes a larger request is not posted.",
            range: 1...1_073_741_824),
        Setting(
            path: "webhooks.*.attachmentsBytesMax", defaultText: "10485760",
            comment: "Attachments that json carries, together; of others it says what they are.",
            range: 0...1_073_741_824),
        Setting(
            path: "webhooks.*.links.bucket", defaultText: "mail", isExample: true,
            comment: "Where those go that json does not carry: the event has links to them."),
        Setting(
            path: "webhooks.*.links.accessKey", defaultText: "links",
            isExample: true,
            comment: "The reader of that bucket that signs the links, as it stands there."),
        Setting(
            path: "webhooks.*.links.seconds", defaultText: "86400",
            comment: "How long a link holds.", range: 1...604_800),
        Setting(
            path: "webhooks.*.postsMax", defaultText: "4", comment: "Requests at once.",
            range: 1...64),
        Setting(
            path: "handlers.*.command", defaultText: "[/usr/local/lib/martlet/ticket.py]",
            isExample: true,
            comment:
                "The program's path and its arguments. No shell reads them, and arguments are\n"
                + "given as they stand: a relative path among them starts at the working folder."),
        Setting(
            path: "handlers.*.user", defaultText: "martlet-handler", isExample: true,
            comment:
                "Whom it runs as. Only a server that runs as root can start it as another user."),
        Setting(
            path: "handlers.*.environment", defaultText: "{}",
            comment: "Variables beside the mail's essentials; nothing else is inherited."),
        Setting(
            path: "handlers.*.timeoutSeconds", defaultText: "30",
            comment: "Until it is ended with all that it started.", range: 1...86_400),
        Setting(
            path: "handlers.*.memoryBytesMax", defaultText: "8589934592",
            comment: "Address space, of which programs reserve more than they use (a Java virtual\n"
                + "machine over 4 GiB); 0 is no limit, and so it is for the next three.",
            range: 0...largest),
        Setting(
            path: "handlers.*.fileBytesMax", defaultText: "1073741824",
            comment: "Size of one file that it writes.", range: 0...largest),
        Setting(
            path: "handlers.*.filesMax", defaultText: "256", comment: "Open files.",
            range: 0...1_000_000),
        Setting(
            path: "handlers.*.processesMax", defaultText: "64",
            comment: "Processes of its user; holds only where “user” is set.",
            range: 0...1_000_000),
        Setting(
            path: "handlers.*.outputBytesMax", defaultText: "262144",
            comment: "Standard output that is read as its answer.", range: 1...largest),
        Setting(
            path: "handlers.*.errorBytesMax", defaultText: "16384",
            comment: "Standard error that goes to the log.", range: 1...largest),
        Setting(
            path: "handlers.*.worker", defaultText: "[/usr/local/lib/martlet/worker.py]",
            isExample: true,
            comment:
                "In place of “command”: a program that lives on, and is asked about one mail\n"
                + "after another. The other settings are as above; “timeoutSeconds” is for one\n"
                + "answer, and the output and the errors are those of one mail."),
        Setting(
            path: "handlers.*.processes", defaultText: "2",
            comment: "Of a worker or function: how many of it live, at most 256 of all.",
            range: 1...64),
        Setting(
            path: "handlers.*.function",
            defaultText: "[/usr/bin/python3, -m, awslambdaric, app.handler]", isExample: true,
            comment:
                "In place of “command”: the runtime of a Lambda function, which lives on as a\n"
                + "worker does, and asks for its events by the Lambda Runtime API."),
        Setting(
            path: "handlers.*.endpoint", defaultText: "https://tickets.example.com/mail",
            isExample: true,
            comment:
                "In place of “command”: a web endpoint, whose answer to a POST is the handler's.\n"
                + "It has “timeoutSeconds” and “outputBytesMax”, and these:"),
        Setting(
            path: "handlers.*.format", defaultText: "json",
            comment: "What is posted: json (SES's event) or raw (message/rfc822)."),
        Setting(
            path: "handlers.*.secretFile", defaultText: "tickets.secret", isExample: true,
            comment: "A file with the secret that signs the requests, as a webhook's."),
        Setting(
            path: "handlers.*.tokenFile", defaultText: "tickets.token", isExample: true,
            comment: "A file with what is sent as “Authorization: Bearer”; without it nothing is."),
        Setting(
            path: "handlers.*.postsMax", defaultText: "4", comment: "Requests at once.",
            range: 1...64),
        Setting(
            path: "topics.*.signatureVersion", defaultText: "1",
            comment: "How its messages are signed, where there is a web section: 1 (SHA-1, as SNS\n"
                + "does by default) or 2 (SHA-256). No subscriber can have this name.",
            range: 1...2),
        Setting(
            path: "topics.*.*.file", defaultText: "/var/lib/martlet/received.jsonl",
            isExample: true, comment: "A subscriber that is a file: one JSON message a line."),
        Setting(
            path: "topics.*.*.handler", defaultText: "ticket", isExample: true,
            comment: "A subscriber that is one of the handlers: it gets SNS's Lambda event."),
        Setting(
            path: "topics.*.*.url", defaultText: "https://tickets.example.com/sns", isExample: true,
            comment: "A subscriber that is a web endpoint: one POST for each message."),
        Setting(
            path: "topics.*.*.confirm", defaultText: "true",
            comment: "Whether the endpoint has to confirm before it gets messages, as with SNS;\n"
                + "without a web section nobody is asked."),
        Setting(
            path: "topics.*.*.deliveryPolicy.numRetries", defaultText: "50",
            comment: "What it does not take is posted again this often in all: at once, ...",
            range: 0...100),
        Setting(
            path: "topics.*.*.deliveryPolicy.numNoDelayRetries", defaultText: "0",
            comment: "(so often)", range: 0...100),
        Setting(
            path: "topics.*.*.deliveryPolicy.numMinDelayRetries", defaultText: "2",
            comment: "... after minDelayTarget (so often), after delays that grow, ...",
            range: 0...100),
        Setting(
            path: "topics.*.*.deliveryPolicy.numMaxDelayRetries", defaultText: "38",
            comment: "... and after maxDelayTarget (so often).", range: 0...100),
        Setting(
            path: "topics.*.*.deliveryPolicy.minDelayTarget", defaultText: "10",
            comment: "Seconds.", range: 1...3_600),
        Setting(
            path: "topics.*.*.deliveryPolicy.maxDelayTarget", defaultText: "600",
            comment: "Seconds.", range: 1...3_600),
        Setting(
            path: "topics.*.*.deliveryPolicy.backoffFunction", defaultText: "exponential",
            comment: "How delays grow: linear, arithmetic, geometric or exponential."),
        Setting(
            path: "web.url", defaultText: "https://sns.example.com", isExample: true,
            comment: "What the public knows us by: with it, messages are signed, and endpoints\n"
                + "can confirm and unsubscribe. Something in front of us gives it TLS."),
        Setting(
            path: "web.address", defaultText: "127.0.0.1", isExample: true,
            comment: "Where we answer for it, by plain HTTP."),
        Setting(
            path: "web.port", defaultText: "8026", isExample: true,
            comment: "Port 0 lets the system choose.", range: 0...65_535),
        Setting(
            path: "s3.address", defaultText: "127.0.0.1", isExample: true,
            comment: "Where buckets are served by S3's protocol, in plain HTTP; nowhere without it."
        ),
        Setting(
            path: "s3.port", defaultText: "8027", isExample: true,
            comment: "Port 0 lets the system choose.", range: 0...65_535),
        Setting(
            path: "s3.url", defaultText: "https://s3.example.com", isExample: true,
            comment: "What others reach it by, for links. Something in front of us gives it TLS."),
        Setting(
            path: "s3.objectBytesMax", defaultText: "67108864", isExample: true,
            comment: "An object that is put.", range: 1...5_368_709_120),
        Setting(
            path: "http.allow", defaultText: "[]",
            comment: "Where requests of ours may go beside the open internet: blocks of addresses\n"
                + "([127.0.0.0/8, \"::1\", 10.1.0.0/16])."),
    ]
}
