import Foundation
import MailModel

/// The fields of a delivery status notification, from a `message/delivery-status` or
/// `message/global-delivery-status` body, or from text that holds them. RFC 3464 §2, RFC 6533 §3
struct DeliveryStatus {
    var message: [FieldGroups.Field] = []
    var recipients: [RecipientReport] = []

    /// Nil if no recipient's fields are there.
    init?(_ groups: FieldGroups) {
        for group in groups.groups where recipients.count < DeliveryReport.recipientsMax {
            if Self.namesRecipient(group) {
                recipients += Self.split(group).compactMap(Self.recipient)
                // QUIRK: all fields in one group.
                message += group.filter { Self.messageFields.contains($0.name) }
            } else if let last = recipients.indices.last, group.value("diagnostic-code") != nil {
                // QUIRK: an empty line within a recipient's fields.
                Self.add(group, to: &recipients[last])
            } else {
                message += group
            }
        }
        guard !recipients.isEmpty else { return nil }
    }

    private static let messageFields: Set<String> = [
        "reporting-mta", "original-envelope-id", "arrival-date", "received-from-mta",
    ]

    private static func namesRecipient(_ group: [FieldGroups.Field]) -> Bool {
        group.contains { $0.name == "final-recipient" || $0.name == "original-recipient" }
            && group.contains { $0.name == "action" || $0.name == "status" }
    }

    /// QUIRK: recipients that no empty line parts.
    private static func split(_ group: [FieldGroups.Field]) -> [[FieldGroups.Field]] {
        var split: [[FieldGroups.Field]] = [[]]
        for field in group {
            if field.name == "final-recipient",
                split[split.count - 1].contains(where: { $0.name == "final-recipient" })
            {
                split.append([])
            }
            split[split.count - 1].append(field)
        }
        return split
    }

    private static func recipient(_ group: [FieldGroups.Field]) -> RecipientReport? {
        var recipient = RecipientReport(action: .failed)
        recipient.finalAddress = group.typedValue("final-recipient").flatMap(address)
        recipient.originalAddress = group.typedValue("original-recipient").flatMap(address)
        if let action = group.value("action") {
            // QUIRK: `failed (mailbox full)`, `Failure`, `Expanded; …`
            recipient.action = self.action(FoldedText(action))
        }
        add(group, to: &recipient)
        // QUIRK: some report failures as relayed to nowhere, with the status of one.
        if group.value("action") == nil, let status = recipient.status {
            recipient.action =
                status.class == 4 ? .delayed : status.class == 2 ? .delivered : .failed
        }
        return recipient
    }

    private static func action(_ text: FoldedText) -> RecipientReport.Action {
        let actions: [RecipientReport.Action] = [.delayed, .delivered, .relayed, .expanded]
        return actions.first { text.hasPrefix($0.rawValue) } ?? .failed
    }

    private static func add(_ group: [FieldGroups.Field], to recipient: inout RecipientReport) {
        if let status = group.value("status") {
            recipient.status = EnhancedStatus(in: status) ?? recipient.status
            // `4.0.0 (host name lookup failure)`
            let comment = status.split(separator: "(", maxSplits: 1).dropFirst().first
            recipient.diagnostic = recipient.diagnostic ?? comment.map { String($0) }
        }
        let diagnostic = group.values("diagnostic-code").joined(separator: "\n")
        if !diagnostic.isEmpty {
            let prose = Self.untyped(diagnostic)
            recipient.diagnostic = prose.prefix(bytes: RecipientReport.diagnosticBytesMax)
        }
        recipient.remoteMTA = group.typedValue("remote-mta")?.value ?? recipient.remoteMTA
        recipient.lastAttemptDate = group.value("last-attempt-date") ?? recipient.lastAttemptDate
        recipient.willRetryUntil = group.value("will-retry-until") ?? recipient.willRetryUntil
    }

    /// `smtp; 550 …`; a type is one word.
    private static func untyped(_ value: String) -> String {
        guard let semicolon = value.firstIndex(of: ";") else { return value }
        let type = value[..<semicolon].trimmed()
        let isType =
            !type.isEmpty
            && type.utf8.allSatisfy {
                ($0 | 0x20 >= 97 && $0 | 0x20 <= 122) || $0 == UInt8(ascii: "-")
            }
        return isType ? value[value.index(after: semicolon)...].trimmed() : value
    }

    // MARK: Addresses

    /// `type; a@b`, with RFC 3461 §4's xtext undone; `utf-8; …` with RFC 6533 §3's forms undone.
    /// QUIRK: angle brackets, comments, and what is no address, as `system;user`.
    static func address(_ typed: (type: String, value: String)) -> String? {
        let value: String
        switch typed.type {
        case "utf-8": value = undoingUnitext(typed.value)
        case "rfc822": value = undoingXtext(typed.value)
        default: value = typed.value
        }
        // `<"a b"@c>` and `a@b` alone stay whole; in anything else an address is looked for.
        return AddressScanner.first(in: value)
    }

    /// `+41` is `A`; what is no encoding stays. A plus sign alone is often met, so an encoding is
    /// undone for `+3D` alone and others that no address would hold.
    static func undoingXtext(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "+"), index + 2 < bytes.count,
                let byte = xtext(bytes[(index + 1)...(index + 2)]), isXtextEncoded(byte)
            {
                output.append(byte)
                index += 3
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// RFC 3461 §4 needs it for `+`, `=`, and what is not printable ASCII.
    private static func isXtextEncoded(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "+") || byte == UInt8(ascii: "=") || byte == 32 || byte >= 0x7F
    }

    /// RFC 3461 §4: digits in upper case alone.
    private static func xtext(_ digits: ArraySlice<UInt8>) -> UInt8? {
        digits.allSatisfy { $0 < UInt8(ascii: "a") } ? Hexadecimal.byte(digits) : nil
    }

    /// `\x{20AC}`, RFC 6533 §3.
    static func undoingUnitext(_ text: String) -> String {
        var output = ""
        var rest = Substring(text)
        while let start = rest.range(of: "\\x{") {
            output += rest[..<start.lowerBound]
            let after = rest[start.upperBound...]
            guard let end = after.prefix(7).firstIndex(of: "}"),
                let value = UInt32(after[..<end], radix: 16), value >= 32,
                let scalar = UnicodeScalar(value)
            else {
                output += "\\x{"
                rest = after
                continue
            }
            output.unicodeScalars.append(scalar)
            rest = after[after.index(after: end)...]
        }
        return output + rest
    }
}

extension String {
    /// At most this many bytes of it, whole characters.
    func prefix(bytes bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        return String(decoding: utf8.prefix(bytesMax), as: UTF8.self)
    }
}
