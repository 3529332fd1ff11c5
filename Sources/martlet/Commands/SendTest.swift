import ArgumentParser
import Daemon
import Foundation
import MailModel

struct SendTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send-test",
        abstract: "Hand a mail to the server over SMTP, and show what both said.",
        discussion: "Goes to the first listener of the configuration unless --server names another."
    )

    @OptionGroup var options: ServerOptions

    @Option(help: "An envelope recipient; may be given several times.")
    var to: [String]

    @Option(help: "The envelope sender; empty or <> for none.")
    var from = "test@martlet.invalid"

    @Option(help: "A mail to send as it is; a short one is made by default.")
    var file: String?

    @Option(help: "Subject of the mail that is made.")
    var subject = "A test"

    @Option(help: "address:port")
    var server: String?

    @Flag(help: "Show nothing but the last answer.")
    var quiet = false

    func run() async throws {
        let recipients = try to.map { text in
            guard let mailbox = Mailbox(text) else {
                throw ValidationError(
                    "“\(Terminal.printable(text))” is no mail address")
            }
            return mailbox.wireText
        }
        guard !subject.contains(where: \.isNewline), !subject.utf8.contains(0) else {
            throw ValidationError("a subject is one line")
        }
        let sender = ["", "<>"].contains(from) ? "" : Mailbox(from)?.wireText
        guard let sender else {
            throw ValidationError(
                "“\(Terminal.printable(from))” is no mail address")
        }
        let (address, port) = try place()
        let mail = try content(sender, recipients)
        do {
            var client = try TestClient(address: address, port: port, isQuiet: quiet)
            let answer = try client.send(mail, from: sender, to: recipients)
            if quiet { Terminal.write(answer + "\n") }
        } catch let failure as TestClient.Failure {
            Terminal.complain("martlet: \(failure)")
            throw ExitCode.failure
        }
    }

    private func place() throws -> (String, Int) {
        if let server {
            guard let colon = server.lastIndex(of: ":"),
                let port = UInt16(server[server.index(after: colon)...]), port > 0
            else {
                throw ValidationError(
                    "“\(server)” is no address:port (127.0.0.1:25, [::1]:25; a port is 1 to 65535)")
            }
            let address = server[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
            return (String(address), Int(port))
        }
        let configuration = try options.read()
        guard let listener = configuration.listeners.first else {
            throw ValidationError("the configuration has no listener")
        }
        return (listener.address == "0.0.0.0" ? "127.0.0.1" : listener.address, listener.port)
    }

    private func content(_ sender: String, _ recipients: [String]) throws -> [UInt8] {
        guard let file else {
            let text = """
                From: <\(sender)>
                To: \(recipients.map { "<\($0)>" }.joined(separator: ", "))
                Subject: \(subject)
                Date: \(SystemTime().now().rfc5322Text)
                Message-ID: <\(UUID().uuidString.lowercased())@martlet.invalid>

                This is a test.

                """
            return Array(text.utf8)
        }
        guard let data = FileManager.default.contents(atPath: file) else {
            let reason = errno == 0 ? "" : ": \(String(cString: strerror(errno)))"
            Terminal.complain("martlet: \(file) cannot be read\(reason)")
            throw ExitCode.failure
        }
        return Array(data)
    }
}
