import OutboundSMTP
import Testing

@Suite struct SMTPPortTests {
    @Test func relay() { #expect(SMTPPort.relay == 25) }
}
