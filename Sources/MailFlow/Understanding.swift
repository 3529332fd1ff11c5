import Crypto
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
    private let bodies: any BodyFiles
    private let resolver: any DNSResolver
    private let time: any TimeSource
    private let spf: SPFVerifier
    private let dkim: DKIMVerifier
    private let arc: ARCVerifier
    private let dmarc: DMARCVerifier
    private let forged: ForgedResults

    /// `screener`: nil where nobody looks into mails.
    package init(
        settings: AuthenticationSettings, screener: MailScreener?, bodies: any BodyFiles,
        resolver: any DNSResolver, rsa: any RSACryptography, time: any TimeSource
    ) {
        self.settings = settings
        self.screener = screener
        self.bodies = bodies
        self.resolver = resolver
        self.time = time
        spf = SPFVerifier(
            resolver: resolver, time: time,
            receiver: Domain(validatedASCII: settings.hostname))
        dkim = DKIMVerifier(resolver: resolver, rsa: rsa, time: time)
        arc = ARCVerifier(resolver: resolver, rsa: rsa, time: time)
        dmarc = DMARCVerifier(resolver: resolver, time: time)
        forged = ForgedResults(ofOurs: [settings.hostname, settings.authenticator])
    }

    package func judge(_ mail: MailRecord, _ content: MailContent) async -> Judgement {
        var verdicts = VerdictRecord()
        let author: Result<Domain, AuthorDomainDefect>
        do throws(StorageFailure) {
            let block = try headerBlock(of: mail, content)
            author = Result { () throws(AuthorDomainDefect) in try AuthorDomain.find(in: block) }
            let header = Array(block.bytes)
            verdicts.forgedFields = forged.ranges(in: MailFields(header)).map {
                VerdictRecord.ByteSpan(start: $0.lowerBound, length: $0.count)
            }
            if settings.isEnabled {
                let signed = try signedMail(mail, content, header)
                verdicts.note(
                    await authenticate(mail.envelope, signed, author), mail.envelope, settings)
            }
        } catch {
            return .later("\(error)")
        }
        guard let screener, screener.isEnabled else { return .verdicts(verdicts) }
        let screened = await screener.screen(
            ScannedMail(mail, content: content), author: try? author.get())
        guard screened.waitsFor.isEmpty else {
            return .later("\(screened.waitsFor.joined(separator: ", ")) cannot be had")
        }
        verdicts.note(screened)
        return .verdicts(verdicts)
    }

    // MARK: Who sent it

    private func authenticate(
        _ envelope: ReceivedEnvelope, _ mail: SignedMail,
        _ author: Result<Domain, AuthorDomainDefect>
    ) async -> AuthenticationVerdicts? {
        // Nobody is let in whose address is none.
        guard let address = IPAddress(envelope.peerAddress) else { return nil }
        let sender = SPFSender(address, helo: envelope.helo, mailFrom: envelope.mailFrom)
        async let signatures = dkim.verify(mail)
        async let chain = arc.verify(mail)
        async let name = reverseLookup(envelope.peerName, of: address)
        let sent = await spf.check(sender)
        let signed = await signatures
        let aligned = await dmarc.check(author, DMARCEvidence(spf: sent, dkim: signed))
        return AuthenticationVerdicts(
            spf: sent, dkim: signed, arc: await chain, dmarc: aligned,
            reverseLookup: await name)
    }

    /// What was known when the mail began, or else what is found now.
    private func reverseLookup(
        _ name: PeerName, of address: IPAddress
    ) async -> ReverseLookup {
        switch name {
        case .verified(let name): .found(.confirmed(name))
        case .unconfirmed(let name): .found(.unconfirmed(name))
        case .absent: .found(.absent)
        case .unknown:
            await ReverseLookup.check(address, resolver: resolver, time: time)
        }
    }

    // MARK: Reading

    /// The mail's own header section, with its empty line.
    private func headerBlock(
        of mail: MailRecord, _ content: MailContent
    ) throws(StorageFailure) -> HeaderBlock {
        let front = try piece(
            mail, content, from: mail.headLength, length: settings.headerBytesMax)
        return HeaderBlock(Array(front.readableBytesView)[...])
    }

    /// The mail read through once for all of its signatures.
    private func signedMail(
        _ mail: MailRecord, _ content: MailContent, _ header: [UInt8]
    ) throws(StorageFailure) -> SignedMail {
        var reader = SignedMailReader(header: header)
        var position = mail.headLength + header.count
        while position < mail.totalLength {
            let bytes = try piece(mail, content, from: position, length: Self.pieceBytes)
            guard bytes.readableBytes > 0 else {
                throw .damaged("mail \(mail.id) is shorter than what was accepted")
            }
            bytes.withUnsafeReadableBytes { reader.append($0) }
            position += bytes.readableBytes
        }
        return reader.finish()
    }

    private func piece(
        _ mail: MailRecord, _ content: MailContent, from start: Int, length: Int
    ) throws(StorageFailure) -> ByteBuffer {
        switch content {
        case .bytes(let bytes):
            let count = max(0, min(length, bytes.readableBytes - start))
            return bytes.getSlice(at: bytes.readerIndex + start, length: count) ?? ByteBuffer()
        case .file:
            return try bodies.read(mail.id, from: start, length: length)
        }
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
