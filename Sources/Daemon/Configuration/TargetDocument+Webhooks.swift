import Actions
import Documents
import S3API

extension TargetDocument {
    /// Each signs every request, so that one may take the other's place.
    private static let secretsMax = 2
    /// Characters of user and password.
    private static let basicAuthMax = 512

    /// The web endpoints that rules post to, by name. `canLink`: whether others can reach objects.
    func webhooks(
        _ value: DocumentValue?, buckets: [String: Configuration.Bucket], canLink: Bool
    ) -> [String: Webhook] {
        var webhooks: [String: Webhook] = [:]
        for (name, entry) in named(value) {
            guard let mapping = entry.mapping(keys: ConfigurationSchema.keys(at: "webhooks.*"))
            else { continue }
            let format = format(mapping, entry)
            let links = mapping["links"].flatMap { self.links($0, buckets, canLink) }
            if links != nil, let format, format != .json {
                mapping.note("“links” are of the format json alone", atKey: "links")
            }
            let secrets = mapping.required("secretFile").flatMap(secrets)
            let basicAuth = mapping["basicAuthFile"].flatMap(basicAuth)
            func limit(_ key: String) -> Int { settings.int(mapping, "webhooks.*.\(key)") }
            let seconds = Int64(limit("timeoutSeconds"))
            let (body, attachments) = (limit("bodyBytesMax"), limit("attachmentsBytesMax"))
            let posts = limit("postsMax")
            guard let url = mapping.required("url").flatMap(url), let secrets, let format
            else { continue }
            if let place = mapping["basicAuthFile"], !Self.keepsSecrets(url) {
                place.note("a password goes by https alone, or to this machine by its address")
            }
            webhooks[name] = Webhook(
                url: url, format: format, secrets: secrets, basicAuth: basicAuth,
                timeoutSeconds: seconds, bodyBytesMax: body, attachmentsBytesMax: attachments,
                links: links, postsMax: posts)
        }
        return webhooks
    }

    /// Nil where it is none, or lacks what it needs, which is noted.
    private func format(_ mapping: DocumentMapping, _ entry: DocumentValue) -> Webhook.Format? {
        let shape =
            mapping["format"].map { value in
                value.choice(Webhook.Shape.allCases.map { ($0.rawValue, $0) })
            } ?? .json
        guard let shape else { return nil }
        if shape != .mailgun, shape != .mailgunMIME, mapping.keys.contains("mailgunKeyFile") {
            mapping.note(
                "“mailgunKeyFile” is of the formats mailgun and mailgun-mime alone",
                atKey: "mailgunKeyFile")
        }
        func key() -> MailgunKey? { mapping.required("mailgunKeyFile").flatMap(mailgunKey) }
        return switch shape {
        case .raw: .raw
        case .json: .json
        case .postmark: .postmark
        case .mailgun: key().map { .mailgun($0) }
        case .mailgunMIME: key().map { .mailgunMIME($0) }
        case .sendgrid: .sendgrid
        case .sendgridRaw: .sendgridRaw
        }
    }

    /// Nil where something is wrong with them, which is noted.
    private func links(
        _ value: DocumentValue, _ buckets: [String: Configuration.Bucket], _ canLink: Bool
    ) -> AttachmentLinks? {
        let path = "webhooks.*.links"
        guard let mapping = value.mapping(keys: ConfigurationSchema.keys(at: path)) else {
            return nil
        }
        if !canLink { value.noteWhole("links lead to “s3.url”, which is missing") }
        let seconds = Int64(settings.int(mapping, "\(path).seconds"))
        let bucket = mapping.required("bucket").flatMap { place in
            place.choice(buckets.keys.sorted().map { ($0, $0) })
        }
        let place = mapping.required("accessKey")
        guard let bucket, let access = buckets[bucket]?.access, let place, let key = place.string()
        else { return nil }
        guard buckets[bucket]?.directory != nil else {
            value.noteWhole(
                "the bucket “\(bucket)” is not served here: links lead to folders of ours")
            return nil
        }
        guard access.readers.contains(key) || access.writers.contains(key) else {
            place.note(
                "“\(key)” may not read the bucket: write it into buckets.\(bucket).readers")
            return nil
        }
        return AttachmentLinks(bucket: bucket, accessKey: key, seconds: seconds)
    }

    // MARK: Files

    private func mailgunKey(_ place: DocumentValue) -> MailgunKey? {
        guard let (lines, path) = settings.secretLines(place) else { return nil }
        guard lines.count == 1, let key = MailgunKey(lines[0]) else {
            place.note(
                "\(path) is not one line with Mailgun's signing key: "
                    + "\(MailgunKey.lengths.lowerBound) to \(MailgunKey.lengths.upperBound) "
                    + "characters without spaces")
            return nil
        }
        return key
    }

    /// `user:password`
    private func basicAuth(_ place: DocumentValue) -> String? {
        guard let (lines, path) = settings.secretLines(place) else { return nil }
        guard lines.count == 1, lines[0].contains(":"), lines[0].utf8.count <= Self.basicAuthMax,
            lines[0].utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            place.note(
                "\(path) is not one line with user:password, printable ASCII of at most "
                    + "\(Self.basicAuthMax) characters")
            return nil
        }
        return lines[0]
    }

    /// What is wrong with them is told without what stands there.
    func secrets(_ place: DocumentValue) -> [WebhookSecret]? {
        guard let (lines, path) = settings.secretLines(place) else { return nil }
        let secrets = lines.compactMap { WebhookSecret($0) }
        guard !secrets.isEmpty, secrets.count == lines.count, secrets.count <= Self.secretsMax
        else {
            place.note(
                "\(path) is not one secret or two, a line for each: whsec_ and "
                    + "\(WebhookSecret.bytes.lowerBound) to \(WebhookSecret.bytes.upperBound) bytes "
                    + "in base64 (echo whsec_$(openssl rand -base64 32))")
            return nil
        }
        return secrets
    }
}
