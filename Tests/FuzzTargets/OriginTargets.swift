import DNS
import MailAuthentication
import MailModel

extension FuzzTarget {
    /// The body of a From field: who strictly read is its author is so however the field is folded
    /// at its ends, and whoever reads addresses leniently sees addresses of nobody else.
    static let author = FuzzTarget("author") { bytes in
        let found = Author.find([bytes[...]])
        for padded in [[0x20] + bytes, bytes + [0x20], [0x0D, 0x0A, 0x09] + bytes] {
            try requireEqual(Author.find([padded[...]]), found, "with space around it")
        }
        try requireEqual(
            Author.find([bytes[...], bytes[...]]), .failure(.severalFroms(2)), "two of them")
        guard case .success(let domain) = found else { return }
        try require(!bytes.contains(0), "an author with a NUL")
        for entry in AddressList.mailboxes(bytes) {
            try requireEqual(Author.domain(of: entry.address), domain, "for a lenient reader")
        }
    }

    /// The data of a record behind a byte for its type: what was read says the same when it is
    /// written again, and prints.
    static let dnsRecord = FuzzTarget("dns-record") { bytes in
        let types: [DNSRecordType] = [.a, .aaaa, .ptr, .mx, .txt]
        guard let first = bytes.first else { return }
        let data = Array(bytes.dropFirst())
        guard let record = try? DNSRecord(types[Int(first) % types.count], data: data) else {
            return
        }
        try require(
            record.zoneFileText.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "does not print")
        let written = Wire.data(of: record)
        // An IPv4 address in an IPv6 one is read as what it stands for.
        let isMapped = data.count == 16 && written.count == 4 && data.suffix(4) == written[...]
        try require(
            isMapped || Wire.canonical(data, of: record) == written,
            "\(record) is written as \(written)")
    }
}

private enum Author {
    static func find(_ fields: [ArraySlice<UInt8>]) -> Result<Domain, AuthorDomainDefect> {
        Result { () throws(AuthorDomainDefect) in try AuthorDomain.find(fields) }
    }

    static func domain(of address: String) -> Domain? {
        guard let at = address.lastIndex(of: "@") else { return nil }
        return try? Domain(parsing: String(address[address.index(after: at)...]))
    }
}

/// RFC 1035 §3.3
private enum Wire {
    static func data(of record: DNSRecord) -> [UInt8] {
        switch record {
        case .address(let address): address.bytes
        case .pointer(let name): labels(name)
        case .exchange(let preference, let host):
            [UInt8(preference >> 8), UInt8(preference & 255)] + (host.map(labels) ?? [0])
        case .text(let strings): strings.flatMap { [UInt8($0.count)] + $0 }
        case .certificate(let record):
            [record.usage, record.selector, record.matchingType] + record.data
        }
    }

    private static func labels(_ name: Domain) -> [UInt8] {
        name.ascii.utf8.split(separator: UInt8(ascii: ".")).flatMap { [UInt8($0.count)] + $0 }
            + [0]
    }

    /// With the names in it in lower case.
    static func canonical(_ data: [UInt8], of record: DNSRecord) -> [UInt8] {
        switch record {
        case .address, .text, .certificate: data
        case .pointer: data.map(lowercased)
        case .exchange: data.prefix(2) + data.dropFirst(2).map(lowercased)
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}
