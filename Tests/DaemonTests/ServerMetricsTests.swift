import Testing

// `@testable`: the counters are the daemon's own.
@testable import Daemon

@Suite struct ServerMetricsTests {
    /// A line of Prometheus' text format, version 0.0.4: a name, labels, a number.
    private static func isSample(_ line: Substring) -> Bool {
        line.wholeMatch(
            of: #/[a-z_]+(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\})? -?[0-9]+/#) != nil
    }

    @Test func writesCountersAndGauges() {
        let metrics = ServerMetrics()
        metrics.add("martlet_refusals_total{code=\"550\"}")
        metrics.add("martlet_mails_accepted_total")
        metrics.add("martlet_refusals_total{code=\"421\"}", 2)
        metrics.add("martlet_mails_accepted_total", 4)
        let text = metrics.text(gauges: [
            (name: "martlet_sessions", value: 0), (name: "martlet_mails{state=\"held\"}", value: 3),
            (name: "martlet_mails{state=\"acting\"}", value: 1),
        ])
        #expect(
            text == """
                # TYPE martlet_mails_accepted_total counter
                martlet_mails_accepted_total 5
                # TYPE martlet_refusals_total counter
                martlet_refusals_total{code="421"} 2
                martlet_refusals_total{code="550"} 1
                # TYPE martlet_sessions gauge
                martlet_sessions 0
                # TYPE martlet_mails gauge
                martlet_mails{state="held"} 3
                martlet_mails{state="acting"} 1

                """)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            #expect(Self.isSample(line), "\(line)")
        }
    }

    /// The lines of one name stand together whatever else begins like it: `{` sorts after `_`.
    @Test func keepsTheLinesOfANameTogether() {
        let metrics = ServerMetrics()
        metrics.add("martlet_mails{state=\"a\"}")
        metrics.add("martlet_mails_cut_total")
        metrics.add("martlet_mails{state=\"b\"}")
        let names = metrics.text(gauges: []).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != "{" && $0 != " " } }
        var closed: Set<Substring> = []
        for (name, next) in zip(names, names.dropFirst()) where name != next {
            #expect(closed.insert(name).inserted)
            #expect(!closed.contains(next), "\(next) stands in two places")
        }
    }

    @Test func nothingIsNothing() {
        #expect(ServerMetrics().text(gauges: []) == "")
    }
}
