import Events
import Foundation
import MailFlow
import MailModel
import NIOCore
import RuleEngine

extension FuzzTarget {
    /// A header section: its fields keep their bytes, its meter sees the same at any split, and what
    /// is told of it is valid JSON in valid UTF-8.
    static let headers = FuzzTarget("headers") { bytes in
        let header = HeaderBlock(bytes[...])
        try require(header.length <= bytes.count, "longer than its bytes")
        try Headers.checkFields(header)
        _ = try Splits.same(bytes[...]) { Headers.meter($0) }
        let json = ReceiptEvents.notification(
            Headers.mail(header), Headers.receipt, content: String(decoding: bytes, as: UTF8.self))
        try Headers.check(json, of: header)
    }
}

private enum Headers {
    static func checkFields(_ header: HeaderBlock) throws {
        var written: [UInt8] = []
        for field in header.fields {
            written += Array("\(field.name): ".utf8) + field.body + [13, 10]
            let growth = 16 * field.body.count + 16
            try require(field.decodedText.utf8.count <= growth, "a decoded field grew")
        }
        let again = HeaderBlock(written[...])
        try requireEqual(again.fields.map(\.name), header.fields.map(\.name), "names read again")
        try requireEqual(again.fields.map(\.body), header.fields.map(\.body), "bodies read again")
        try requireEqual(again.defects, [], "defects of what was written")
        try requireEqual(again.length, written.count, "the length of what was written")
    }

    struct Metered: Equatable {
        var finding = HeaderMeter.Finding.fine
    }

    static func meter(_ pieces: [ArraySlice<UInt8>]) -> Metered {
        var meter = HeaderMeter(bytesMax: 400, hopsMax: 3)
        for piece in pieces {
            let finding = meter.see(ByteBuffer(bytes: piece))
            if finding != .fine { return Metered(finding: finding) }
        }
        return Metered()
    }

    private static let mailbox = Mailbox(
        validatedLocalPart: "a", domain: Domain(validatedASCII: "b.example"))

    static let receipt: Receipt = {
        guard let action = ReceiptActionObject(.stop(topic: nil)) else {
            preconditionFailure("stop has an object")
        }
        return Receipt(recipients: [mailbox], processingMilliseconds: 1, action: action)
    }()

    static func mail(_ header: HeaderBlock) -> ReceivedMail {
        guard let id = MailID(String(repeating: "0", count: 40)) else {
            preconditionFailure("forty digits are an id")
        }
        return ReceivedMail(
            id: id, receivedAt: Timestamp(milliseconds: 0), mailFrom: .mailbox(mailbox),
            recipients: [mailbox], header: header)
    }

    static func check(_ json: [UInt8], of header: HeaderBlock) throws {
        try require(String(validating: json, as: UTF8.self) != nil, "JSON that is no UTF-8")
        let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
        guard let mail = object?["mail"] as? [String: Any],
            let told = mail["headers"] as? [[String: String]]
        else { throw FuzzFind("JSON that cannot be read") }
        for (field, entry) in zip(header.fields, told) {
            try requireEqual(entry["name"], field.name, "a field's name")
            try requireEqual(entry["value"], field.decodedText, "a field's text")
        }
    }
}
