import MailModel
import Storage

/// What the block above a stored mail says that was found out when it came: by the words of SES's
/// fields, which end with its receipt.
struct StoredVerdicts {
    /// Which field the receipt is.
    let end: Int
    /// Nil where nothing had been found out.
    let record: VerdictRecord?
    /// The line in whose place what was found out is shown.
    let placeholder: String

    private static let resultsName = "authentication-results"
    private static let spfName = "received-spf"
    private static let spamName = "x-ses-spam-verdict"
    private static let virusName = "x-ses-virus-verdict"

    /// `first`: where its fields begin. Nil where others come before the receipt, or one comes twice:
    /// then nobody can say whose they are.
    init?(_ header: HeaderBlock, from first: Int) {
        var seen: [String: HeaderBlock.Field] = [:]
        var position = first
        while header.fields.indices.contains(position) {
            let field = header.fields[position]
            let name = field.name.lowercased()
            if name == "x-ses-receipt" { break }
            let names = [Self.resultsName, Self.spfName, Self.spamName, Self.virusName]
            guard names.contains(name), seen[name] == nil else { return nil }
            seen[name] = field
            position += 1
        }
        guard header.fields.indices.contains(position) else { return nil }
        end = position
        guard let results = seen[Self.resultsName] else {
            placeholder = ""
            record = Self.record(VerdictRecord(), spam: seen[Self.spamName], seen[Self.virusName])
            return
        }
        let raw = String(decoding: header.rawBytes(of: results), as: UTF8.self)
        let clauses = Self.clauses(raw)
        let authenticator = results.text.prefix { $0 != ";" }
        placeholder = "Authentication-Results: \(authenticator); none\r\n"
        guard !clauses.isEmpty else {
            record = Self.record(VerdictRecord(), spam: seen[Self.spamName], seen[Self.virusName])
            return
        }
        var found = VerdictRecord()
        found.headerFields = raw
        if let spf = seen[Self.spfName] {
            found.headerFields = String(decoding: header.rawBytes(of: spf), as: UTF8.self) + raw
        }
        found.spf = Self.finding(Self.first("spf", clauses), none: .disabled)
        found.dkim = Self.signatures(clauses)
        found.dmarc = Self.finding(Self.first("dmarc", clauses), none: .disabled)
        // Whose the signatures are, it does not say.
        found.areDKIMDomainsWhole = false
        record = Self.scanned(found, spam: seen[Self.spamName], seen[Self.virusName])
    }

    /// Nobody who was asked at its arrival is asked again; scanners that were not, may be.
    private static func scanned(
        _ record: VerdictRecord, spam: HeaderBlock.Field?, _ virus: HeaderBlock.Field?
    ) -> VerdictRecord {
        if let scanned = Self.record(record, spam: spam, virus) { return scanned }
        var record = record
        (record.spam, record.virus) = (.open, .open)
        record.extent = .authentication
        return record
    }

    /// Nil where neither is there.
    private static func record(
        _ record: VerdictRecord, spam: HeaderBlock.Field?, _ virus: HeaderBlock.Field?
    ) -> VerdictRecord? {
        let spam = spam.flatMap { ReceiptVerdict(rawValue: $0.text) }
        let virus = virus.flatMap { ReceiptVerdict(rawValue: $0.text) }
        guard spam != nil || virus != nil else { return nil }
        var record = record
        record.spam = VerdictRecord.Finding(spam ?? .disabled, reason: reason)
        record.virus = VerdictRecord.Finding(virus ?? .disabled, reason: reason)
        return record
    }

    // MARK: Results

    private static let reason = "as is said above the stored mail"

    /// `spf=pass`: what each line begins with, of those that a receiver folds its results into.
    private static func clauses(_ field: String) -> [(method: String, result: String)] {
        field.split { $0 == "\n" || $0 == "\r\n" }.dropFirst().compactMap { line in
            let word = line.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != ";" }
            let parts = word.split(separator: "=")
            return parts.count == 2 ? (parts[0].lowercased(), parts[1].lowercased()) : nil
        }
    }

    private static func first(
        _ method: String, _ clauses: [(method: String, result: String)]
    ) -> String? {
        clauses.first { $0.method == method }?.result
    }

    private static func finding(
        _ word: String?, none: VerdictRecord.Status
    ) -> VerdictRecord.Finding {
        guard let word else { return VerdictRecord.Finding(none, reason: reason) }
        let status: VerdictRecord.Status =
            switch word {
            case "pass": .pass
            case "fail", "policy": .fail
            case "temperror", "permerror": .processingFailed
            default: .gray
            }
        return VerdictRecord.Finding(status, result: word, reason: reason)
    }

    /// One good signature is enough; without one, a bad one counts before others. SES writes none where
    /// there is none.
    private static func signatures(
        _ clauses: [(method: String, result: String)]
    ) -> VerdictRecord.Finding {
        let words = clauses.filter { $0.method == "dkim" }.map(\.result)
        let bad = ["fail", "permerror", "policy"]
        let word =
            words.first { $0 == "pass" } ?? words.first { bad.contains($0) }
            ?? words.first { $0 == "temperror" } ?? words.first
        // A key that cannot be used, now and later, is a bad one.
        return finding(word == "permerror" ? "fail" : word, none: .gray)
    }
}
