import MailModel
import NIOCore
import NIOHTTP1
package import Screening
import Storage

/// rspamd, asked by `POST /checkv2` over TCP or a Unix socket: one connection for each mail.
package struct RspamdScanner: MailScanner {
    private let address: ScannerSettings.Address
    private let line: ScannerLine

    package init(
        _ settings: ScannerSettings,
        rest: @escaping ScannerSettings.Rest = { try await Task.sleep(for: .seconds($0)) }
    ) {
        address = settings.address
        line = ScannerLine(settings, rest: rest)
    }

    package func scan(_ mail: ScannedMail) async -> ScanVerdict {
        do throws(ScannerFailure) {
            let answer: RspamdAnswer = try await line.exchange { channel, answer in
                try RspamdHandler.addHandlers(to: channel, answer: answer)
            } _: { [address] channel in
                let head = RspamdRequest.head(mail, to: address)
                try await channel.writeAndFlush(HTTPClientRequestPart.head(head))
                try await MailPieces.each(of: mail) { piece in
                    try await channel.writeAndFlush(
                        HTTPClientRequestPart.body(.byteBuffer(piece)))
                }
                try await channel.writeAndFlush(HTTPClientRequestPart.end(nil))
            }
            return Self.verdict(answer)
        } catch {
            return error.verdict(of: "rspamd")
        }
    }

    private static func verdict(_ answer: RspamdAnswer) -> ScanVerdict {
        // GTUBE is judged without a look: an answer that was skipped may still say something.
        if answer.isSkipped, answer.scan.action == .noAction {
            return ScanVerdict(.disabled, reason: "rspamd did not look into it: its settings")
        }
        return ScanVerdict(
            answer.scan.action.status, reason: "rspamd: \(answer.scan.text)",
            detail: .spam(answer.scan))
    }
}
