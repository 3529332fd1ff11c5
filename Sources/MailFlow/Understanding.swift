package import DNS
package import MailAuthentication
package import MailModel
import NIOCore
package import Screening
package import Storage

/// **Understand**: what a committed mail is, and who really sent it: SPF, DKIM, ARC, DMARC, the
/// client's name, and what scanners and lists say of it.
package struct Understanding: MailJudge {
    /// Of a mail in a file, in memory at once.
    private static let pieceBytes = 1_048_576

    private let settings: AuthenticationSettings
    private let screener: MailScreener?
    private let bodies: (any BodyFiles)?
    private let authenticator: MailAuthenticator
    private let forged: ForgedResults

    /// `screener`: nil where nobody looks into mails. `bodies`: nil where no mail is in a file.
    package init(
        settings: AuthenticationSettings, screener: MailScreener?, bodies: (any BodyFiles)?,
        resolver: any DNSResolver, rsa: any RSACryptography, time: any TimeSource
    ) {
        self.settings = settings
        self.screener = screener
        self.bodies = bodies
        authenticator = MailAuthenticator(
            resolver: resolver, rsa: rsa, time: time,
            receiver: Domain(validatedASCII: settings.hostname))
        forged = ForgedResults(ofOurs: [settings.hostname, settings.authenticator])
    }

    package func origin(of mail: MailRecord, _ content: MailContent) async -> VerdictRecord? {
        do throws(StorageFailure) {
            let read = try read(mail, content)
            var verdicts = VerdictRecord()
            verdicts.noteForged(forged, in: read.header)
            verdicts.noteOrigin(
                await authenticator.origin(
                    of: try signedMail(mail, content, read.header), by: read.author,
                    from: MailAuthenticator.Client(mail.envelope)),
                mail.envelope, settings)
            (verdicts.spam, verdicts.virus) = (.open, .open)
            verdicts.extent = .origin
            return verdicts
        } catch {
            return nil
        }
    }

    package func judge(
        _ mail: MailRecord, _ content: MailContent, isScanned: Bool
    ) async -> Judgement {
        var verdicts = mail.verdicts ?? .unjudged
        let author: MailAuthenticator.Author
        do throws(StorageFailure) {
            let read = try read(mail, content)
            author = read.author
            if verdicts.extent == .nothing { verdicts.noteForged(forged, in: read.header) }
            if !settings.isEnabled {
                verdicts.noteUnauthenticated()
            } else if verdicts.extent != .authentication {
                let signed = try signedMail(mail, content, read.header)
                await authenticate(mail, signed, author, &verdicts)
            }
        } catch {
            return .later(verdicts, because: "\(error)")
        }
        verdicts.extent = .everything
        guard let screener, screener.isEnabled else {
            verdicts.noteUnscanned()
            return .verdicts(verdicts)
        }
        guard isScanned else {
            verdicts.noteUnscanned(because: "no rule that takes the mail scans")
            return .verdicts(verdicts)
        }
        let screened = await screener.screen(
            ScannedMail(mail, content: content), author: try? author.get())
        verdicts.note(screened)
        guard screened.waitsFor.isEmpty else {
            verdicts.extent = .authentication
            return .later(verdicts, because: screened.whyItWaits)
        }
        return .verdicts(verdicts)
    }

    /// What its session has found out is not asked again.
    private func authenticate(
        _ mail: MailRecord, _ signed: SignedMail, _ author: MailAuthenticator.Author,
        _ verdicts: inout VerdictRecord
    ) async {
        let client = MailAuthenticator.Client(mail.envelope)
        guard verdicts.extent == .nothing else {
            let way = await authenticator.way(of: signed, from: client)
            return verdicts.noteWay(way.helo, way.arc, way.reverseLookup)
        }
        let all = await authenticator.check(signed, by: author, from: client)
        verdicts.noteOrigin(all, mail.envelope, settings)
        verdicts.noteWay(all.helo, all.arc, all.reverseLookup)
    }

    // MARK: Reading

    /// The mail's own header section, with its empty line, and whose domain stands in its From.
    private func read(
        _ mail: MailRecord, _ content: MailContent
    ) throws(StorageFailure) -> (header: [UInt8], author: MailAuthenticator.Author) {
        let front = try content.piece(
            of: mail.id, from: mail.headLength, length: settings.headerBytesMax, in: bodies)
        let block = front.withUnsafeReadableBytes { HeaderBlock($0) }
        return (
            Array(block.bytes),
            Result { () throws(AuthorDomainDefect) in try AuthorDomain.find(in: block) }
        )
    }

    /// The mail read through once for all of its signatures.
    private func signedMail(
        _ mail: MailRecord, _ content: MailContent, _ header: [UInt8]
    ) throws(StorageFailure) -> SignedMail {
        var reader = SignedMailReader(header: header)
        var position = mail.headLength + header.count
        while position < mail.totalLength {
            let bytes = try content.piece(
                of: mail.id, from: position, length: Self.pieceBytes, in: bodies)
            guard bytes.readableBytes > 0 else {
                throw .damaged("mail \(mail.id) is shorter than what was accepted")
            }
            bytes.withUnsafeReadableBytes { reader.append($0) }
            position += bytes.readableBytes
        }
        return reader.finish()
    }
}

/// What the operator sets of authentication.
package struct AuthenticationSettings: Sendable {
    /// Whether who sent a mail is checked at all.
    package var isEnabled = true
    package var hostname: String
    /// The name under which results are given. RFC 8601 §2.5
    package var authenticator: String
    /// The header section, from the first byte to the empty line.
    package var headerBytesMax: Int

    package init(hostname: String, authenticator: String, headerBytesMax: Int = 262_144) {
        self.hostname = hostname
        self.authenticator = authenticator
        self.headerBytesMax = headerBytesMax
    }
}
