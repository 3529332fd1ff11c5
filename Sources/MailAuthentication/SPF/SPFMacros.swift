import DNS
import MailModel

/// What a check's macros stand for. RFC 7208 §7.2
struct SPFMacroValues: Sendable {
    let sender: SPFSender
    let receiver: Domain
    let time: Timestamp

    /// Of all but `%{p}`, which the DNS knows.
    func value(of letter: Macro.Letter, in domain: Domain) -> [UInt8] {
        switch letter {
        case .sender: sender.text
        case .localPart: sender.localPart
        case .senderDomain: Array((sender.domain?.ascii ?? "").utf8)
        case .domain: Array(domain.ascii.utf8)
        case .address: Array(dottedAddress.utf8)
        case .validatedName: []
        case .version: Array((sender.address.isIPv6 ? "ip6" : "in-addr").utf8)
        case .helo: Array(sender.helo.utf8)
        case .readableAddress: Array(sender.address.description.utf8)
        case .receiver: Array(receiver.ascii.utf8)
        case .time: Array(String(time.milliseconds / 1000).utf8)
        }
    }

    /// IPv6: a label for each half byte.
    private var dottedAddress: String {
        guard sender.address.isIPv6 else { return sender.address.description }
        return sender.address.bytes.flatMap { [$0 >> 4, $0 & 0x0F] }
            .map { String($0, radix: 16, uppercase: true) }.joined(separator: ".")
    }
}

extension SPFLookups {
    /// `string` with its macros' values. Throws where it becomes longer than
    /// `SPFVerifier.expandedBytesMax`, where its `%{p}`, each of which counts as a term does, are
    /// too many, or where the time is over.
    mutating func expand(
        _ string: MacroString, _ values: SPFMacroValues, in domain: Domain
    ) async throws(SPFReason) -> [UInt8] {
        var output: [UInt8] = []
        for part in string.parts {
            switch part {
            case .literal(let bytes), .escape(let bytes): output += bytes
            case .macro(let macro):
                let value =
                    macro.letter == .validatedName
                    ? try await bestName(for: domain) : values.value(of: macro.letter, in: domain)
                output += macro.transform(value)
            }
            guard output.count <= SPFVerifier.expandedBytesMax else {
                throw .expansionTooLong(in: domain)
            }
        }
        return output
    }

    /// The name that a term's domain comes to; nil where the DNS can have no such name.
    mutating func name(
        _ string: MacroString, _ values: SPFMacroValues, in domain: Domain
    ) async throws(SPFReason) -> Domain? {
        let text = try await expand(string, values, in: domain)
        guard let name = Domain(queryName: Self.shortened(text)) else {
            steps.append(.unaskable(name: text.printablePrefix))
            return nil
        }
        return name
    }

    /// RFC 7208 §7.3: labels go from the left until it is 253 bytes long; a final dot goes, too.
    private static func shortened(_ text: [UInt8]) -> ArraySlice<UInt8> {
        var name = text.last == UInt8(ascii: ".") ? text.dropLast() : text[...]
        while name.count > 253, let dot = name.firstIndex(of: UInt8(ascii: ".")) {
            name = name[(dot + 1)...]
        }
        return name
    }

    /// RFC 7208 §7.3: the domain itself, else a name below it, else any.
    private mutating func bestName(for domain: Domain) async throws(SPFReason) -> [UInt8] {
        // RFC 7208 §4.6.4
        try countTerm()
        let names = try await validatedNames()
        let best =
            names.first { $0 == domain } ?? names.first { $0.isBelow(domain) } ?? names.first
        return Array((best?.ascii ?? "unknown").utf8)
    }
}

extension [UInt8] {
    /// For a trace: the first bytes, those that do not print as `?`.
    var printablePrefix: String {
        String(
            decoding: prefix(100).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self)
    }
}
