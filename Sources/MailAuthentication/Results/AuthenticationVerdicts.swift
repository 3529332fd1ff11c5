package import MailModel

/// All that was found of who sent a mail.
package struct AuthenticationVerdicts: Sendable, Hashable {
    /// The identity of MAIL FROM; nil where nothing is known of the client.
    package var spf: SPFOutcome?
    /// The HELO name's; nil where it was not asked for.
    package var helo: SPFOutcome?
    package var dkim: [DKIMOutcome]
    /// Nil where it was not asked for.
    package var arc: ARCOutcome?
    package var dmarc: DMARCOutcome
    /// Nil where it was not asked for.
    package var reverseLookup: ReverseLookup?

    package init(
        spf: SPFOutcome?, helo: SPFOutcome? = nil, dkim: [DKIMOutcome], arc: ARCOutcome? = nil,
        dmarc: DMARCOutcome, reverseLookup: ReverseLookup? = nil
    ) {
        self.spf = spf
        self.helo = helo
        self.dkim = dkim
        self.arc = arc
        self.dmarc = dmarc
        self.reverseLookup = reverseLookup
    }
}

extension AuthenticationVerdicts {
    package var spfVerdict: ReceiptVerdict { spf.map(Self.verdict) ?? .disabled }

    /// Of either identity.
    package static func verdict(of outcome: SPFOutcome) -> ReceiptVerdict {
        switch outcome.result {
        case .pass: .pass
        case .fail: .fail
        case .softfail, .neutral, .none: .gray
        case .temperror, .permerror: .processingFailed
        }
    }

    /// One good signature is enough; without one, a bad one counts before those that could not be
    /// checked. A signature that cannot be used, now and later, is a bad one.
    package var dkimVerdict: ReceiptVerdict {
        // RFC 6376 §3.6.1: under test it counts as if it were not there.
        let counting = dkim.filter { !$0.isTesting && !$0.reason.isGoodForNothing }
        let results = Set(counting.map(\.result))
        if results.contains(.pass) { return .pass }
        if !results.isDisjoint(with: [.fail, .permerror, .policy]) { return .fail }
        return results.contains(.temperror) ? .processingFailed : .gray
    }

    package var dmarcVerdict: ReceiptVerdict {
        switch dmarc.result {
        case .pass: .pass
        case .fail: .fail
        case .none: .gray
        case .temperror: .processingFailed
        case .permerror: isAuthorUnclear ? .fail : .processingFailed
        }
    }

    /// Whether From names no single author: nobody can stand for such a mail, and readers may take it
    /// for anybody's.
    package var isAuthorUnclear: Bool {
        if case .author = dmarc.reason { true } else { false }
    }

    /// What the domain wishes to be done, a test of its policy considered; for a mail that failed, or
    /// of which it could not be told now.
    package var dmarcPolicy: DMARCPolicy? {
        switch dmarc.result {
        case .fail: dmarc.disposition()
        case .temperror: dmarc.policy == nil ? nil : dmarc.disposition()
        case .pass, .none, .permerror: nil
        }
    }
}
