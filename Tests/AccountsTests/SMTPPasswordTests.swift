import Accounts
import Testing

/// The vectors of SES's algorithm, for the secret of AWS's documents.
@Suite struct SMTPPasswordTests {
    @Test(arguments: [
        ("us-east-1", "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"),
        ("us-west-2", "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd"),
        ("eu-west-1", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk"),
    ])
    func isSESs(_ region: String, _ password: String) {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        #expect(SMTPPassword.text(secret: secret, region: region) == password)
    }
}
