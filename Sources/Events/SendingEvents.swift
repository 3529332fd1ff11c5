/// The JSON that tells of a sent mail, as SES words it.
package enum SendingEvents {
    /// What a configuration set's destinations are told. SES: event publishing, ses.md E.3
    package static func event(_ event: SendingEvent, of mail: SentMail) -> [UInt8] {
        EventJSON.encode(Publication(event, mail))
    }

    /// What the topics of an identity are told, in the older form; nil for what it does not tell.
    /// `withHeaders`: as the identity's settings ask for this kind. ses.md E.4
    package static func notification(
        _ event: SendingEvent, of mail: SentMail, withHeaders: Bool
    ) -> [UInt8]? {
        guard let notification = Notification(event, mail, withHeaders: withHeaders) else {
            return nil
        }
        return EventJSON.encode(notification)
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
            self.mail = SentMailObject(published: mail)
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

    private struct Notification: Encodable {
        var notificationType: String
        var mail: SentMailObject
        var delivery: DeliveryObject?
        var bounce: BounceObject?
        var complaint: ComplaintObject?

        init?(_ event: SendingEvent, _ mail: SentMail, withHeaders: Bool) {
            self.mail = SentMailObject(notified: mail, withHeaders: withHeaders)
            switch event {
            case .delivery(let told):
                notificationType = "Delivery"
                delivery = DeliveryObject(told)
            case .bounce(let told):
                notificationType = "Bounce"
                bounce = BounceObject(told)
                bounce?.remoteMtaIp = told.remoteIP
            case .complaint(let told):
                notificationType = "Complaint"
                complaint = ComplaintObject(told)
            case .send, .deliveryDelay, .reject: return nil
            }
        }
    }
}
