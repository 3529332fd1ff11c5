import Accounts
import MailAuthentication
import MailModel
import NIOCore
import Storage

/// What a mail that is sent on gets besides signatures: the next set of its ARC chain, which says what
/// was found when it came. RFC 8617
extension SubmissionSigner {
    /// What was found of a mail when it came, whatever became of it since.
    struct Found {
        var verdicts: VerdictRecord
        /// The domain in its From.
        var author: Domain?
    }

    /// **Seal** and **sign** as `domain`. `found`: by the name `authenticator`; where that is not known
    /// there is no seal, and a mail whose header section others may read otherwise gets nothing. Throws what opening a key and reading the body do.
    func seal(
        _ header: [UInt8], _ bodyID: MailID, _ body: BodySpool.Content, as domain: Domain,
        _ found: Found?, by authenticator: Domain, at now: Timestamp
    ) throws -> SignedHead {
        let keys = try senders.signingKeys(for: domain)
        let (mail, isBody8Bit) = try read(bodyID, body, header, isSigned: !keys.isEmpty)
        var head = ByteBuffer()
        if let mail {
            do throws(SigningFailure) {
                head.writeBytes(try seal(mail, found, keys, authenticator, at: now))
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
        _ mail: SignedMail, _ found: Found?, _ keys: [SigningKeyUse], _ authenticator: Domain,
        at now: Timestamp
    ) throws(SigningFailure) -> [UInt8] {
        guard let found, found.verdicts.isComplete, let use = keys.first else { return [] }
        let verdicts = found.verdicts
        let isOpen = [verdicts.spf, verdicts.dkim, verdicts.dmarc].contains {
            $0.status == .disabled || $0.result == "temperror"
        }
        guard !isOpen else { return [] }
        let arc = verdicts.others.first { $0.method == "arc" }?.finding
        // What could not be told now is not said for ever.
        guard arc?.status != .processingFailed else { return [] }
        let result = arc.flatMap { ARCResult(rawValue: $0.result) } ?? .none
        let sealer = ARCSealer(domain: use.domain, selector: use.selector, key: use.key)
        return try sealer.fields(
            for: mail, results: Self.results(found, by: authenticator),
            chain: result, at: now) ?? []
    }

    /// RFC 8601's form of what was found.
    private static func results(
        _ found: Found, by authenticator: Domain
    ) -> [UInt8] {
        let verdicts = found.verdicts
        func word(_ finding: VerdictRecord.Finding) -> String {
            finding.result.isEmpty ? "none" : finding.result
        }
        var results = ["spf=\(word(verdicts.spf))"]
        results +=
            verdicts.dkimDomains.isEmpty
            ? ["dkim=\(word(verdicts.dkim))"]
            : verdicts.dkimDomains.map { "dkim=pass header.d=\($0)" }
        let from = found.author.map { " header.from=\($0.ascii)" } ?? ""
        results.append("dmarc=\(word(verdicts.dmarc))\(from)")
        return Array("\(authenticator.ascii);\r\n \(results.joined(separator: ";\r\n "))".utf8)
    }
}
