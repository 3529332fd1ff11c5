import Glibc

/// The header section of a mail that somebody submits, read strictly: what servers may read
/// differently does not leave. `SentHeader` makes the one that leaves. RFC 5322 §2.2, RFC 5322 §3.6
package struct SubmittedHeader: Sendable {
    /// As it came.
    package let block: HeaderBlock
    /// Names of the block's fields in lower case.
    let names: [String]
    package let asks: SendingAsks
    /// Whom `From` names, at least one: each of them is somebody to send as.
    package let from: [Mailbox]
    /// Whom `Sender` names.
    package let sender: Mailbox?
    /// Whom `Resent-From` and `Resent-Sender` name, of each time that it was sent again.
    /// RFC 5322 §3.6.6
    let resenders: [Mailbox]
    /// Whether the mail has no `From`, so that `from` is who was given for it.
    let isFromMissing: Bool

    /// Bytes up to and with the empty line; the body begins there.
    package var length: Int { block.length }

    /// Reads to the first empty line of `mail`, or to its end. `author` is who submits, where that
    /// stands for a missing `From`.
    package init(
        _ mail: ArraySlice<UInt8>, bytesMax: Int, author: Mailbox? = nil
    ) throws(HeaderRefusal) {
        block = HeaderBlock(mail.prefix(bytesMax + 1))
        guard block.length <= bytesMax else { throw HeaderRefusal(.headerTooLong) }
        if let refusal = Self.lineRefusal(block.bytes) { throw refusal }
        names = block.fields.map { $0.name.lowercased() }
        try Self.checkFields(block, names)
        asks = try SendingAsks(block, names)
        if let field = block.first("From") {
            from = try Self.mailboxes(of: field, in: block)
            isFromMissing = false
        } else if let author {
            from = [author]
            isFromMissing = true
        } else {
            throw HeaderRefusal(.missing, field: "From")
        }
        sender = try Self.sender(of: block)
        resenders =
            try Self.named(by: "Resent-From", in: block)
            + Self.named(by: "Resent-Sender", in: block)
    }

    /// Everybody whom the header makes the mail one of, or whom it would come back to: each is
    /// somebody to send as. SES: From, Sender and Return-Path
    package var authorities: [Mailbox] {
        from + [sender, asks.returnPath].compactMap(\.self) + resenders
    }

    private static func sender(of header: HeaderBlock) throws(HeaderRefusal) -> Mailbox? {
        guard let field = header.first("Sender") else { return nil }
        let named = try mailboxes(of: field, in: header)
        guard named.count == 1 else { throw refusal(.address(.notOne), of: field, in: header) }
        return named[0]
    }

    /// Whom `To`, `Cc` and `Bcc` name, each once, in this order: for who gives no other envelope. Of
    /// a mail that is sent again, whom its `Resent-` fields name, and nobody else. RFC 5322 §3.6.6
    package var recipients: [Mailbox] {
        get throws(HeaderRefusal) {
            var seen: Set<Mailbox> = []
            var recipients: [Mailbox] = []
            let lists = ["To", "Cc", "Bcc"]
            let resent = lists.map { "Resent-\($0)" }
            for list in resent.contains(where: { block.first($0) != nil }) ? resent : lists {
                for mailbox in try named(by: list) where seen.insert(mailbox).inserted {
                    recipients.append(mailbox)
                }
            }
            return recipients
        }
    }

    /// Whom the fields of this name list.
    package func named(by name: String) throws(HeaderRefusal) -> [Mailbox] {
        try Self.named(by: name, in: block)
    }

    private static func named(
        by name: String, in header: HeaderBlock
    ) throws(HeaderRefusal) -> [Mailbox] {
        var named: [Mailbox] = []
        for field in header.all(name) where !field.body.isEmpty {
            named += try mailboxes(of: field, in: header, mayBeEmpty: true)
        }
        return named
    }

    // MARK: Lines

    private static func lineRefusal(_ header: ArraySlice<UInt8>) -> HeaderRefusal? {
        header.withUnsafeBytes { bytes in
            var line = 1
            var start = 0
            while start < bytes.count {
                let next = HeaderSection.lineEnd(in: bytes, from: start)
                let content = UnsafeRawBufferPointer(rebasing: bytes[start..<next])
                if let reason = reason(against: content) {
                    return HeaderRefusal(reason, line: line)
                }
                start = next
                line += 1
            }
            return nil
        }
    }

    /// Of a line with its end; the last one of a mail without a body may have none.
    private static func reason(against line: UnsafeRawBufferPointer) -> HeaderRefusal.Reason? {
        guard let base = line.baseAddress else { return nil }
        let isEnded = line.last == 10
        let length = line.count - (isEnded ? 2 : 0)
        guard length >= 0, !isEnded || line[length] == 13 else { return .bareLineEnd }
        if memchr(base, 13, length) != nil { return .bareLineEnd }
        if memchr(base, 0, length) != nil { return .nul }
        if length > ComposedField.lineBytesMax { return .lineTooLong }
        let isBlank = length > 0 && line.prefix(length).allSatisfy { $0 == 32 || $0 == 9 }
        return isBlank ? .malformedLine : nil
    }

    // MARK: Fields

    private static func checkFields(
        _ header: HeaderBlock, _ names: [String]
    ) throws(HeaderRefusal) {
        if let defect = header.defects.first {
            let place =
                switch defect {
                case .noField(let place): place
                case .orphanContinuation: 0
                }
            throw HeaderRefusal(.malformedLine, line: line(of: place, in: header))
        }
        var seen: Set<String> = []
        for (field, name) in zip(header.fields, names)
        where SubmittedFieldRules.once.contains(name) {
            guard seen.insert(name).inserted else {
                throw refusal(.repeated, of: field, in: header)
            }
        }
    }

    static func refusal(
        _ reason: HeaderRefusal.Reason, of field: HeaderBlock.Field, in header: HeaderBlock
    ) -> HeaderRefusal {
        HeaderRefusal(
            reason, field: field.name, line: line(of: field.range.lowerBound, in: header))
    }

    private static func line(of place: Int, in header: HeaderBlock) -> Int {
        1 + header.bytes.prefix(place).count { $0 == 10 }
    }

    static func mailboxes(
        of field: HeaderBlock.Field, in header: HeaderBlock, mayBeEmpty: Bool = false
    ) throws(HeaderRefusal) -> [Mailbox] {
        var mailboxes: [Mailbox] = []
        do throws(AddressListFault) {
            for text in try AddressList.certainAddresses(field.body) {
                mailboxes.append(try mailbox(text[...]))
            }
        } catch {
            throw refusal(.address(error), of: field, in: header)
        }
        guard mayBeEmpty || !mailboxes.isEmpty else {
            throw refusal(.missing, of: field, in: header)
        }
        return mailboxes
    }

    private static func mailbox(_ text: ArraySlice<UInt8>) throws(AddressListFault) -> Mailbox {
        do throws(AddressError) {
            return try AddressParser.mailbox(text, isUTF8Allowed: true)
        } catch {
            throw .address(error)
        }
    }
}
