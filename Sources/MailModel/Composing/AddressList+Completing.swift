extension AddressList {
    /// The list with `@domain` behind each address that is a local part alone, as programs of one
    /// machine write their users (`root (Cron Daemon)`); all other bytes stay. A local part here is
    /// a dot-atom: anything else is left to whoever reads the list. RFC 5322 §3.4
    package static func completed(_ list: ArraySlice<UInt8>, domain: Domain) -> [UInt8] {
        var entry = BareEntry()
        var places: [Int] = []
        var isInAngle = false
        for (index, byte, place) in Scan(list) {
            guard place == .plain else {
                if place != .comment, place != .escapedInComment { entry.isBare = false }
                continue
            }
            switch byte {
            case UInt8(ascii: "<"):
                isInAngle = true
                entry = BareEntry()
            case UInt8(ascii: ">"):
                isInAngle = false
                entry.isClosed = true
            case UInt8(ascii: ",") where !isInAngle, UInt8(ascii: ";") where !isInAngle:
                if let end = entry.end { places.append(end) }
                entry = BareEntry()
            case UInt8(ascii: ":") where !isInAngle: entry = BareEntry()
            default: entry.take(byte, at: index)
            }
        }
        if let end = entry.end { places.append(end) }
        var output: [UInt8] = []
        var start = list.startIndex
        for place in places {
            output += list[start..<place] + Array("@\(domain.ascii)".utf8)
            start = place
        }
        return output + list[start...]
    }

    /// Whom `text` names, with `domain` for those that have none; nil where readers may differ on
    /// it, or an address is none.
    package static func named(by text: String, domain: Domain) -> [Mailbox]? {
        let list = completed(Array(text.utf8)[...], domain: domain)
        guard let addresses = try? certainAddresses(list) else { return nil }
        let mailboxes = addresses.compactMap { address in
            try? AddressParser.mailbox(address[...], isUTF8Allowed: true)
        }
        return mailboxes.count == addresses.count ? mailboxes : nil
    }

    /// What an entry's address has shown itself to be so far.
    private struct BareEntry {
        var isBare = true
        /// Behind the angle brackets: nothing more belongs to the address.
        var isClosed = false
        private var isAfterSpace = false
        private var isAfterDot = true
        private var last: Int?

        /// Behind its last byte, where it is one atom without a domain.
        var end: Int? { isBare && !isAfterDot ? last.map { $0 + 1 } : nil }

        mutating func take(_ byte: UInt8, at index: Int) {
            if HeaderCursor.isSpace(byte) {
                isAfterSpace = true
                return
            }
            let isDot = byte == UInt8(ascii: ".")
            let fits = isDot ? !isAfterDot : AddressParser.isAtomText(byte) || byte >= 0x80
            guard fits, !isClosed, !isAfterSpace || last == nil else {
                isBare = false
                return
            }
            isAfterSpace = false
            isAfterDot = isDot
            last = index
        }
    }
}
