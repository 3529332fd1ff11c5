import Foundation
import MailModel

/// The tests of the public suffix list itself: registrable domains.
enum PublicSuffixSuite: OutsideSuite {
    static let name = "psl"

    static func results(in folder: String) async throws -> [SuiteResult] {
        let list = PublicSuffixList(try SignatureSuites.bytes("\(folder)/public_suffix_list.dat"))
        let text = try String(contentsOfFile: "\(folder)/test_psl.txt", encoding: .utf8)
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            guard line.hasPrefix("checkPublicSuffix(") else { return nil }
            let arguments = line.dropFirst("checkPublicSuffix(".count).prefix { $0 != ")" }
                .split(separator: ",").map { $0.filter { !"' ".contains($0) } }
            guard arguments.count == 2 else { return nil }
            return SuiteResult(
                case: arguments[0], step: "registrable domain", theirs: ascii(arguments[1]),
                ours: ours(arguments[0], list))
        }
    }

    private static func ours(_ text: String, _ list: PublicSuffixList) -> String {
        guard text != "null", let domain = try? Domain(parsing: text) else { return "null" }
        return list.registrableDomain(of: domain)?.ascii ?? "null"
    }

    private static func ascii(_ text: String) -> String {
        text == "null" ? text : (try? Domain(parsing: text))?.ascii ?? text
    }
}
