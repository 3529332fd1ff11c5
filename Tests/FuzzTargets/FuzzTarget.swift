/// Something that takes arbitrary bytes, and what must hold for all of them. `make fuzz` looks for
/// bytes for which it does not; the tests run it on those that are kept.
package struct FuzzTarget: Sendable {
    /// Also the folder of its kept inputs in `Tests/Fixtures/fuzz`.
    package let name: String
    /// Throws a `FuzzFind`, or traps where the code under test does.
    package let run: @Sendable ([UInt8]) throws -> Void

    init(_ name: String, _ run: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.name = name
        self.run = run
    }

    package static let all = [
        commands, parameters, data, addresses, headers, submission, proxy, session, rules, sesRules,
        configuration, control, urls, sns, subscriptions, tagList, dkimSignature, dkimKey,
        dkimMail, arc, spfRecord, spfMacros, dmarcRecord, authenticationResults, publicSuffixList,
        author, dnsRecord, mail, mimeParameters, tnef, encodings,
        clamd, rspamd,
        deliveryStatus, feedbackReport, feedback, aggregateReport, reportArchive, tlsReport,
        date,
        replies, clientSession, stsPolicy, updateAnswer, returnPath, suppressionLine,
        localMail, bodyLines, addressCompletion, conditions, runtimeRequests, signedRequest,
        chunkedPayload, handlerAnswer, objectAnswer, bucketListing,
        storedMail,
    ]
}

/// What should have held, and did not.
package struct FuzzFind: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

func require(_ holds: Bool, _ what: @autoclosure () -> String) throws {
    guard holds else { throw FuzzFind(what()) }
}

func requireEqual<Value: Equatable>(
    _ left: Value, _ right: Value, _ what: @autoclosure () -> String
) throws {
    guard left == right else { throw FuzzFind("\(what()): \(left) is not \(right)") }
}
