import Foundation
import InboundSMTP
import SMTPProtocol
import TestSupport

/// A golden dialog of `Tests/Fixtures/dialogs`.
///
/// | line | meaning |
/// |---|---|
/// | `C: text` | the client sends text and CRLF |
/// | `C! text` | the client sends text, escapes read (`\r \n \0 \\ \xHH`), nothing added |
/// | `S: text` | the server answers this line |
/// | `M! text` | a mail was taken with this content, escapes read; in order |
/// | `T:` | the TLS handshake succeeds here |
/// | `+ seconds` | time passes |
/// | `@ seconds` | what stands below was answered then, and not sooner; counted from the start |
/// | `= name value` | a setting, before everything else |
/// | `# text` | a remark |
struct Dialog {
    enum Step: Equatable {
        case client([UInt8])
        case handshake
        case time(seconds: Int64)
    }

    let name: String
    var settings = SessionSettings(hostname: "mx.ours.test")
    private(set) var steps: [Step] = []
    private(set) var replies = ""
    /// The same with its `@` lines.
    private(set) var timedReplies = ""
    private(set) var mails: [[UInt8]] = []

    struct Fault: Error { let text: String }

    init(file: String) throws {
        name = file
        settings.isTLSOffered = true
        let text = try ProjectFiles.text(ProjectFiles.fixture("dialogs/\(file)"))
        for line in text.split(separator: "\n") { try read(String(line)) }
    }

    private mutating func read(_ line: String) throws {
        let rest = String(line.dropFirst(3))
        switch line.prefix(2) {
        case "C:": steps.append(.client(Array((rest + "\r\n").utf8)))
        case "C!": steps.append(.client(Self.unescaped(rest)))
        case "S:":
            replies += rest + "\r\n"
            timedReplies += rest + "\r\n"
        case "@ ": timedReplies += line + "\r\n"
        case "M!": mails.append(Self.unescaped(rest))
        case "T:": steps.append(.handshake)
        case "+ ": steps.append(.time(seconds: Int64(line.dropFirst(2)) ?? 0))
        case "= ": try set(line.dropFirst(2).split(separator: " ").map(String.init))
        case "# ", "#": break
        default: throw Fault(text: "\(name): no line of a dialog: \(line)")
        }
    }

    private mutating func set(_ words: [String]) throws {
        let value = Int(words[1]) ?? 0
        switch words[0] {
        case "role": settings.role = SessionRole(rawValue: words[1]) ?? .mx
        case "recipientsMax": settings.limits.recipientsMax = value
        case "mailBytesMax": settings.limits.mailBytesMax = value
        case "commandBytesMax": settings.limits.commandBytesMax = value
        case "dataLineBytesMax": settings.limits.dataLineBytesMax = value
        case "mailsMax": settings.limits.mailsMax = value
        case "errorsMax": settings.limits.errorsMax = value
        case "errorsUndelayedMax": settings.limits.errorsUndelayedMax = value
        case "errorDelaySecondsMax": settings.limits.errorDelaySecondsMax = Int64(value)
        case "greetingDelaySeconds": settings.greetingDelaySeconds = Int64(value)
        case "earlyTalkers":
            settings.earlyTalkers = EarlyTalkerPolicy(rawValue: words[1]) ?? .ignore
        case "idleCommandsMax": settings.limits.idleCommandsMax = value
        case "bareLineEnds":
            settings.bareLineEnds = BareLineEndPolicy(rawValue: words[1]) ?? .refuse
        default: throw Fault(text: "\(name): no setting: \(words[0])")
        }
    }

    private static func unescaped(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
                output.append(byte)
                continue
            }
            switch kind {
            case UInt8(ascii: "r"): output.append(13)
            case UInt8(ascii: "n"): output.append(10)
            case UInt8(ascii: "0"): output.append(0)
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                output.append(UInt8(digits, radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            default: output.append(kind)
            }
        }
        return output
    }
}
