import LibCrypto
import MailFlow
import MailModel
import Screening

/// Who finds out what a mail is.
struct JudgingParts {
    /// Nil where nobody does.
    let judge: (any MailJudge)?
    /// Nil where nobody looks into what is sent.
    let virusScanner: MailScreener.Scanner?

    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ names: NameParts
    ) {
        let authentication = configuration.authentication
        let screening = ScreeningParts(
            configuration.screening, resolver: names.counting, time: surroundings.time)
        let screener = screening.screener
        virusScanner = screening.virus
        guard authentication.isEnabled || screener.isEnabled else {
            judge = nil
            return
        }
        let understanding = Understanding(
            settings: AuthenticationSettings(configuration), screener: screener,
            bodies: spool.bodies, resolver: names.counting, rsa: LibCryptoRSA(),
            time: surroundings.time)
        judge = understanding
    }
}

extension AuthenticationSettings {
    init(_ configuration: Configuration) {
        self.init(
            hostname: configuration.hostname, authenticator: configuration.authentication.name,
            headerBytesMax: configuration.inbound.headerBytesMax)
        isEnabled = configuration.authentication.isEnabled
    }
}
