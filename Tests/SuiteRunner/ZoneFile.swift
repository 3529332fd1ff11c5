import DNS
import MailModel
import TestSupport

/// Records as zone files spell them, one to a line: `name [ttl] [IN] type data`. Names have no
/// origin, and parentheses mean nothing. RFC 1035 §5.1
struct ZoneFile {
    private var found: [Domain: [DNSRecordType: [DNSRecord]]] = [:]
    private var aliases: [Domain: Domain] = [:]

    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) { read(Self.words(line)) }
    }

    /// What the DNS would say of every name, aliases followed. A name between others exists, too.
    var resolver: ZoneResolver {
        let zone = ZoneResolver()
        let names = Set(found.keys).union(aliases.keys)
        for parent in names.flatMap(\.parents) {
            zone.put(parent, .a, .success(DNSAnswer(.noRecord)))
        }
        for name in names {
            let target = end(of: name)
            for type in [DNSRecordType.a, .aaaa, .mx, .ptr, .txt] {
                let records = found[target]?[type] ?? []
                let nothing: DNSAnswer.Content = found[target] == nil ? .noSuchName : .noRecord
                zone.put(
                    name.ascii, type,
                    .success(DNSAnswer(records.isEmpty ? nothing : .records(records))))
            }
        }
        return zone
    }

    private func end(of name: Domain) -> Domain {
        var name = name
        for _ in 0..<8 {
            guard let target = aliases[name] else { break }
            name = target
        }
        return name
    }

    private mutating func read(_ words: [Substring]) {
        guard let first = words.first, let name = Self.name(first) else { return }
        let rest = words.dropFirst().drop { $0 == "IN" || $0.allSatisfy(\.isNumber) }
        guard let type = rest.first else { return }
        let data = Array(rest.dropFirst())
        switch (type, data.first) {
        case ("A", let text?):
            add(name, .a, IPAddress(String(text)).map { .address($0) })
        case ("AAAA", let text?):
            add(name, .aaaa, IPAddress(String(text)).map { .address($0) })
        case ("PTR", let text?): add(name, .ptr, Self.name(text).map { .pointer($0) })
        case ("MX", let preference?):
            add(
                name, .mx,
                .exchange(
                    preference: Int(preference) ?? 0, host: data.last.flatMap { Self.name($0) }))
        case ("TXT", .some): add(name, .txt, .text(data.map { Array($0.utf8) }))
        case ("CNAME", let text?): aliases[name] = Self.name(text)
        default: if found[name] == nil { found[name] = [:] }
        }
    }

    private mutating func add(_ name: Domain, _ type: DNSRecordType, _ record: DNSRecord?) {
        guard let record else { return }
        found[name, default: [:]][type, default: []].append(record)
    }

    private static func name(_ text: Substring) -> Domain? {
        Domain(queryName: Array((text.hasSuffix(".") ? text.dropLast() : text).utf8))
    }

    /// Words and quoted strings, without comments and parentheses.
    private static func words(_ line: Substring) -> [Substring] {
        var words: [Substring] = []
        var rest = line.drop(while: \.isWhitespace)
        while let first = rest.first, first != ";" {
            let end: Substring.Index
            if first == "\"" {
                rest = rest.dropFirst()
                end = rest.firstIndex(of: "\"") ?? rest.endIndex
                words.append(rest[..<end])
                rest = rest[end...].dropFirst()
            } else {
                end = rest.firstIndex { $0.isWhitespace || $0 == "\"" } ?? rest.endIndex
                if rest[..<end] != "(", rest[..<end] != ")" { words.append(rest[..<end]) }
                rest = rest[end...]
            }
            rest = rest.drop(while: \.isWhitespace)
        }
        return words
    }
}
