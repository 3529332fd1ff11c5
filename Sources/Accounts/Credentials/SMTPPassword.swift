import Crypto
import Foundation

/// The password that SMTP takes for an access key in one region: derived from the key's secret, so
/// that who reads the one does not have the other. SES: SMTP credentials
package enum SMTPPassword {
    private static let version: UInt8 = 4

    /// 44 characters of base64.
    package static func text(secret: String, region: String) -> String {
        let steps = ["11111111", region, "ses", "aws4_request", "SendRawEmail"]
        let signature = steps.reduce(Array("AWS4\(secret)".utf8)) { key, step in
            Array(
                HMAC<SHA256>.authenticationCode(
                    for: Array(step.utf8), using: SymmetricKey(data: key)))
        }
        return Data([version] + signature).base64EncodedString()
    }
}
