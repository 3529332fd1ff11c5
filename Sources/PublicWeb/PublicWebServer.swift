import Hummingbird
package import Logging
import ServiceLifecycle
package import Topics

/// What we serve to the public: the certificates of our signatures, and the links of our messages
/// by which endpoints confirm and end subscriptions. SNS: `ConfirmSubscription`, `Unsubscribe`.
///
/// An answer says whether it was done, and nothing of why not. Nothing is listed, and no body is
/// read.
package struct PublicWebServer: Service {
    package static let connectionsMax = 256

    /// Why it does not serve.
    struct ListeningFailure: Error, CustomStringConvertible {
        let description: String
    }

    private let address: String
    private let port: Int
    private let connectionsMax: Int
    private let subscriptions: Subscriptions
    private let certificate: @Sendable (String) -> String?
    private let log: Logger

    /// `connectionsMax` as descriptors allow; a network may have an eighth of them. `certificate`
    /// answers the PEM at a path of ours.
    package init(
        address: String, port: Int, connectionsMax: Int, subscriptions: Subscriptions,
        certificate: @escaping @Sendable (String) -> String?, log: Logger
    ) {
        self.address = address
        self.port = port
        self.connectionsMax = connectionsMax
        self.subscriptions = subscriptions
        self.certificate = certificate
        self.log = log
    }

    package func run() async throws {
        let listener = HTTPListener(
            "web", address: address, port: port, connectionsMax: connectionsMax,
            perNetworkMax: max(1, connectionsMax / 8), log: log)
        do {
            try await listener.run(addRoutes)
        } catch {
            throw ListeningFailure(
                description: "cannot serve the web on \(address), port \(port): \(error)")
        }
    }

    private func addRoutes(_ router: Router<BasicRequestContext>) {
        router.get("/") { request, context in
            await answer(SNSAction(target: request.uri.string), id: "\(context.id)")
        }
        // RFC 8058 §3.2: a mail program's click. What its body says is in the link already.
        router.post("/") { request, context in
            let action = SNSAction(target: request.uri.string)
            let isEnd = if case .unsubscribe = action { true } else { false }
            return await answer(isEnd ? action : .unknown, id: "\(context.id)")
        }
        router.get("/:file") { _, context in
            guard let file = context.parameters.get("file"), let pem = certificate("/\(file)")
            else { throw HTTPError(.notFound) }
            return Self.response(.ok, "application/x-pem-file", pem)
        }
    }

    @Sendable private func answer(_ action: SNSAction, id: String) async -> Response {
        do {
            switch action {
            case .confirm(let topicARN, let token):
                guard
                    let arn = try await subscriptions.confirm(topicARN: topicARN, token: token)
                else { return Self.refused("InvalidParameter", "Invalid parameter: Token", id) }
                // Not its id: who knows that may end it.
                log.notice("a subscription was confirmed", metadata: ["topic": "\(topicARN)"])
                return Self.done(
                    "ConfirmSubscription", "<SubscriptionArn>\(arn)</SubscriptionArn>", id)
            case .unsubscribe(let arn):
                guard try await subscriptions.unsubscribe(subscriptionARN: arn) else {
                    return Self.refused(
                        "InvalidParameter", "Invalid parameter: SubscriptionArn", id)
                }
                let topic = arn.split(separator: ":").dropLast().joined(separator: ":")
                log.notice("a subscription was ended", metadata: ["topic": "\(topic)"])
                return Self.done("Unsubscribe", nil, id)
            case .incomplete(let parameter):
                return Self.refused("InvalidParameter", "Invalid parameter: \(parameter)", id)
            case .unknown:
                return Self.refused(
                    "InvalidAction", "The action is not valid for this web service.", id)
            }
        } catch {
            log.error("a subscription could not be changed: \(error)")
            return Self.failed("InternalError", "It could not be done now.", "Receiver", id)
        }
    }

    // MARK: SNS's XML

    private static let namespace = "http://sns.amazonaws.com/doc/2010-03-31/"

    private static func done(_ action: String, _ result: String?, _ id: String) -> Response {
        let inner = result.map { "<\(action)Result>\($0)</\(action)Result>" } ?? ""
        return response(
            .ok, "text/xml",
            "<\(action)Response xmlns=\"\(namespace)\">\(inner)<ResponseMetadata><RequestId>\(id)"
                + "</RequestId></ResponseMetadata></\(action)Response>\n")
    }

    private static func refused(_ code: String, _ message: String, _ id: String) -> Response {
        failed(code, message, "Sender", id)
    }

    private static func failed(
        _ code: String, _ message: String, _ whose: String, _ id: String
    ) -> Response {
        response(
            whose == "Sender" ? .badRequest : .internalServerError, "text/xml",
            "<ErrorResponse xmlns=\"\(namespace)\"><Error><Type>\(whose)</Type><Code>\(code)</Code>"
                + "<Message>\(message)</Message></Error><RequestId>\(id)</RequestId>"
                + "</ErrorResponse>\n")
    }

    private static func response(
        _ status: HTTPResponse.Status, _ type: String, _ text: String
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
