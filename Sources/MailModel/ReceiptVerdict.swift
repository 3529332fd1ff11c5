/// The words of SES for a verdict. SES: `receipt.spfVerdict.status` and the like
package enum ReceiptVerdict: String, Sendable, Hashable, Codable, CaseIterable {
    case pass = "PASS"
    case fail = "FAIL"
    /// Neither the one nor the other.
    case gray = "GRAY"
    /// It could not be found out.
    case processingFailed = "PROCESSING_FAILED"
    /// Nobody was asked.
    case disabled = "DISABLED"
}
