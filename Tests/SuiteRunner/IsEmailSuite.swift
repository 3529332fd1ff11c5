import Foundation
import MailModel

/// Addresses that is_email judges: fit for SMTP, or not.
enum IsEmailSuite: OutsideSuite {
    static let name = "addr-isemail"

    static func results(in folder: String) throws -> [SuiteResult] {
        try ["tests.xml", "tests-original.xml"].flatMap { file in
            let text = String(decoding: try SuiteFiles.bytes("\(folder)/\(file)"), as: UTF8.self)
            return text.components(separatedBy: "<test id=").dropFirst().map { entry in
                let address = element("address", of: entry)
                let category = element("category", of: entry)
                return SuiteResult(
                    case: "\(file) \(entry.split(separator: "\"").first ?? "")",
                    step: Shown.text(address), theirs: answer(fitCategories.contains(category)),
                    ours: answer(AddressSizes.fits(address, isUTF8Allowed: false)))
            }
        }
    }

    /// The category of RFC 5321 is what is unusual (literals, quoted strings), not what is invalid.
    private static let fitCategories: Set<String> = [
        "ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321",
    ]

    private static func answer(_ isFit: Bool) -> String { isFit ? "fit for SMTP" : "unfit" }

    /// An element's text; symbols for controls stand for the controls.
    private static func element(_ name: String, of xml: String) -> String {
        guard let start = xml.range(of: "<\(name)>"),
            let end = xml.range(of: "</\(name)>", range: start.upperBound..<xml.endIndex)
        else { return "" }
        let raw = xml[start.upperBound..<end.lowerBound]
            .replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&quot;", with: "\"").replacing("&amp;", with: "&")
            .replacing(/&#x([0-9A-Fa-f]+);/) { match in
                let value = UInt32(match.output.1, radix: 16) ?? 0xFFFD
                return UnicodeScalar(value).map { String(Character($0)) } ?? "\u{FFFD}"
            }
        let scalars = raw.unicodeScalars.map { scalar in
            (0x2400..<0x2421).contains(scalar.value)
                ? UnicodeScalar(UInt8(scalar.value - 0x2400)) : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
