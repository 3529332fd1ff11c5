import DeliveryQueue
import Foundation
import NIOCore
import SMTPProtocol

/// From the greeting to where a mail can be sent.
extension SMTPClientSession {
    /// What AUTH is waiting for.
    enum LoginStep {
        /// The verdict.
        case verdict
        /// LOGIN's question for the user, then for the password.
        case user
        case password
    }

    mutating func takeOpening(_ reply: RemoteReply) {
        switch phase {
        case .greeting: takeGreeting(reply)
        case .hello: takeHello(reply)
        case .helo: reply.code / 100 == 2 ? helloSaid() : end(Self.reason(for: reply))
        case .startTLS: takeStartTLS(reply)
        case .login(let step): takeLogin(reply, step)
        case .handshake, .open, .mail, .quitting, .closed: break
        }
    }

    private mutating func takeGreeting(_ reply: RemoteReply) {
        guard reply.code / 100 == 2 else { return end(Self.reason(for: reply)) }
        sayHello()
    }

    // MARK: EHLO

    mutating func sayHello() {
        say(settings.transport == .lmtp ? "LHLO " : "EHLO ", .hello)
    }

    private mutating func say(_ verb: StaticString, _ phase: Phase) {
        var line = CommandWriter()
        line.write(verb)
        enter(phase)
        do throws(CommandWriter.Refusal) {
            try line.write(word: settings.hello)
        } catch {
            return end(.unsendable(.parameter("EHLO")))
        }
        line.endLine()
        write(line.bytes)
    }

    private mutating func takeHello(_ reply: RemoteReply) {
        switch reply.code {
        case 200..<300:
            extensions = ServerExtensions(reply)
            helloSaid()
        case 500..<600 where canSayHELO(reply):
            extensions = ServerExtensions()
            say("HELO ", .helo)
        default: end(Self.reason(for: reply))
        }
    }

    /// RFC 5321 §3.2. 521 and 554 refuse us, not the verb; and HELO has neither TLS nor AUTH.
    private func canSayHELO(_ reply: RemoteReply) -> Bool {
        settings.transport == .smtp && tls == nil && settings.tls != .required
            && settings.login == nil && reply.code != 521 && reply.code != 554
    }

    private mutating func helloSaid() {
        if tls == nil {
            switch settings.tls {
            case .none, .implicit: break
            case .opportunistic where !extensions.keywords.contains(.startTLS): break
            case .required where !extensions.keywords.contains(.startTLS):
                enter(.startTLS)
                return end(.lacks(.startTLS))
            case .opportunistic, .required:
                enter(.startTLS)
                return write(ByteBuffer(string: "STARTTLS\r\n"))
            }
        }
        logIn()
    }

    // MARK: STARTTLS

    private mutating func takeStartTLS(_ reply: RemoteReply) {
        guard reply.code != 220 else {
            // What came with the reply is not looked at: `receive` stops here, and drops it.
            enter(.handshake)
            return emit(.startTLS)
        }
        let goesOn = settings.tls == .opportunistic && reply.code >= 400 && reply.code != 421
        goesOn ? logIn() : end(Self.reason(for: reply))
    }

    // MARK: AUTH

    private mutating func logIn() {
        guard let login = settings.login else { return open() }
        enter(.login(.verdict))
        guard tls != nil else { return end(.lacks(.privacy)) }
        if extensions.mechanisms.contains(.plain) {
            // `message = [authzid] UTF8NUL authcid UTF8NUL passwd`, RFC 4616 §2.
            write(Self.base64Line("AUTH PLAIN ", "\0\(login.user)\0\(login.password)"))
        } else if extensions.mechanisms.contains(.login) {
            enter(.login(.user))
            write(ByteBuffer(string: "AUTH LOGIN\r\n"))
        } else {
            end(.lacks(.mechanism))
        }
    }

    private mutating func takeLogin(_ reply: RemoteReply, _ step: LoginStep) {
        switch step {
        case .verdict where reply.code / 100 == 2: open()
        case .user where reply.code == 334: answerLogin(settings.login?.user, .password)
        case .password where reply.code == 334: answerLogin(settings.login?.password, .verdict)
        case .verdict, .user, .password: end(Self.reason(for: reply))
        }
    }

    private mutating func answerLogin(_ text: String?, _ next: LoginStep) {
        enter(.login(next))
        write(Self.base64Line("", text ?? ""))
    }

    private static func base64Line(_ verb: String, _ text: String) -> ByteBuffer {
        ByteBuffer(string: verb + Data(text.utf8).base64EncodedString() + "\r\n")
    }

    private mutating func open() {
        enter(.open)
        emit(.opened)
    }
}
