package import DeliveryQueue
package import Storage

/// What can be asked about access keys: of who sends, and of who asks for objects.
package enum AccessKeyRequest: Sendable, Codable {
    case create(name: String)
    case list
    case setActive(Bool, id: String)
    case delete(id: String)
}

/// What can be asked about sending.
package enum SenderRequest: Sendable, Codable {
    /// At most `SuppressionOperations.batchMax`. SES: `PutSuppressedDestination`
    case suppress([SuppressionEntry], isGlobal: Bool)
    /// At most `SuppressionOperations.batchMax`; those that are not there are passed over.
    case unsuppress([String], isGlobal: Bool)
    /// On both lists. SES: `GetSuppressedDestination`
    case showSuppression(String)
    /// SES: `ListSuppressedDestinations`
    case listSuppressions(SuppressionFilter, isGlobal: Bool)

    /// The service domain's records.
    case exportZone

    /// Of a day of UTC, `2026-11-28`; nil: today.
    case listTLSResults(day: String?)

    case listSent(SentMailFilter)
    case showSent(id: String)
    /// `isDry`: says how many it would be.
    case changeSent(SentMailChange, SentMailFilter, isDry: Bool)
}

/// What an identity is to send with.
package enum SenderChange: Sendable, Codable {
    /// SES: `VerifyDomainDkim`
    case startEasyDKIM
    /// SES: `PutEmailIdentityDkimSigningAttributes`. The key as PEM, or as the base64 of its DER.
    case bringDKIMKey(selector: String, key: String)
    /// SES: `SetIdentityDkimEnabled`
    case setSigning(Bool)
    /// SES: `PutEmailIdentityMailFromAttributes`
    case setMailFrom(String, MailFromSettings.Behavior)
    case clearMailFrom
    /// Nil: none. SES: `PutEmailIdentityConfigurationSetAttributes`
    case setConfigurationSet(String?)
}

/// What became of it.
package enum SenderAnswer: Sendable, Codable {
    case accessKeys([AccessKeyView])
    case newAccessKey(NewAccessKeyView)
    case suppressions([SuppressionView])
    /// How many there were.
    case count(Int)
    /// Lines of a zone file.
    case zone(String)
    case tlsResults([TLSResultView])
    /// Newest mails first.
    case sentRecipients([SentRecipientView])
    case sentMail(SentMailView)
    case sentMailChange(SentMailChangeView)
}
