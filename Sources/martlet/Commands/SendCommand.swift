import ArgumentParser
import ControlPlane
import ControlSocket
import Documents
import Foundation
import Glibc
import MailFlow
import MailModel

/// `martlet send`
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send a mail from a verified identity, through the running server.",
        discussion: """
            Prints the message id once the mail is durable. A mail is composed of --subject, --text, \
            --html and --attach, or taken as it is by --raw, whose recipients are those of its To, \
            Cc and Bcc unless --to, --cc or --bcc name others. Bcc is never seen by anybody.

            Exit status: 0 sent, 1 refused, 64 wrong usage, 75 to be tried again later.

            Examples:
              martlet send --from shop@example.com --to ada@example.net --subject Hello --text Hi
              martlet send --from shop@example.com --to ada@example.net --raw mail.eml --at +2h
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Option(
        help: """
            Who sends: an address of a verified identity, with a name or without: "Shop \
            <shop@example.com>". With --raw, where bounces are told to; else who its From names.
            """)
    var from: String?

    @Option(help: "A recipient; may be given several times, and name several.")
    var to: [String] = []

    @Option(help: "A recipient that is named in Cc.")
    var cc: [String] = []

    @Option(help: "A recipient that nobody else sees.")
    var bcc: [String] = []

    @Option(help: "Where answers go.")
    var replyTo: [String] = []

    @Option(help: "The subject, one line.")
    var subject: String?

    @Option(help: "The text; - reads it from standard input.")
    var text: String?

    @Option(help: "The text for a browser; - reads it from standard input.")
    var html: String?

    @Option(help: "A file to attach; may be given several times.")
    var attach: [String] = []

    @Option(help: "A header field of your own: 'Name: value'; may be given several times.")
    var header: [String] = []

    @Option(help: "The name of a configuration set. SES: X-SES-CONFIGURATION-SET")
    var configurationSet: String?

    @Option(help: "name=value, for the mail's events; may be given several times.")
    var tag: [String] = []

    @Option(help: "A mail to send as it is; - reads it from standard input.")
    var raw: String?

    @Option(
        help: """
            Not before this: 2026-12-01T09:00:00Z, or from now on: +30m, +2h, +1d; at most 14 days \
            ahead.
            """)
    var at: MailTime?

    @Option(
        help: """
            A key of yours for this mail, at most 128 printable characters of ASCII: under it the \
            same mail is sent once in 24 hours, and the first one's id is printed again. A mail with \
            another sender, recipient, header, body or --at is refused under it.
            """)
    var idempotencyKey: String?

    func validate() throws {
        if let at, at.time.milliseconds < Int64(Date().timeIntervalSince1970 * 1_000) - 60_000 {
            throw ValidationError("--at: the time is over")
        }
        let isComposed =
            subject != nil || text != nil || html != nil || !attach.isEmpty || !header.isEmpty
            || !replyTo.isEmpty
        guard raw == nil else {
            guard !isComposed else {
                throw ValidationError(
                    "--raw is sent as it is: --subject, --text, --html, --attach, --header and "
                        + "--reply-to compose another mail")
            }
            return
        }
        guard from != nil else { throw ValidationError("--from: who sends?") }
        guard !(to + cc + bcc).isEmpty else { throw ValidationError("--to: who is it for?") }
        guard text != nil || html != nil || !attach.isEmpty else {
            throw ValidationError(
                "--text, --html, --attach or --raw: what does it say? (--text - reads standard input)"
            )
        }
        guard text != "-" || html != "-" else {
            throw ValidationError("standard input is read once: for --text or for --html")
        }
    }

    func run() async throws {
        let (mail, content) = try ready()
        let answer: LocalAnswer
        do throws(SubmitClient.Failure) {
            answer = try SubmitClient(path: try path()).submit(mail, content)
        } catch {
            Terminal.complain("martlet: \(error)")
            throw error.kind == .away ? ExitCode(EX_TEMPFAIL) : ExitCode.failure
        }
        switch answer {
        case .sent(let id):
            if output.json { return try Terminal.json(["messageID": id.text]) }
            Terminal.write(id.text + "\n")
        case .refused(let refusal):
            Terminal.complain("martlet: \(Terminal.printable(refusal.text + hint(refusal)))")
            throw refusal.kind == .later ? ExitCode(EX_TEMPFAIL) : ExitCode.failure
        }
    }

    private func ready() throws -> (LocalMail, Data) {
        do {
            return try raw.map(submission(raw:)) ?? composed()
        } catch let refusal as ComposedMail.Refusal {
            throw Self.wrongUsage("\(refusal)")
        } catch let refusal as MessageTag.Refusal {
            throw Self.wrongUsage("--tag: \(refusal)")
        } catch let error as ValidationError {
            throw Self.wrongUsage(error.message)
        } catch let failure as MailSource.Failure {
            Terminal.complain("martlet: \(Terminal.printable(failure.description))")
            throw ExitCode.failure
        }
    }

    /// Said once the command runs, when the parser knows no more whose usage it is.
    private static func wrongUsage(_ text: String) -> ExitCode {
        Terminal.complain(
            "martlet send: \(Terminal.printable(text)) (martlet send --help)")
        return ExitCode(EX_USAGE)
    }

    // MARK: The mail

    private func composed() throws -> (LocalMail, Data) {
        let author = try address(of: "--from", from ?? "")
        var mail = ComposedMail(from: author)
        mail.to = try addresses(of: "--to", to)
        mail.cc = try addresses(of: "--cc", cc)
        mail.replyTo = try addresses(of: "--reply-to", replyTo)
        mail.subject = subject
        mail.text = try text.map { try $0 == "-" ? MailSource.text($0) : $0 }
        mail.html = try html.map { try $0 == "-" ? MailSource.text($0) : $0 }
        for field in header {
            guard let colon = field.firstIndex(of: ":") else {
                throw ValidationError(
                    "--header: “\(field)” is not of the form 'Name: value'")
            }
            try mail.add(
                field: String(field[..<colon]), value: String(field[field.index(after: colon)...]))
        }
        for path in attach {
            try mail.attach(
                ComposedMail.Attachment(
                    name: URL(fileURLWithPath: path).lastPathComponent,
                    type: Self.contentType(of: path), content: Array(try MailSource.read(path))))
        }
        // Under a key the same mail is composed of the same bytes.
        let seed = (0..<16).map { _ in idempotencyKey == nil ? UInt8.random(in: 0...255) : 0 }
        let content = Data(try asked().flatMap(\.bytes) + mail.bytes(seed: seed))
        let people = mail.to + mail.cc + (try addresses(of: "--bcc", bcc))
        return (local(author, people, content), content)
    }

    private func submission(raw: String) throws -> (LocalMail, Data) {
        let content = Data(try asked().flatMap(\.bytes)) + (try MailSource.read(raw))
        let people =
            try addresses(of: "--to", to) + addresses(of: "--cc", cc) + addresses(of: "--bcc", bcc)
        var mail = local(try from.map { try address(of: "--from", $0) }, people, content)
        mail.takesHeaderRecipients = people.isEmpty
        return (mail, content)
    }

    private func address(of option: String, _ text: String) throws -> ComposedMail.Person {
        do {
            return try ComposedMail.Person(text)
        } catch {
            throw ValidationError("\(option): \(error)")
        }
    }

    private func addresses(of option: String, _ texts: [String]) throws -> [ComposedMail.Person] {
        do {
            return try texts.flatMap(ComposedMail.Person.list)
        } catch {
            throw ValidationError("\(option): \(error)")
        }
    }

    private func local(
        _ sender: ComposedMail.Person?, _ recipients: [ComposedMail.Person], _ content: Data
    ) -> LocalMail {
        var mail = LocalMail(
            sender: sender?.mailbox.wireText, recipients: recipients.map(\.mailbox.wireText),
            bytes: content.count)
        mail.sendAt = at?.time
        mail.sendAtText = at?.relativeText
        mail.idempotencyKey = idempotencyKey
        return mail
    }

    /// What is asked of the server in header fields, which it takes out. SES: `X-SES-…`
    private func asked() throws -> [ComposedField] {
        var fields: [ComposedField] = []
        if let configurationSet {
            guard let field = ComposedField("X-SES-CONFIGURATION-SET", configurationSet) else {
                throw ValidationError("--configuration-set: a name is one word of ASCII")
            }
            fields.append(field)
        }
        for text in tag {
            let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else {
                throw ValidationError(
                    "--tag: “\(text)” is not of the form name=value")
            }
            let tag = try MessageTag(name: String(pair[0]), value: String(pair[1]))
            if let field = ComposedField("X-SES-MESSAGE-TAGS", "\(tag.name)=\(tag.value)") {
                fields.append(field)
            }
        }
        return fields
    }

    /// By the file's name; what it is not known for is bytes.
    private static func contentType(of path: String) -> String {
        let types = [
            "txt": "text/plain", "csv": "text/csv", "html": "text/html", "ics": "text/calendar",
            "pdf": "application/pdf", "json": "application/json", "xml": "application/xml",
            "zip": "application/zip", "gz": "application/gzip", "png": "image/png",
            "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
            "svg": "image/svg+xml",
        ]
        return types[URL(fileURLWithPath: path).pathExtension.lowercased()]
            ?? "application/octet-stream"
    }

    // MARK: The answer

    private func path() throws(SubmitClient.Failure) -> String {
        do {
            return try server.submitSocket()
        } catch {
            // Said already.
            Self.exit(withError: error)
        }
    }

    /// Which identity may have been meant, as far as whoever asks may know.
    private func hint(_ refusal: LocalRefusal) -> String {
        guard refusal.kind == .sender, let from, let author = try? ComposedMail.Person(from),
            case .identities(let identities) = server.askQuietly(.listIdentities)
        else { return "" }
        let domain = author.mailbox.domain.ascii
        let names = identities.map(\.name)
        let own = identities.first { domain == $0.name || domain.hasSuffix(".\($0.name)") }
        if let own, own.status != "SUCCESS" {
            return "; \(own.name) is \(own.status): martlet identity show \(own.name)"
        }
        if let near = NearMiss.of(domain, among: names) { return "; did you mean \(near)?" }
        return "; to send from it: martlet identity add \(domain)"
    }
}
