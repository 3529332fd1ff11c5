import Foundation
import MailModel
package import Storage

/// An address and why it is not to be sent to, as files of SES's import jobs have them: a line of
/// CSV without a header (`address,REASON`), or an object of JSON
/// (`{"emailAddress":"address","reason":"REASON"}`). SES: `CreateImportJob`,
/// `SuppressionListDestination`
package struct SuppressionEntry: Sendable, Hashable, Codable {
    /// Bytes of a line.
    package static let lineBytesMax = 4_096

    package var address: String
    package var reason: SuppressionRecord.Reason

    package init(address: String, reason: SuppressionRecord.Reason) {
        self.address = address
        self.reason = reason
    }

    /// Why a line is no entry.
    package enum LineProblem: Error, Sendable, Hashable, CustomStringConvertible {
        case tooLong
        case notText
        case notJSON
        case noAddress(String)
        case noReason(String)
        case pattern(String)

        package var description: String {
            switch self {
            case .tooLong: "over \(SuppressionEntry.lineBytesMax) bytes"
            case .notText: "no UTF-8"
            case .notJSON: "no object with emailAddress and reason"
            case .noAddress(let text): "“\(text)” is no mail address"
            case .noReason(let text): "“\(text)” is no reason: BOUNCE or COMPLAINT"
            case .pattern(let text): "“\(text)” \(SuppressionOperations.isNoPattern)"
            }
        }
    }

    private struct Object: Decodable {
        var emailAddress: String
        var reason: String?
    }

    /// The entry that a line without its end spells; nil for an empty one. Where reasons do not
    /// count, a line may have none.
    package static func read(
        _ line: ArraySlice<UInt8>, needsReason: Bool = true
    ) throws(LineProblem) -> SuppressionEntry? {
        guard line.count <= lineBytesMax else { throw .tooLong }
        guard let whole = String(validating: line, as: UTF8.self) else { throw .notText }
        let text = whole.trimmingCharacters(in: .whitespaces.union(["\r", "\u{FEFF}"]))
        guard !text.isEmpty else { return nil }
        let (address, reason) = isObject(text) ? try fields(ofObject: text) : fields(of: text)
        guard let mailbox = Mailbox(address) else { throw .noAddress(address) }
        // What stands on a list from before can be taken off it.
        guard !needsReason || mailbox.localPart != "*" else { throw .pattern(address) }
        let known = SuppressionRecord.Reason(rawValue: reason.uppercased())
        guard let found = known ?? (needsReason || !reason.isEmpty ? nil : .bounce) else {
            throw .noReason(reason)
        }
        return SuppressionEntry(address: SuppressionRecord.address(mailbox), reason: found)
    }

    /// An address may begin with a brace, too, but not with one before a quotation mark.
    private static func isObject(_ text: String) -> Bool {
        text.hasPrefix("{") && text.dropFirst().first { !$0.isWhitespace } == "\""
    }

    /// A quoted local part may have a comma; a reason has none.
    private static func fields(of text: String) -> (String, String) {
        guard let comma = text.lastIndex(of: ","), !text[comma...].contains("@") else {
            return (text, "")
        }
        let reason = text[text.index(after: comma)...].trimmingCharacters(in: .whitespaces)
        return (text[..<comma].trimmingCharacters(in: .whitespaces), reason)
    }

    private static func fields(
        ofObject text: String
    ) throws(LineProblem) -> (String, String) {
        guard let object = try? JSONDecoder().decode(Object.self, from: Data(text.utf8)) else {
            throw .notJSON
        }
        return (object.emailAddress, object.reason ?? "")
    }
}
