import MailFlow
import MailModel
import NIOCore
import SMTPProtocol
import Storage

/// AUTH: PLAIN (RFC 4616) and LOGIN, under TLS alone. RFC 4954
extension SMTPServerSession {
    /// What the client was asked for.
    enum AuthExchange: Equatable {
        case plain
        case loginUser
        case loginPassword(user: String)
    }

    /// Nobody is asked for a password in the clear.
    var isLoginOffered: Bool { settings.role == .submission && tls != nil && login == nil }

    private static let userChallenge = "VXNlcm5hbWU6"
    private static let passwordChallenge = "UGFzc3dvcmQ6"

    mutating func auth(_ mechanism: String, _ initial: ArraySlice<UInt8>?) {
        guard settings.role == .submission else { return refuse(SMTPReplies.auth, about: "AUTH") }
        guard helo != nil, isExtended else { return refuse(SMTPReplies.ehloFirst, about: "AUTH") }
        guard tls != nil else { return refuse(SMTPReplies.startTLSFirst, about: "AUTH") }
        guard login == nil else { return refuse(SMTPReplies.authAgain, about: "AUTH") }
        guard transaction == nil else { return refuse(SMTPReplies.mailAgain, about: "AUTH") }
        switch mechanism {
        case "PLAIN": begin(.plain, "", initial)
        case "LOGIN": begin(.loginUser, Self.userChallenge, initial)
        default: refuse(SMTPReplies.authMechanism, about: "AUTH")
        }
    }

    private mutating func begin(
        _ exchange: AuthExchange, _ challenge: String, _ initial: ArraySlice<UInt8>?
    ) {
        if let initial {
            // RFC 4954 §4: a lone equals sign is an empty response.
            take(initial == Array("=".utf8)[...] ? [] : initial, of: exchange)
        } else {
            ask(challenge, exchange)
        }
    }

    private mutating func ask(_ challenge: String, _ exchange: AuthExchange) {
        send(SMTPReplies.challenge(challenge))
        enter(.authenticating(exchange))
    }

    mutating func handle(_ line: LineDecoder.Line, of exchange: AuthExchange) {
        switch line {
        case .tooLong, .endless:
            enter(.command)
            refuse(SMTPReplies.lineTooLong, about: "AUTH")
        case .bareLineFeed(let bytes):
            guard settings.bareLineEnds == .normalise else {
                enter(.command)
                return refuse(SMTPReplies.bareLineFeed, about: "AUTH")
            }
            take(Array(bytes.readableBytesView)[...], of: exchange)
        case .line(let bytes): take(Array(bytes.readableBytesView)[...], of: exchange)
        }
    }

    private mutating func take(_ response: ArraySlice<UInt8>, of exchange: AuthExchange) {
        enter(.command)
        guard response != Array("*".utf8)[...] else {
            return refuse(SMTPReplies.authCancelled, about: "AUTH")
        }
        guard let text = Base64.decodeStrictly(response) else {
            return refuse(SMTPReplies.authMalformed, about: "AUTH")
        }
        switch exchange {
        case .plain:
            // RFC 4616 §2: who it is to act as, who it is, and the password.
            let parts = text.split(separator: 0, omittingEmptySubsequences: false)
            guard parts.count == 3, let user = Self.text(parts[1]),
                let password = Self.text(parts[2]),
                parts[0].isEmpty || parts[0] == parts[1]
            else { return refuse(SMTPReplies.authMalformed, about: "AUTH") }
            logIn(PasswordLogin(user: user, password: password))
        case .loginUser:
            guard let user = Self.text(text[...]) else {
                return refuse(SMTPReplies.authMalformed, about: "AUTH")
            }
            ask(Self.passwordChallenge, .loginPassword(user: user))
        case .loginPassword(let user):
            guard let password = Self.text(text[...]) else {
                return refuse(SMTPReplies.authMalformed, about: "AUTH")
            }
            logIn(PasswordLogin(user: user, password: password))
        }
    }

    /// Of a user or a password; more is neither.
    private static let textBytesMax = 255

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        guard (1...textBytesMax).contains(bytes.count),
            bytes.allSatisfy({ $0 >= 32 && $0 != 127 })
        else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private mutating func logIn(_ login: PasswordLogin) {
        switch receiver.logIn(login, peerAddress: peer.address) {
        case .accepted(let submitter):
            self.login = submitter
            outputs.append(.event(.loggedIn(submitter.name)))
            send(SMTPReplies.authDone)
        case .refused: refuse(SMTPReplies.authInvalid, about: Self.subject(login))
        case .tooManyFailures:
            refuse(SMTPReplies.authTooOften, about: Self.subject(login), isError: true)
        case .unavailable: refuse(SMTPReplies.authUnavailable, about: "AUTH")
        }
    }

    /// For the log: the access key that was tried. What has not the form of one's id is not told, as
    /// it may be a password that was given for it.
    private static func subject(_ login: PasswordLogin) -> String {
        AccessKeyRecord.isID(login.user) ? "AUTH as \(login.user)" : "AUTH as no access key"
    }
}
