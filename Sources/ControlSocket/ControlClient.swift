package import ControlPlane
package import Foundation
import Glibc

/// The other end of the control socket: one question, one answer. Blocks.
package struct ControlClient {
    /// Why there is no answer; says what to do next.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
        /// The socket is not for this user.
        package var isForbidden = false
    }

    private let path: String

    package init(path: String) {
        self.path = path
    }

    /// Asks and answers the last answer. `onPart` is told each part before it, and says whether to
    /// go on; where it does not, and at `deadline`, the answer is nil: whoever asked has seen enough.
    package func ask(
        _ request: ControlRequest, until deadline: Date? = nil,
        onPart: (ControlAnswer) throws -> Bool = { _ in true }
    ) throws -> ControlAnswer? {
        let stream = try connected { () throws(UnixStream.Failure) in
            let stream = try UnixStream(path: path)
            return stream
        }
        var line = try JSONEncoder().encode(request)
        line.append(UInt8(ascii: "\n"))
        try connected { () throws(UnixStream.Failure) in try stream.send(line) }
        while let line = try connected({ () throws(UnixStream.Failure) in
            try stream.line(until: deadline)
        }) {
            guard let answer = try? JSONDecoder().decode(ControlAnswer.self, from: line) else {
                throw Failure(
                    description: "the server's answer is none of this version; is this the "
                        + "martlet that serves?")
            }
            guard answer.isPart else { return answer }
            guard try onPart(answer) else { return nil }
        }
        return nil
    }

    private func connected<Value>(
        _ body: () throws(UnixStream.Failure) -> Value
    ) throws(Failure) -> Value {
        do throws(UnixStream.Failure) {
            return try body()
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ failure: UnixStream.Failure) -> Failure {
        switch failure.code {
        case 0: Failure(description: "the server went away before it answered")
        case ENOENT, ECONNREFUSED:
            Failure(
                description: "no server of this configuration is running "
                    + "(\(path): \(failure.reason)); martlet serve starts one")
        case EACCES, EPERM:
            Failure(
                description: "\(path): \(failure.reason); run this as root or as the server's user",
                isForbidden: true)
        case ENAMETOOLONG: Failure(description: "the socket's path is too long: \(path)")
        default: Failure(description: "\(failure.call) \(path): \(failure.reason)")
        }
    }
}
