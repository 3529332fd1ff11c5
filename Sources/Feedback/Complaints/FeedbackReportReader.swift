import Foundation
import MailModel

extension FeedbackReport {
    /// Of the mail's first `message/feedback-report`; nil if there is none.
    init?(_ message: MIMEMessage) {
        let parts = message.parts.filter { !$0.isInMessage }
        guard let part = parts.first(where: { $0.contentType.essence == "message/feedback-report" })
        else { return nil }
        let fields = FieldGroups(ReportText.text(of: part)).groups.flatMap { $0 }
        self.init(fields)
        original = QuotedMail.of(message)
    }

    private init(_ fields: [FieldGroups.Field]) {
        self.init(feedbackType: fields.value("feedback-type")?.lowercased() ?? "other")
        userAgent = fields.value("user-agent")
        version = fields.value("version")
        originalEnvelopeID = fields.value("original-envelope-id")
        originalMailFrom = fields.value("original-mail-from").map(Self.path)
        originalRcptTo = fields.values("original-rcpt-to").map(Self.path).filter { !$0.isEmpty }
        arrivalDate = fields.value("arrival-date") ?? fields.value("received-date")
        reportingMTA = fields.typedValue("reporting-mta")?.value
        // QUIRK: `192.0.2.1 (host.example)`
        sourceIP = fields.value("source-ip")?.split(separator: " ").first.map(String.init)
        sourcePort = fields.value("source-port").flatMap { Int($0) }
        incidents = fields.value("incidents").flatMap { Int($0) } ?? 1
        authenticationResults = fields.values("authentication-results")
        reportedDomains = fields.values("reported-domain")
        reportedURIs = fields.values("reported-uri")
        if fields.contains(where: { $0.name == "auth-failure" }) || feedbackType == "auth-failure" {
            authFailure = AuthFailure(fields)
        }
    }

    /// Without the angle brackets of a path.
    private static func path(_ value: String) -> String {
        guard value.hasPrefix("<"), let end = value.firstIndex(of: ">") else { return value }
        return String(value[value.index(after: value.startIndex)..<end])
    }
}

extension AuthFailure {
    fileprivate init(_ fields: [FieldGroups.Field]) {
        failure = fields.value("auth-failure")?.lowercased()
        deliveryResult = fields.value("delivery-result")?.lowercased()
        dkimADSPDNS = fields.value("dkim-adsp-dns")
        dkimCanonicalizedBody = fields.value("dkim-canonicalized-body").map(Self.decoded)
        dkimCanonicalizedHeader = fields.value("dkim-canonicalized-header").map(Self.decoded)
        dkimDomain = fields.value("dkim-domain")
        dkimIdentity = fields.value("dkim-identity")
        dkimSelector = fields.value("dkim-selector")
        dkimSelectorDNS = fields.value("dkim-selector-dns")
        spfDNS = fields.value("spf-dns")
        let alignment = fields.value("identity-alignment") ?? ""
        identityAlignment = alignment.split(whereSeparator: { $0 == "," || $0 == " " }).map {
            $0.lowercased()
        }
    }

    /// RFC 6591 §3.2.4: base64, folded. What is none stays.
    private static func decoded(_ value: String) -> String {
        let bare = value.filter { !$0.isWhitespace }
        guard let data = Data(base64Encoded: bare) else { return value }
        return String(decoding: data, as: UTF8.self)
    }
}
