import Foundation

/// What a function's runtime asks or tells by the Lambda Runtime API.
package enum RuntimeRequest: Equatable, Sendable {
    case next
    /// The function's answer to an invocation.
    case response(id: String, body: [UInt8])
    /// The function failed at an invocation, and why.
    case error(id: String, reason: String)
    /// It could not begin.
    case initError(reason: String)
    /// What the API does not have.
    case unknown

    private static let base = "/2018-06-01/runtime/"
    /// Of a reason; it stands in the journal and in the log.
    package static let reasonCharactersMax = 500

    package init(_ request: HTTPRequest) {
        self = .unknown
        guard request.target.hasPrefix(Self.base) else { return }
        let parts = request.target.dropFirst(Self.base.count).split(separator: "/")
        switch (request.method, parts.count) {
        case ("GET", 2) where parts == ["invocation", "next"]: self = .next
        case ("POST", 2) where parts == ["init", "error"]:
            self = .initError(reason: Self.reason(request.body))
        case ("POST", 3) where parts[0] == "invocation" && parts[2] == "response":
            self = .response(id: String(parts[1]), body: request.body)
        case ("POST", 3) where parts[0] == "invocation" && parts[2] == "error":
            self = .error(id: String(parts[1]), reason: Self.reason(request.body))
        default: break
        }
    }

    private struct ErrorObject: Decodable {
        var errorMessage: String?
        var errorType: String?
    }

    /// `errorType: errorMessage`, as far as they are there.
    private static func reason(_ body: [UInt8]) -> String {
        let object = try? JSONDecoder().decode(ErrorObject.self, from: Data(body))
        let parts = [object?.errorType, object?.errorMessage].compactMap { $0 }
            .filter { !$0.isEmpty }
        guard !parts.isEmpty else { return "it reported an error without a message" }
        return String(parts.joined(separator: ": ").prefix(reasonCharactersMax))
    }
}
