import Actions
import Documents
import Foundation
import Glibc

extension TargetDocument {
    /// Each signs every request, so that one may take the other's place.
    private static let secretsMax = 2

    /// The web endpoints that rules post to, by name.
    func webhooks(_ value: DocumentValue?) -> [String: Webhook] {
        var webhooks: [String: Webhook] = [:]
        for (name, entry) in named(value) {
            guard let mapping = entry.mapping(keys: ConfigurationSchema.keys(at: "webhooks.*"))
            else { continue }
            let format = mapping["format"].flatMap { value in
                value.choice(Webhook.Format.allCases.map { ($0.rawValue, $0) })
            }
            let secrets = mapping.required("secretFile").flatMap(secrets)
            func limit(_ key: String) -> Int { settings.int(mapping, "webhooks.*.\(key)") }
            let seconds = Int64(limit("timeoutSeconds"))
            let (body, attachments) = (limit("bodyBytesMax"), limit("attachmentsBytesMax"))
            let posts = limit("postsMax")
            guard let url = mapping.required("url").flatMap(url), let secrets else { continue }
            webhooks[name] = Webhook(
                url: url, format: format ?? .json, secrets: secrets, timeoutSeconds: seconds,
                bodyBytesMax: body, attachmentsBytesMax: attachments, postsMax: posts)
        }
        return webhooks
    }

    /// What is wrong with them is told without what stands there.
    func secrets(_ place: DocumentValue) -> [WebhookSecret]? {
        guard let path = settings.path(place, to: .file) else { return nil }
        if let reason = SettingReader.reasonAgainst(path, R_OK) {
            place.note("\(path): \(reason)")
            return nil
        }
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let lines = text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
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
