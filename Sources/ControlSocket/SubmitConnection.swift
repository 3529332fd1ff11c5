import Foundation
import MailFlow
import MailModel
import NIOCore

/// One mail of a local program.
final class SubmitConnection: Sendable {
    /// What stands before the mail.
    static let requestBytesMax = 65_536
    /// For the answer to be taken.
    static let answerSecondsMax: Int64 = 60
    /// What still comes after a refusal is read this long: a connection that is closed before takes
    /// the refusal with it.
    static let lingerSeconds: Int64 = 5

    private typealias Inbound = NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator

    private let limits: SubmitLimits
    private let flow: SubmissionFlow
    private let user: LocalUser
    private let domain: Domain
    private let log: any SubmitLog
    private let timer: ConnectionTimer

    init(
        _ channel: any Channel, limits: SubmitLimits, flow: SubmissionFlow, user: LocalUser,
        domain: Domain, log: any SubmitLog
    ) {
        timer = ConnectionTimer(channel)
        self.limits = limits
        self.flow = flow
        self.user = user
        self.domain = domain
        self.log = log
    }

    /// Takes the mail and says what became of it; `refusal`: why it is not even read.
    func serve(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, refusal: LocalRefusal?
    ) async throws {
        defer { timer.end() }
        var pieces = inbound.makeAsyncIterator()
        let answer: LocalAnswer
        do throws(Ending) {
            if let refusal { throw .refused(refusal) }
            answer = .sent(try await take(&pieces))
        } catch {
            switch error {
            case .gone: return log.cut(user)
            case .refused(let refusal):
                log.refused(refusal, to: user)
                answer = .refused(refusal)
            }
        }
        timer.limit(to: Self.answerSecondsMax)
        let bytes = try JSONEncoder().encode(answer) + [UInt8(ascii: "\n")]
        try await outbound.write(ByteBuffer(bytes: bytes))
        guard case .refused = answer else { return }
        timer.limit(to: Self.lingerSeconds)
        while try await pieces.next() != nil {}
    }

    private enum Ending: Error {
        /// Before its mail was whole: nobody hears an answer.
        case gone
        case refused(LocalRefusal)
    }

    private func take(_ pieces: inout Inbound) async throws(Ending) -> MessageID {
        timer.limit(to: limits.requestSecondsMax)
        var waiting = ByteBuffer()
        let mail = try await request(&pieces, &waiting)
        guard mail.bytes >= 0, mail.bytes <= limits.mailBytesMax else {
            throw .refused(
                LocalRefusal(
                    .tooLarge,
                    "the mail has \(mail.bytes) bytes; at most \(limits.mailBytesMax) are taken"))
        }
        timer.limit(to: limits.mailSecondsMax)
        let intake: any MailIntake
        switch flow.open(mail, of: user, domain: domain) {
        case .failure(let refusal): throw .refused(refusal)
        case .success(let opened): intake = opened
        }
        do throws(Ending) {
            try await hand(&pieces, waiting, mail.bytes, to: intake)
        } catch {
            intake.abandon()
            throw error
        }
        timer.end()
        let outcome = await withCheckedContinuation { continuation in
            intake.finish { continuation.resume(returning: $0) }
        }
        switch outcome {
        case .sent(let id):
            log.submitted(id, bytes: mail.bytes, by: user)
            return id
        case .refused(let refusal): throw .refused(LocalRefusal(refusal))
        case .accepted: preconditionFailure("a mail that is sent has a message id")
        }
    }

    private func request(
        _ pieces: inout Inbound, _ waiting: inout ByteBuffer
    ) async throws(Ending) -> LocalMail {
        while true {
            if let end = waiting.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
                let line = waiting.readSlice(length: end - waiting.readerIndex)
            {
                waiting.moveReaderIndex(forwardBy: 1)
                if line.readableBytes <= Self.requestBytesMax,
                    let mail = try? JSONDecoder().decode(
                        LocalMail.self, from: Data(line.readableBytesView))
                {
                    return mail
                }
                throw .refused(
                    LocalRefusal(
                        .request, "not a request of this version; is this the martlet that serves?"
                    ))
            }
            guard waiting.readableBytes <= Self.requestBytesMax else {
                throw .refused(
                    LocalRefusal(
                        .request,
                        "what stands before the mail has at most \(Self.requestBytesMax) bytes"))
            }
            guard var piece = try await next(&pieces) else { throw .gone }
            waiting.writeBuffer(&piece)
        }
    }

    private func hand(
        _ pieces: inout Inbound, _ first: ByteBuffer, _ bytes: Int, to intake: any MailIntake
    ) async throws(Ending) {
        var rest = bytes
        var piece = first
        while true {
            if let part = piece.readSlice(length: min(rest, piece.readableBytes)),
                part.readableBytes > 0
            {
                rest -= part.readableBytes
                if let refusal = await give(part, to: intake) {
                    throw .refused(LocalRefusal(refusal))
                }
            }
            guard rest > 0 else { return }
            guard let next = try await next(&pieces) else { throw .gone }
            piece = next
        }
    }

    /// Waits until there is room for more.
    private func give(_ piece: ByteBuffer, to intake: any MailIntake) async -> Refusal? {
        await withCheckedContinuation { continuation in
            switch intake.append(piece, onDrain: { continuation.resume(returning: nil) }) {
            case .goOn: continuation.resume(returning: nil)
            case .pause: break
            case .refused(let refusal): continuation.resume(returning: refusal)
            }
        }
    }

    private func next(_ pieces: inout Inbound) async throws(Ending) -> ByteBuffer? {
        do {
            return try await pieces.next()
        } catch {
            throw .gone
        }
    }
}
