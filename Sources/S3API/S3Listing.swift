import Foundation
import Storage

/// What a listing is asked for, in both versions of the operation.
/// S3: `ListObjectsV2`, `ListObjects`
package struct S3Listing: Equatable {
    static let keysMax = 1_000
    static let parameters = [
        "list-type", "prefix", "delimiter", "max-keys", "encoding-type", "continuation-token",
        "start-after", "fetch-owner", "marker",
    ]

    let isVersion2: Bool
    let prefix: String
    let isByFolder: Bool
    let keysMax: Int
    /// Whether names are percent-encoded.
    let isEncoded: Bool
    /// What the client said, to be told again.
    let continuationToken: String?
    let startAfter: String?
    let marker: String?
    /// Names up to this one are not asked for.
    let after: String

    init(_ parameters: [String: String]) throws(S3Error) {
        switch parameters["list-type"] {
        case nil: isVersion2 = false
        case "2": isVersion2 = true
        default: throw .invalidArgument("list-type is 2, or is not there.")
        }
        switch parameters["delimiter"] ?? "" {
        case "": isByFolder = false
        case "/": isByFolder = true
        default: throw .notImplemented("a delimiter other than /")
        }
        switch parameters["encoding-type"] {
        case nil: isEncoded = false
        case "url": isEncoded = true
        default: throw .invalidArgument("Invalid Encoding Method specified in Request")
        }
        let asked = parameters["max-keys"].map { Int($0) } ?? Self.keysMax
        guard let asked, asked >= 0 else {
            throw .invalidArgument("max-keys is a number that is not negative.")
        }
        keysMax = min(asked, Self.keysMax)
        prefix = parameters["prefix"] ?? ""
        continuationToken = isVersion2 ? parameters["continuation-token"] : nil
        startAfter = isVersion2 ? parameters["start-after"] : nil
        marker = isVersion2 ? nil : parameters["marker"]
        guard let token = continuationToken else {
            after = startAfter ?? marker ?? ""
            return
        }
        guard let after = Self.name(token) else {
            throw .invalidArgument("The continuation token provided is incorrect")
        }
        self.after = after
    }

    var question: ObjectQuestion {
        ObjectQuestion(prefix: prefix, after: after, isByFolder: isByFolder, limit: keysMax)
    }

    // MARK: Continuation tokens: the last name, so that no state is kept for whoever lists

    static func token(_ name: String) -> String { Data(name.utf8).base64EncodedString() }

    private static func name(_ token: String) -> String? {
        Data(base64Encoded: token).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
