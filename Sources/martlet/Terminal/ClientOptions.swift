import ArgumentParser
import MailFlow
import MailModel

/// What a session would have known, and a mail's file does not.
struct ClientOptions: ParsableArguments {
    @Option(help: "The address of the client that sent the mail.")
    var ip: String?

    @Option(help: "What the client called itself.")
    var helo = "unknown"

    @Option(help: "The address of MAIL FROM; empty for the null path.")
    var from = ""

    func validate() throws {
        if let ip, IPAddress(ip) == nil {
            throw ValidationError("--ip: “\(ip)” is no IP address")
        }
        if !from.isEmpty, Mailbox(from) == nil {
            throw ValidationError("--from: “\(from)” is no address")
        }
    }

    /// Nil without an address.
    var client: MailAuthenticator.Client? {
        ip.flatMap { IPAddress($0) }.map { address in
            MailAuthenticator.Client(
                address: address, helo: helo,
                mailFrom: Mailbox(from).map(ReversePath.mailbox) ?? .null)
        }
    }
}
