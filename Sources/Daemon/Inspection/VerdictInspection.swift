import DNS
import LibCrypto
package import MailFlow
import MailModel
import NIOCore
package import Storage

/// What the server would find the mail in a file to be, as far as the file and the questions that
/// are allowed tell.
package struct VerdictInspection: Sendable {
    /// Who may be asked.
    package enum Reach: Sendable {
        /// Nobody: only what the mail itself tells.
        case nobody
        /// The DNS, about who sent the mail.
        case dns
        /// That, and the lists and scanners of the configuration.
        case screening
    }

    /// After that nothing more is asked, and what is still open could not be found out.
    package static let secondsMax: Int64 = 60

    /// Of a forged field that is shown.
    private static let fieldBytesMax = 1_000

    package let verdicts: VerdictRecord
    /// The mail's own fields that claim our name, each on one line and cut.
    package let forgedFields: [String]

    /// `mail` with any line ends. Without a client SPF is not asked for. Without a configuration the
    /// system's servers are asked, and no field claims our name. Throws `Server.Failure`.
    package init(
        of mail: [UInt8], from client: MailAuthenticator.Client?, by configuration: Configuration?,
        asking reach: Reach
    ) async throws {
        let mail = MailInFile.withLineEnds(mail)
        var found = try await MailInFile.asking(configuration) { resolver in
            await Self.judge(mail, client, configuration, reach, resolver)
        }
        if reach != .screening {
            found.spam = VerdictRecord.Finding(.disabled, reason: "nobody was asked")
            found.virus = found.spam
        }
        verdicts = found
        forgedFields = found.forgedFields.map { span in
            let field = mail[span.start..<(span.start + min(span.length, Self.fieldBytesMax))]
            return String(decoding: field, as: UTF8.self)
                .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
    }

    private static func judge(
        _ mail: [UInt8], _ client: MailAuthenticator.Client?, _ configuration: Configuration?,
        _ reach: Reach, _ resolver: any DNSResolver
    ) async -> VerdictRecord {
        let time = SystemTime()
        var settings =
            configuration.map { AuthenticationSettings($0) }
            ?? AuthenticationSettings(hostname: "localhost", authenticator: "localhost")
        settings.isEnabled = reach != .nobody
        let screening = configuration.map {
            ScreeningParts($0.screening, resolver: resolver, time: time, defers: false).screener
        }
        let understanding = Understanding(
            settings: settings, screener: reach == .screening ? screening : nil, bodies: nil,
            resolver: resolver, rsa: LibCryptoRSA(), time: time)
        let record = record(of: mail, client, at: time.now())
        return await withTaskGroup(of: Judgement?.self) { group in
            group.addTask {
                await understanding.judge(record, .bytes(ByteBuffer(bytes: mail)), isScanned: true)
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(secondsMax))
                return nil
            }
            var verdicts = VerdictRecord()
            // The first to end ends the other: whoever asks gives up its questions.
            for await judgement in group {
                group.cancelAll()
                if case .verdicts(let found) = judgement { verdicts = found }
            }
            return verdicts
        }
    }

    /// The mail as it would be received.
    private static func record(
        of mail: [UInt8], _ client: MailAuthenticator.Client?, at now: Timestamp
    ) -> MailRecord {
        MailRecord(
            id: MailID(at: now, random: SystemRandom()), account: .main, receivedAt: now,
            state: .acting,
            envelope: ReceivedEnvelope(
                mailFrom: client?.mailFrom ?? .null, recipients: [], helo: client?.helo ?? "",
                peerAddress: client?.address.description ?? "", tls: nil, isExtended: true,
                isSMTPUTF8: false, is8BitMIME: false),
            ruleSetVersion: "", isUntaken: false, bodyPlace: .row, headLength: 0,
            totalLength: mail.count, checksum: 0)
    }
}
