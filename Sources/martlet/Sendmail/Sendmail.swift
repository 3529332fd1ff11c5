import ControlPlane
import ControlSocket
import Daemon
import DeliveryQueue
import Documents
import Foundation
import Glibc
import MailFlow

/// What is called sendmail on every Unix machine. Answers a status of sysexits.h.
struct Sendmail {
    private struct Failure: Error {
        let status: Int32
        let text: String
    }

    private let options: SendmailOptions
    private let server: ServerOptions

    static func run(_ arguments: [String], as name: String) -> Int32 {
        do throws(Failure) {
            try Sendmail(arguments, as: name).run()
            return EX_OK
        } catch {
            Terminal.complain("\(name): \(Terminal.printable(error.text))")
            return error.status
        }
    }

    private init(_ arguments: [String], as name: String) throws(Failure) {
        do throws(SendmailOptions.Problem) {
            options = try SendmailOptions(arguments, as: name)
        } catch {
            throw Failure(status: EX_USAGE, text: error.text)
        }
        var server = ServerOptions()
        server.config = options.configuration
        self.server = server
    }

    private func run() throws(Failure) {
        switch options.mode {
        case .send: try send()
        case .list: try list()
        case .flush(let id, let domain): try flush(id, domain)
        case .aliases: break
        }
    }

    // MARK: Sending

    private func send() throws(Failure) {
        let content: Data
        do throws(MailSource.Failure) {
            content = options.isDotText ? try MailSource.read("-") : try MailSource.beforeDot()
        } catch {
            throw Failure(status: EX_IOERR, text: error.description)
        }
        var mail = LocalMail(
            sender: options.sender, recipients: options.recipients, bytes: content.count)
        mail.takesHeaderRecipients = options.takesHeaderRecipients
        mail.authorName = options.authorName
        mail.notification = options.notification
        let path = try configured { () throws(DocumentProblems) in
            try ConfigurationDocument.submitSocket(path: server.path)
        }
        let answer: LocalAnswer
        do throws(SubmitClient.Failure) {
            answer = try SubmitClient(path: path).submit(mail, content)
        } catch {
            throw Failure(
                status: error.kind == .away ? EX_TEMPFAIL : EX_NOPERM, text: error.description)
        }
        guard case .refused(let refusal) = answer else { return }
        throw Failure(status: Self.status(refusal.kind), text: refusal.text)
    }

    private static func status(_ kind: LocalRefusal.Kind) -> Int32 {
        switch kind {
        case .request: EX_USAGE
        case .mail: EX_DATAERR
        case .recipient: EX_NOUSER
        case .sender: EX_NOPERM
        case .tooLarge: EX_UNAVAILABLE
        case .later: EX_TEMPFAIL
        }
    }

    private func configured<Value>(
        _ body: () throws(DocumentProblems) -> Value
    ) throws(Failure) -> Value {
        do throws(DocumentProblems) {
            return try body()
        } catch {
            throw Failure(status: EX_CONFIG, text: error.description)
        }
    }

    // MARK: The queue

    private func list() throws(Failure) {
        var filter = SentMailFilter()
        filter.limit = SentMailOperations.pageMax
        guard case .sentRecipients(let list) = try ask(.listSent(filter)) else { return }
        Terminal.write(QueueReport.text(list))
        guard list.count == filter.limit, case .status(let status) = try answer(to: .status),
            let waiting = status.sending.map({ $0.queued + $0.held }), waiting > list.count
        else { return }
        // Not among the lines that programs read.
        Terminal.complain(
            "\(waiting - list.count) more recipients wait; martlet queue sent lists those that its "
                + "options choose")
    }

    private func flush(_ id: String?, _ domain: String?) throws(Failure) {
        var filter = SentMailFilter()
        filter.messageID = id
        filter.toDomain = domain
        _ = try ask(.changeSent(.retry, filter, isDry: false))
    }

    private func ask(_ request: SenderRequest) throws(Failure) -> SenderAnswer {
        guard case .sending(let answer) = try answer(to: .sending(request)) else {
            throw Failure(status: EX_SOFTWARE, text: "the server answers something else")
        }
        return answer
    }

    private func answer(to request: ControlRequest) throws(Failure) -> ControlAnswer {
        let path = try configured { () throws(DocumentProblems) in
            try ConfigurationDocument.controlSocket(path: server.path)
        }
        do {
            switch try ControlClient(path: path).ask(request) {
            case .failed(let failure): throw Failure(status: EX_UNAVAILABLE, text: failure.message)
            case .some(let answer): return answer
            case nil: throw Failure(status: EX_SOFTWARE, text: "the server does not answer")
            }
        } catch let failure as ControlClient.Failure {
            throw Failure(
                status: failure.isForbidden ? EX_NOPERM : EX_TEMPFAIL, text: failure.description)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(status: EX_SOFTWARE, text: "\(error)")
        }
    }
}

extension MailSource {
    /// Standard input up to a line with a dot alone, or to its end.
    fileprivate static func beforeDot() throws(Failure) -> Data {
        let content = try read("-")
        var start = content.startIndex
        while start < content.endIndex {
            let end = content[start...].firstIndex(of: 10) ?? content.endIndex
            let line = content[start..<end]
            if line.elementsEqual(".".utf8) || line.elementsEqual(".\r".utf8) {
                return content[..<start]
            }
            start = end < content.endIndex ? content.index(after: end) : end
        }
        return content
    }
}
