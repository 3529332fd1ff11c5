import Documents
import MailModel
import Scanners
import Screening

/// Reads who is asked about mails: lists in the DNS, and scanners.
struct ScreeningDocument {
    private static let scores = 0...1_000

    let settings: SettingReader

    func screening(_ mapping: DocumentMapping?) -> Configuration.Screening {
        let thresholds = ListThresholds(
            grayScore: settings.int(mapping, "screening.grayScore"),
            failScore: settings.int(mapping, "screening.failScore"))
        if thresholds.grayScore > thresholds.failScore {
            mapping?.value.noteWhole("grayScore is above failScore")
        }
        return Configuration.Screening(
            lists: lists(mapping?["lists"]),
            listsTimeoutSeconds: Int64(settings.int(mapping, "screening.listsTimeoutSeconds")),
            thresholds: thresholds, rspamd: scanner(mapping, "rspamd"),
            clamd: scanner(mapping, "clamd"))
    }

    // MARK: Scanners

    private func scanner(
        _ screening: DocumentMapping?, _ name: String
    ) -> Configuration.Screening.Scanner? {
        let path = "screening.\(name)"
        guard let mapping = screening?[name]?.mapping(keys: ConfigurationSchema.keys(at: path))
        else { return nil }
        let address = address(mapping.required("address"))
        let policy = mapping.required("whenUnavailable")?.choice(
            WhenUnavailable.allCases.map { ($0.rawValue, $0) })
        let timeoutSeconds = Int64(settings.int(mapping, "\(path).timeoutSeconds"))
        let connectionsMax = settings.int(mapping, "\(path).connectionsMax")
        guard let address, let policy else { return nil }
        return Configuration.Screening.Scanner(
            settings: ScannerSettings(
                address: address, timeoutSeconds: timeoutSeconds, connectionsMax: connectionsMax),
            whenUnavailable: policy)
    }

    private func address(_ value: DocumentValue?) -> ScannerSettings.Address? {
        guard let value, let text = value.string() else { return nil }
        guard let address = ScannerSettings.Address(text) else {
            value.note(
                "“\(text)” is neither host:port nor the whole path of a Unix socket, of at most "
                    + "\(ScannerSettings.Address.pathBytesMax) bytes")
            return nil
        }
        return address
    }

    // MARK: Lists

    private func lists(_ value: DocumentValue?) -> [DNSList] {
        guard let value else { return [] }
        let entries = value.list()
        if entries.count > DNSLists.listsMax {
            value.noteWhole("\(entries.count) lists; at most \(DNSLists.listsMax) are asked")
        }
        var names: Set<String> = []
        return entries.compactMap { entry in
            guard let list = list(entry) else { return nil }
            if !names.insert(list.name).inserted {
                entry.note("a list called “\(list.name)” stands above already")
            }
            return list
        }
    }

    private func list(_ value: DocumentValue) -> DNSList? {
        guard
            let mapping = value.mapping(
                keys: ["name", "zone", "kind", "lookUp", "score", "answers"])
        else { return nil }
        let zone = zone(mapping.required("zone"))
        let kind = mapping.required("kind")?.choice(
            DNSList.Kind.allCases.map { ($0.rawValue, $0) })
        let name = name(mapping["name"])
        let subjects = subjects(mapping["lookUp"])
        let rules = rules(mapping["answers"])
        let score = score(mapping, isNeeded: mapping["answers"] == nil)
        guard let zone, let kind else { return nil }
        if kind == .allow, subjects.contains(where: { $0 != .address }) {
            mapping.note(
                "an allow list looks up “address” alone: whoever sends chooses the rest",
                atKey: "lookUp")
        }
        return DNSList(
            name: name ?? zone.ascii, zone: zone, kind: kind, subjects: subjects,
            score: score ?? 0, rules: rules)
    }

    private func zone(_ value: DocumentValue?) -> Domain? {
        guard let value, let text = value.string() else { return nil }
        do throws(DomainError) {
            return try Domain(parsing: text)
        } catch {
            value.note("“\(text)” is no zone: \(error)")
            return nil
        }
    }

    /// It stands in traces and logs.
    private func name(_ value: DocumentValue?) -> String? {
        guard let value, let text = value.string() else { return nil }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E) ~= $0 })
        else {
            value.note("“\(text)” is no name: at most 64 printable ASCII characters")
            return nil
        }
        return text
    }

    private func subjects(_ value: DocumentValue?) -> [DNSList.Subject] {
        guard let value else { return [.address] }
        let entries = value.list()
        if value.isSequence, entries.isEmpty { value.note("at least one of a mail") }
        var subjects: [DNSList.Subject] = []
        for entry in entries {
            let choices = DNSList.Subject.allCases.map { ($0.rawValue, $0) }
            guard let subject = entry.choice(choices) else { continue }
            if subjects.contains(subject) { entry.note("given twice") }
            subjects.append(subject)
        }
        return subjects
    }

    private func score(_ mapping: DocumentMapping, isNeeded: Bool) -> Int? {
        guard isNeeded else {
            if mapping["score"] != nil {
                mapping.note("“score” is of a list without “answers”", atKey: "score")
            }
            return nil
        }
        return mapping.required("score")?.int(in: Self.scores)
    }

    private func rules(_ value: DocumentValue?) -> [DNSList.Rule] {
        guard let value else { return [] }
        let entries = value.list()
        if value.isSequence, entries.isEmpty { value.note("at least one answer that counts") }
        return entries.compactMap { entry in
            guard let mapping = entry.mapping(keys: ["match", "bits", "score"]) else { return nil }
            let match = match(mapping)
            let score = mapping.required("score")?.int(in: Self.scores)
            guard let match, let score else { return nil }
            return DNSList.Rule(match: match, score: score)
        }
    }

    private func match(_ mapping: DocumentMapping) -> ListAnswerMatch? {
        switch (mapping["match"], mapping["bits"]) {
        case (let value?, nil):
            guard let text = value.string() else { return nil }
            guard let match = ListAnswerMatch(text) else {
                value.note(
                    "“\(text)” is no address of 127.0.0.0/8, nor a range or block of them, by which "
                        + "a list says anything (127.0.0.2, 127.0.0.4-127.0.0.7, 127.0.1.0/24)")
                return nil
            }
            return match
        case (nil, let value?):
            return value.int(in: 1...255).map { .bits(UInt8($0)) }
        case (nil, nil), (_?, _?):
            if !mapping.hasUnknownKeys {
                mapping.value.noteWhole("an answer has a “match” or “bits”")
            }
            return nil
        }
    }
}
