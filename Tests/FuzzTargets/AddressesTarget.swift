import MailModel
import RuleEngine

extension FuzzTarget {
    /// Mailboxes, paths, domains, conditions, IP addresses and address lists: what was read can be
    /// written, and is the same again.
    static let addresses = FuzzTarget("addresses") { bytes in
        for isUTF8Allowed in [false, true] {
            try Addresses.checkMailbox(bytes, isUTF8Allowed: isUTF8Allowed)
            try Addresses.checkPaths(bytes, isUTF8Allowed: isUTF8Allowed)
        }
        try Addresses.checkList(bytes)
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        try Addresses.checkNames(text)
    }
}

private enum Addresses {
    static func checkMailbox(_ bytes: [UInt8], isUTF8Allowed: Bool) throws {
        guard
            let mailbox = try? AddressParser.mailbox(bytes[...], isUTF8Allowed: isUTF8Allowed)
        else { return }
        try check(mailbox)
        try require(
            isUTF8Allowed || mailbox.wireText.utf8.allSatisfy { $0 < 0x80 }, "beyond ASCII")
    }

    private static func check(_ mailbox: Mailbox) throws {
        let text = mailbox.wireText
        try require(!text.utf8.contains { $0 < 32 || $0 == 127 }, "a control in \(text)")
        try require(mailbox.localPart.utf8.count <= AddressParser.localPartBytesMax, text)
        try require(mailbox.domain.ascii.utf8.allSatisfy { $0 > 32 && $0 < 127 }, text)
        guard let again = Mailbox(text) else { throw FuzzFind("\(text) is no mailbox any more") }
        try requireEqual(again.localPart, mailbox.localPart, text)
        try requireEqual(again.domain, mailbox.domain, text)
        try requireEqual(again.wireText, text, "written again")
    }

    static func checkPaths(_ bytes: [UInt8], isUTF8Allowed: Bool) throws {
        var parser = AddressParser(bytes[...], isUTF8Allowed: isUTF8Allowed)
        if case .mailbox(let mailbox)? = try? parser.readReversePath() {
            try check(mailbox)
            try require(bytes[..<parser.position].last == UInt8(ascii: ">"), "a path's end")
        }
        parser = AddressParser(bytes[...], isUTF8Allowed: isUTF8Allowed)
        if case .mailbox(let mailbox)? = try? parser.readForwardPath() { try check(mailbox) }
    }

    static func checkList(_ bytes: [UInt8]) throws {
        let addresses = AddressList.addresses(bytes)
        // Each byte that is no UTF-8 becomes the three of U+FFFD.
        try require(
            addresses.reduce(0) { $0 + $1.utf8.count } <= 3 * bytes.count, "addresses that grew")
        let entries = AddressList.entries(bytes)
        // An encoded word's character set may want more bytes for a character, but not many.
        try require(
            entries.reduce(0) { $0 + $1.utf8.count } <= 16 * bytes.count + 16, "entries that grew")
        let line = bytes.map { $0 == 10 || $0 == 13 ? 32 : $0 }
        let header = HeaderBlock((Array("To: ".utf8) + line)[...])
        let text = header.first("To")?.decodedText ?? ""
        try requireEqual(
            AddressList.addresses(Array(text.utf8)), AddressList.addresses(line),
            "addresses of the decoded list")
    }

    static func checkNames(_ text: String) throws {
        if let domain = try? Domain(parsing: text) {
            try requireEqual(try? Domain(parsing: domain.ascii), domain, "a domain read again")
            try require(domain.parents.count < domain.ascii.utf8.count, "parents")
        }
        if let condition = try? RecipientCondition(parsing: text) {
            try requireEqual(
                try? RecipientCondition(parsing: condition.text), condition, "a condition")
        }
        if let address = IPAddress(text) {
            try requireEqual(IPAddress("\(address)"), address, "an IP address read again")
        }
        if let block = CIDRBlock(text) {
            try requireEqual(CIDRBlock("\(block)"), block, "a block read again")
            try require(block.contains(block.address), "a block without its address")
        }
    }
}
