import MailModel
import Testing

@Suite struct CalendarTextTests {
    private static let invitation = """
        BEGIN:VCALENDAR\r
        METHOD:request\r
        BEGIN:VEVENT\r
        UID:1@a.example\r
        SUMMARY;LANGUAGE=en:Tea\\, and a long\r
          talk\\nabout it\r
        ORGANIZER;CN="A: B":mailto:a@a.example\r
        DTSTART;TZID=Europe/Berlin:20260401T150000\r
        no content line\r
        BEGIN:VALARM\r
        SUMMARY:not the event's\r
        END:VALARM\r
        LOCATION:here\r
        END:VEVENT\r
        END:VCALENDAR\r
        """

    @Test func readsAnInvitation() throws {
        let header = "Content-Type: text/calendar; method=REQUEST\r\n\r\n"
        let mail = MIMEMessage(Array((header + Self.invitation).utf8))
        let calendar = try #require(mail.root.calendar)
        #expect(calendar.method == "REQUEST")
        let event = try #require(calendar.events.first)
        #expect(event.uid == "1@a.example")
        #expect(event.summary == "Tea, and a long talk\nabout it")
        #expect(event.organizer == "a@a.example")
        #expect(event.start == "20260401T150000")
        #expect(event.end == nil)
        #expect(event.location == "here")
    }

    @Test func foldsStandAnywhere() {
        let calendar = CalendarText(
            " BEGIN:VCALEN\n\tDAR\nBEGIN:VEVENT\nUI\n D:1\n \nEND:VEVENT\nMETHOD:x\n y")
        #expect(calendar?.method == "XY")
        #expect(calendar?.events.map(\.uid) == ["1"])
    }

    @Test func findsNoneInOtherText() {
        #expect(CalendarText("a text: with a colon") == nil)
        #expect(MIMEMessage(Array("\r\n\(Self.invitation)".utf8)).root.calendar == nil)
    }

    @Test("P6: events are counted")
    func eventsAreLimited() {
        func calendar(_ count: Int) -> CalendarText? {
            CalendarText(
                "BEGIN:VCALENDAR\n"
                    + String(repeating: "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n", count: count))
        }
        let most = CalendarText.eventsMax
        #expect(calendar(most)?.events.count == most)
        #expect(calendar(most)?.isCut == false)
        #expect(calendar(most + 1)?.isCut == true)
        #expect(calendar(most + 1)?.events.count == most)
    }
}
