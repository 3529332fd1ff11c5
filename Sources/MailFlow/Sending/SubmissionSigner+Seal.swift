import Accounts
import MailAuthentication
import MailModel
import NIOCore
import Storage

/// What a mail that is sent on gets besides signatures: the next set of its ARC chain, which says what
/// was found when it came. RFC 8617
extension SubmissionSigner {
    /// **Seal** and **sign** as `domain`. `verdicts`: what was found, by the name `authenticator`;
    /// where that is not known there is no seal, and a mail whose header section others may read
    /// otherwise gets nothing. Throws what opening a key and reading the body do.
    func seal(
        _ header: [UInt8], _ bodyID: MailID, _ body: BodySpool.Content, as domain: Domain,
        _ verdicts: VerdictRecord?, by authenticator: Domain, at now: Timestamp
    ) throws -> SignedHead {
        let keys = try senders.signingKeys(for: domain)
        let (mail, isBody8Bit) = try read(bodyID, body, header, isSigned: !keys.isEmpty)
        var head = ByteBuffer()
        if let mail {
            do throws(SigningFailure) {
                head.writeBytes(try seal(mail, header, verdicts, keys, authenticator, at: now))
                for use in keys {
                    let signer = DKIMSigner(
                        domain: use.domain, selector: use.selector, key: use.key)
                    head.writeBytes(try signer.field(for: mail, at: now))
                }
            } catch {
                head.clear()
            }
        }
        head.writeBytes(header)
        return SignedHead(bytes: head, isBody8Bit: isBody8Bit)
    }

    private func seal(
        _ mail: SignedMail, _ header: [UInt8], _ verdicts: VerdictRecord?, _ keys: [SigningKeyUse],
        _ authenticator: Domain, at now: Timestamp
    ) throws(SigningFailure) -> [UInt8] {
        guard let verdicts, verdicts.isComplete, verdicts.dkim.status != .disabled,
            let use = keys.first
        else { return [] }
        let arc = verdicts.others.first { $0.method == "arc" }?.finding
        // What could not be told now is not said for ever.
        guard arc?.status != .processingFailed else { return [] }
        let result = arc.flatMap { ARCResult(rawValue: $0.result) } ?? .none
        let sealer = ARCSealer(domain: use.domain, selector: use.selector, key: use.key)
        return try sealer.fields(
            for: mail, results: Self.results(verdicts, of: header, by: authenticator),
            chain: result, at: now) ?? []
    }

    /// RFC 8601's form of what was found.
    private static func results(
        _ verdicts: VerdictRecord, of header: [UInt8], by authenticator: Domain
    ) -> [UInt8] {
        func word(_ finding: VerdictRecord.Finding) -> String {
            finding.result.isEmpty ? "none" : finding.result
        }
        var results = ["spf=\(word(verdicts.spf))"]
        results +=
            verdicts.dkimDomains.isEmpty
            ? ["dkim=\(word(verdicts.dkim))"]
            : verdicts.dkimDomains.map { "dkim=pass header.d=\($0)" }
        let author = HeaderBlock(header[...]).first("From")
            .flatMap { AddressList.addresses($0.body).first }.flatMap { Mailbox($0) }
        let from = author.map { " header.from=\($0.domain.ascii)" } ?? ""
        results.append("dmarc=\(word(verdicts.dmarc))\(from)")
        return Array("\(authenticator.ascii);\r\n \(results.joined(separator: ";\r\n "))".utf8)
    }
}
