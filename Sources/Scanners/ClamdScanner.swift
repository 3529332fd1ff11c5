import MailModel
import NIOCore
package import Screening
import Storage

/// ClamAV's clamd, asked by `INSTREAM` over TCP or a Unix socket: one connection for each mail.
/// clamd(8)
package struct ClamdScanner: MailScanner {
    private let line: ScannerLine

    package init(
        _ settings: ScannerSettings,
        rest: @escaping ScannerSettings.Rest = { try await Task.sleep(for: .seconds($0)) }
    ) {
        line = ScannerLine(settings, rest: rest)
    }

    package func scan(_ mail: ScannedMail) async -> ScanVerdict {
        do throws(ScannerFailure) {
            let answer: ClamdAnswer = try await line.exchange { channel, answer in
                try channel.pipeline.syncOperations.addHandler(ClamdHandler(answer: answer))
            } _: { channel in
                try await Self.send(mail, on: channel)
            }
            return try Self.verdict(answer)
        } catch {
            return error.verdict(of: "clamd")
        }
    }

    /// Each piece with its length before it; one of no bytes ends the mail.
    private static func send(_ mail: ScannedMail, on channel: any Channel) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: "zINSTREAM\0"))
        try await MailPieces.each(of: mail) { piece in
            channel.write(
                ByteBuffer(integer: UInt32(piece.readableBytes)), promise: nil)
            try await channel.writeAndFlush(piece)
        }
        try await channel.writeAndFlush(ByteBuffer(integer: UInt32(0)))
    }

    private static func verdict(_ answer: ClamdAnswer) throws(ScannerFailure) -> ScanVerdict {
        switch answer {
        case .clean: return ScanVerdict(.pass, reason: "clamd found nothing")
        case .found(let signature):
            return ScanVerdict(
                .fail, reason: "clamd found \(signature)", detail: .virus(signature: signature))
        case .error(let text):
            // The one error that the mail is the reason of: its size. clamd.conf: StreamMaxLength
            if text.contains("size limit") { throw .refused(text) }
            throw .unavailable(text)
        }
    }
}
