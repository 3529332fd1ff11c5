/// The JSON that tells of a sent mail, as SES words it.
package enum SendingEvents {
    /// What a configuration set's destinations are told. SES: event publishing, ses.md E.3
    package static func event(_ event: SendingEvent, of mail: SentMail) -> [UInt8] {
        EventJSON.encode(Publication(event, mail))
    }

    private struct Publication: Encodable {
        struct Empty: Encodable {}

        var eventType: String
        var mail: SentMailObject
        var send: Empty?
        var delivery: DeliveryObject?
        var bounce: BounceObject?
        var complaint: ComplaintObject?
        var deliveryDelay: DeliveryDelayObject?
        var reject: RejectObject?

        init(_ event: SendingEvent, _ mail: SentMail) {
            self.mail = SentMailObject(mail)
            switch event {
            case .send:
                eventType = "Send"
                send = Empty()
            case .delivery(let told):
                eventType = "Delivery"
                delivery = DeliveryObject(told)
            case .bounce(let told):
                eventType = "Bounce"
                bounce = BounceObject(told)
            case .complaint(let told):
                eventType = "Complaint"
                complaint = ComplaintObject(told)
            case .deliveryDelay(let told):
                eventType = "DeliveryDelay"
                deliveryDelay = DeliveryDelayObject(told)
            case .reject:
                eventType = "Reject"
                reject = RejectObject()
            }
        }
    }
}
