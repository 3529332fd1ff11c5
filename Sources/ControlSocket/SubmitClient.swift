package import Foundation
import Glibc
package import MailFlow

/// The other end of the socket where local programs submit: one mail, one answer. Blocks.
package struct SubmitClient {
    /// Why there is no answer.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package enum Kind: Sendable {
            /// Nobody is there, or not any more: later there may be.
            case away
            /// The socket is not for this user.
            case forbidden
        }

        package let kind: Kind
        package let description: String
    }

    /// For the whole answer, once the mail is handed over.
    private static let answerSecondsMax = 300.0

    private let path: String

    package init(path: String) {
        self.path = path
    }

    /// Hands over `content`, which is what `mail` tells of.
    package func submit(_ mail: LocalMail, _ content: Data) throws(Failure) -> LocalAnswer {
        do throws(UnixStream.Failure) {
            let stream = try UnixStream(path: path)
            // Who refuses early closes early, and its answer is read all the same.
            do throws(UnixStream.Failure) {
                try stream.send(Self.line(mail))
                try stream.send(content)
            } catch {
                guard error.code == EPIPE || error.code == ECONNRESET else { throw error }
            }
            let deadline = Date(timeIntervalSinceNow: Self.answerSecondsMax)
            guard let line = try stream.line(until: deadline) else {
                throw UnixStream.Failure(call: "read", code: ETIMEDOUT)
            }
            if let answer = try? JSONDecoder().decode(LocalAnswer.self, from: line) {
                return answer
            }
        } catch {
            throw failure(error)
        }
        throw Failure(
            kind: .away,
            description: "the server's answer is none of this version; is this the martlet that "
                + "serves?")
    }

    private static func line(_ mail: LocalMail) -> Data {
        guard var line = try? JSONEncoder().encode(mail) else {
            preconditionFailure("texts and numbers always encode")
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private func failure(_ failure: UnixStream.Failure) -> Failure {
        switch failure.code {
        case 0: Failure(kind: .away, description: "the server went away before it answered")
        case ENOENT, ECONNREFUSED:
            Failure(
                kind: .away,
                description: "no server of this configuration takes mail here "
                    + "(\(path): \(failure.reason)); is it running, with sending enabled?")
        case EACCES, EPERM:
            Failure(
                kind: .forbidden,
                description: "\(path): \(failure.reason); only root, the server's user and the "
                    + "group of sending.submitSocket may send")
        default: Failure(kind: .away, description: "\(failure.call) \(path): \(failure.reason)")
        }
    }
}
