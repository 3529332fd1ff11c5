import MailFlow
import NIOCore
import Testing

@Suite struct HeaderMeterTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var mail: String
        var finding: HeaderMeter.Finding
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "at the limit", mail: "A: " + String(repeating: "x", count: 91) + "\r\n\r\n",
            finding: .fine),
        Case(
            name: "one over", mail: "A: " + String(repeating: "x", count: 94) + "\r\n\r\n",
            finding: .headerTooLarge),
        Case(
            name: "the body does not count",
            mail: "A: b\r\n\r\n" + String(repeating: "x", count: 500), finding: .fine),
        Case(name: "no body", mail: "A: b\r\n", finding: .fine),
        Case(name: "two hops", mail: "Received: a\r\nRECEIVED: b\r\n\r\n", finding: .fine),
        Case(
            name: "three hops", mail: "Received: a\r\nReceived: b\r\nreceived: c\r\n\r\n",
            finding: .tooManyHops),
        Case(
            name: "folded and alike names do not count",
            mail: "Received: a\r\n Received: b\r\nX-Received: c\r\nReceived-SPF: d\r\n\r\n",
            finding: .fine),
        Case(
            name: "Received in the body",
            mail: "Received: a\r\n\r\nReceived: b\r\nReceived: c\r\n", finding: .fine),
    ]

    @Test(arguments: cases, [1, 2, 7, 1000])
    func findsTheSameAtAnySplit(_ testCase: Case, chunk: Int) {
        var meter = HeaderMeter(bytesMax: 98, hopsMax: 2)
        var buffer = ByteBuffer(string: testCase.mail)
        var finding = HeaderMeter.Finding.fine
        while finding == .fine,
            let piece = buffer.readSlice(length: min(chunk, buffer.readableBytes)),
            piece.readableBytes > 0
        {
            finding = meter.see(piece)
        }
        #expect(finding == testCase.finding)
    }
}
