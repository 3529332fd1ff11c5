import Events
import Testing

@Suite struct ReplyTextTests {
    struct Fixture: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var reply: String
        var signature: String?
    }

    static let fixtures = [
        Fixture(
            testDescription: "no answer", text: "Hello.\r\n\r\nBye.\r\n", reply: "Hello.\n\nBye."),
        Fixture(
            testDescription: "above",
            text: "Yes.\n\nOn Monday, Ada <ada@a.example> wrote:\n> No?\n>\n> A\n",
            reply: "Yes."),
        Fixture(
            testDescription: "over two lines",
            text:
                "Yes.\nOn Mon, 23 Nov 2026 at 10:00, Ada Lovelace\n<ada@a.example> wrote:\n\n> No?\n",
            reply: "Yes."),
        Fixture(
            testDescription: "three blank lines between",
            text: "Yes.\nOn Monday, Ada wrote:\n\n\n\n> No?", reply: "Yes."),
        Fixture(
            testDescription: "four blank lines between",
            text: "Yes.\nOn Monday, Ada wrote:\n\n\n\n\n> No?",
            reply: "Yes.\nOn Monday, Ada wrote:"),
        Fixture(
            testDescription: "below", text: "Ada wrote a lot:\n> One?\nTwo.\n> Three?\nFour.\n",
            reply: "Ada wrote a lot:\nTwo.\nFour."),
        Fixture(
            testDescription: "German",
            text: "Ja.\n\nAm 23.11.26 um 10:00 schrieb Ada <ada@a.example>:\n> Nein?",
            reply: "Ja."),
        Fixture(
            testDescription: "French", text: "Oui.\n\nLe lun. 23 nov. 2026, Ada a écrit :\n> Non ?",
            reply: "Oui."),
        Fixture(
            testDescription: "not marked", text: "Yes.\n\nOn Monday, Ada wrote:\n\nNo?\nA\n",
            reply: "Yes."),
        Fixture(
            testDescription: "a list is no quote", text: "On these terms\nwe agree:\n\n1. all\n",
            reply: "On these terms\nwe agree:\n\n1. all"),
        Fixture(
            testDescription: "Outlook's", text: "Yes.\n\n-----Original Message-----\nFrom: Ada\n",
            reply: "Yes."),
        Fixture(
            testDescription: "Outlook's header",
            text:
                "Yes.\n\n________________________________\nFrom: Ada\nSent: Monday\nTo: Bob\n\nNo?",
            reply: "Yes."),
        Fixture(
            testDescription: "a field alone is text", text: "From: here\nto there.",
            reply: "From: here\nto there."),
        Fixture(
            testDescription: "forwarded stays",
            text: "See.\n\n---------- Forwarded message ---------\nSubject: x\n",
            reply: "See.\n\n---------- Forwarded message ---------\nSubject: x"),
        Fixture(
            testDescription: "signature", text: "Yes.\n-- \nAda\n+1\n", reply: "Yes.",
            signature: "-- \nAda\n+1"),
        Fixture(
            testDescription: "signature above a quote",
            text: "Yes.\n--\nAda\n\nOn Monday, Bob wrote:\n> No?\n",
            reply: "Yes.", signature: "--\nAda"),
        Fixture(
            testDescription: "telephone", text: "Yes.\n\nSent from my telephone\n\n> No?\n",
            reply: "Yes.",
            signature: "Sent from my telephone"),
        Fixture(testDescription: "nothing but quotes", text: "> No?\n> A\n", reply: "> No?\n> A"),
        Fixture(testDescription: "nothing but a signature", text: "-- \nAda\n", reply: "-- \nAda"),
        Fixture(testDescription: "nothing", text: "", reply: ""),
    ]

    @Test(arguments: fixtures)
    func parts(_ fixture: Fixture) {
        let answer = ReplyText(fixture.text)
        #expect(answer.reply == fixture.reply)
        #expect(answer.signature == fixture.signature)
    }

    /// A line that may say whose a quote is is looked at once for it, however long both are.
    @Test(.timeLimit(.minutes(1))) func aLongLineStandsAboveALongQuote() {
        let line = "On " + String(repeating: "x", count: 100_000) + ":"
        let quote = String(repeating: ">\n", count: 60_000)
        #expect(ReplyText(line + "\n" + quote).reply == line)
    }

    @Test func aLongTextStaysAsItIs() {
        let quote = "> No?\n"
        let filler = String(repeating: "x", count: ReplyText.textBytesMax - quote.utf8.count)
        #expect(ReplyText(filler + "\n" + quote.dropLast()).reply == filler)
        #expect(ReplyText(filler + "\n" + quote).reply == filler + "\n" + quote)
    }
}
