import DeliveryQueue
import MailFlow
import MailModel
import NIOCore
import SMTPProtocol
import SQLStorage
import Storage
import Testing

@Suite(.timeLimit(.minutes(1))) struct MailboxSimulatorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var address: String
        /// What the next hop says; nil: the mail is none of the simulator's.
        var answer: String?
        var kinds: [String] = []

        var testDescription: String { address }
    }

    private static let delivered = "delivered 250 2.6.0 Message received"
    private static let failed = "failed 550 5.1.1 user unknown"

    @Test(arguments: [
        Case(
            address: "success@simulator.mx.ours.test", answer: delivered, kinds: ["Delivery"]),
        Case(
            address: "Success+order-7@simulator.MX.ours.test", answer: delivered,
            kinds: ["Delivery"]),
        Case(
            address: "bounce@simulator.mx.ours.test", answer: failed,
            kinds: ["Bounce Permanent/General"]),
        Case(
            address: "bounce+a+b@simulator.mx.ours.test", answer: failed,
            kinds: ["Bounce Permanent/General"]),
        Case(
            address: "complaint@simulator.mx.ours.test", answer: delivered,
            kinds: ["Delivery", "Complaint"]),
        Case(
            address: "ooto@simulator.mx.ours.test", answer: delivered,
            kinds: ["Delivery", "Bounce Transient/General"]),
        Case(
            address: "nobody@simulator.mx.ours.test", answer: failed,
            kinds: ["Bounce Permanent/General"]),
        Case(address: "success@mx.ours.test"),
        Case(address: "success@a.simulator.mx.ours.test"),
    ])
    func endsAsTheAddressSays(_ test: Case) async throws {
        let acting = try await Acting.sending()
        let queued = try await acting.send(to: test.address, state: .queued)
        let simulator = try #require(MailboxSimulator(under: Acting.domain))
        let courier = SimulatingCourier(simulator, next: Elsewhere())
        let attempt = await courier.deliver(
            OutgoingMail(
                id: "x", reversePath: .null, recipient: queued.recipient.address, content: [],
                is8Bit: false, isSMTPUTF8: false), by: .exchangers(of: Acting.domain))
        let ending: TryEnding
        switch attempt.outcome {
        case .delivered(let reply):
            #expect("delivered \(reply.text)" == test.answer)
            ending = .delivered(reply, attempt)
        case .failed(let problem):
            #expect("failed \(problem.reply?.text ?? "")" == test.answer)
            ending = .failed(problem, attempt)
        case .deferred(let problem):
            #expect(test.answer == nil && problem.detail == Elsewhere.detail)
            return
        }
        let consequences = acting.office.consequences(of: ending, for: queued, returning: nil)
        #expect(consequences.suppressions == [], "nobody of the simulator is listed")
        try await acting.receiving.store.publish(consequences.deliveries)
        #expect(try await acting.kinds() == test.kinds)
    }
}

private struct Elsewhere: Courier {
    static let detail = "elsewhere"

    func deliver(_ mail: OutgoingMail, by route: Route) async -> DeliveryAttempt {
        DeliveryAttempt(
            .deferred(
                DeliveryProblem(.mail, status: EnhancedStatusCode(4, 0, 0), detail: Self.detail)))
    }
}
