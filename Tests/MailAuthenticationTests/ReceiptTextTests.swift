import MailAuthentication
import MailModel
import Testing

/// P1: SES's form of the results is searched as text, for the first `dmarc=` or `header.from=` in it.
@Suite struct ReceiptTextTests {
    private func verdicts(_ signatures: [DKIMOutcome]) -> AuthenticationVerdicts {
        var dmarc = DMARCOutcome(.fail, .noRecord)
        dmarc.authorDomain = Domain(validatedASCII: "bank.example")
        return AuthenticationVerdicts(spf: nil, dkim: signatures, dmarc: dmarc)
    }

    private func signature(_ reason: DKIMReason, by identity: String) -> DKIMOutcome {
        var outcome = DKIMOutcome(reason.result, reason)
        outcome.identity = identity
        return outcome
    }

    /// Of a signature: who it says to be from, and what is written of that.
    @Test(arguments: [
        (DKIMReason.verified, "@evil.example", "dkim=pass header.i=@evil.example"),
        (.verified, "joe+a@evil.example", "dkim=pass header.i=joe+a@evil.example"),
        (.verified, "; dkim=pass; dmarc=pass@evil.example", "dkim=pass header.i=@evil.example"),
        (.verified, "dmarc=pass@evil.example", "dkim=pass header.i=@evil.example"),
        (.verified, "\u{202E}a@evil.example", "dkim=pass header.i=@evil.example"),
        (.verified, "a@B\u{FC}cher.example", "dkim=pass header.i=a@xn--bcher-kva.example"),
        (.noKey, "; dkim=pass header.i=@bank.example; dmarc=pass@evil.example", "dkim=permerror"),
        (.bodyDiffers, "a@evil.example", "dkim=fail"),
        (
            .partOfBody(unsigned: 3), "a@evil.example",
            "dkim=policy (the signature is good, but 3 bytes of the body are not signed)"
        ),
    ])
    func saysWhoseSignatureIsGood(_ reason: DKIMReason, _ identity: String, _ clause: String) {
        let text = verdicts([signature(reason, by: identity)])
            .receiptText(by: "mx.ours.example", nil)
        #expect(
            text == "mx.ours.example;\r\n \(clause);\r\n dmarc=fail header.from=bank.example;")
    }

    /// Of MAIL FROM: its address, and what is written of it in both fields.
    @Test(arguments: [
        ("ada@sender.example", "ada@sender.example"),
        ("prvs=12=ada+b=c.example@sender.example", "prvs=12=ada+b=c.example@sender.example"),
        ("\"a b\"@evil.example", "?a?b?@evil.example"),
        (
            "\"; dmarc=pass header.from=bank.example; x\"@evil.example",
            "???dmarc?pass?header.from?bank.example??x?@evil.example"
        ),
        ("dmarc=pass@evil.example", "dmarc?pass@evil.example"),
        ("a=DKIM=pass@evil.example", "a=DKIM?pass@evil.example"),
        ("header.from=bank.example@evil.example", "header.from?bank.example@evil.example"),
        ("a\u{202E}b@evil.example", "a?b@evil.example"),
        ("ada@b\u{FC}cher.example", "ada@xn--bcher-kva.example"),
    ])
    func saysWhereAMailCameFrom(_ address: String, _ written: String) throws {
        let client = try #require(IPAddress("192.0.2.7"))
        let sender = SPFSender(client, helo: "; dmarc=pass", mailFrom: "")
        let received = ReceivedSPF(SPFOutcome(.none, .noDomain, sender), envelopeFrom: address)
        var verdicts = verdicts([DKIMOutcome(.none, .notSigned)])
        verdicts.spf = SPFOutcome(.none, .noDomain, sender)
        for text in [received.field, verdicts.receiptText(by: "mx.ours.example", received)] {
            #expect(text.contains("; envelope-from=\(written); helo=\"??dmarc?pass\";"))
            #expect(text.utf8.allSatisfy { $0 < 0x7F })
            #expect(!text.contains("dmarc=pass") && !text.contains("202E"))
        }
    }
}
