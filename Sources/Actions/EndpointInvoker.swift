import Foundation
package import MailModel
import NIOCore

/// Handlers that are web endpoints: asks them by requests that are signed as a webhook's are, and
/// has the others run by who can.
package struct EndpointInvoker: FunctionInvoker {
    private let endpoints: [String: HandlerEndpoint]
    private let places: [String: EndpointPlaces]
    private let poster: any WebhookPoster
    private let time: any TimeSource
    private let others: any FunctionInvoker

    /// `endpoints`: by the names that rules call them.
    package init(
        _ endpoints: [String: HandlerEndpoint], poster: any WebhookPoster, time: any TimeSource,
        others: any FunctionInvoker
    ) {
        self.endpoints = endpoints
        places = endpoints.mapValues { EndpointPlaces($0.postsMax) }
        self.poster = poster
        self.time = time
        self.others = others
    }

    /// What is waited for one of the endpoint's places is not counted in its time.
    package func invoke(_ invocation: FunctionInvocation) async -> FunctionOutcome {
        guard let endpoint = endpoints[invocation.handler],
            let places = places[invocation.handler]
        else { return await others.invoke(invocation) }
        await places.take(forSession: invocation.sessionWaits != nil)
        defer { places.giveBack() }
        if let sessionWaits = invocation.sessionWaits, !sessionWaits() {
            // Nobody reads this either.
            return .failed(detail: "its session waits no longer")
        }
        let body: (mediaType: String, bytes: [UInt8])
        switch endpoint.format {
        case .json: body = ("application/json", invocation.event)
        case .raw:
            do {
                body = ("message/rfc822", try Self.mail(of: invocation))
            } catch {
                return .failed(detail: "it could not be given the mail: \(error)")
            }
        }
        var request = WebhookRequest(
            body.bytes, mediaType: body.mediaType, id: invocation.stableID, at: time.now(),
            signedBy: endpoint.secrets, besides: Self.fields(invocation, endpoint))
        request.answerBytesMax = endpoint.outputBytesMax
        return outcome(
            of: await poster.post(request, to: endpoint.url, seconds: endpoint.timeoutSeconds))
    }

    // MARK: Requests

    /// Of the essentials, those that are short and of ASCII whatever a sender writes.
    private static let essentials = ["MARTLET_MAIL_ID", "MARTLET_ATTEMPT", "MARTLET_REPLAY_OF"]

    private static func fields(
        _ invocation: FunctionInvocation, _ endpoint: HandlerEndpoint
    ) -> [(name: String, value: String)] {
        let fields = invocation.environment.filter { essentials.contains($0.name) }
            .map { ($0.name.lowercased().replacing("_", with: "-"), $0.value) }
        return fields + (endpoint.token.map { [("Authorization", "Bearer \($0.text)")] } ?? [])
    }

    /// As a webhook's `raw`.
    private static func mail(of invocation: FunctionInvocation) throws -> [UInt8] {
        var bytes = Array(WebhookBody.recipientLines(invocation.recipients).utf8)
        for piece in invocation.input {
            switch piece {
            case .bytes(let buffer): bytes += buffer.readableBytesView
            case .file(let path, let start, let length):
                let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
                defer { try? file.close() }
                try file.seek(toOffset: UInt64(start))
                let read = try file.read(upToCount: length) ?? Data()
                guard read.count == length else { throw Cut() }
                bytes += read
            }
        }
        return bytes
    }

    private struct Cut: Error, CustomStringConvertible {
        let description = "it is shorter than what was accepted"
    }

    // MARK: Answers

    /// A body that is too long is an answer that was cut, as a script's is.
    private func outcome(of answer: WebhookAnswer) -> FunctionOutcome {
        switch answer {
        case .answered(200..<300, _, let body):
            .answered(output: body ?? [], isCut: body == nil)
        case .answered(let status, let retryAfter, _):
            .failed(
                detail: "answered \(status)",
                notBefore: [429, 503].contains(status)
                    ? RetryAfter(retryAfter, at: time.now())?.time : nil)
        case .forbidden(let reason), .failed(let reason): .failed(detail: reason)
        }
    }
}
