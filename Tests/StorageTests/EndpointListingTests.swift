import MailModel
import ObjectStorage
import Storage
import Testing

/// What other servers answer to `ListObjectsV2`.
@Suite struct EndpointListingTests {
    private func document(_ contents: String, isCut: String = "false") -> [UInt8] {
        Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>\
            <IsTruncated>\(isCut)</IsTruncated>\(contents)</ListBucketResult>
            """.utf8)
    }

    private func contents(
        _ key: String, size: String = "12", at time: String = "2026-09-10T00:26:40.000Z"
    ) -> String {
        """
        <Contents><Key>\(key)</Key><LastModified>\(time)</LastModified>\
        <ETag>&quot;abc&quot;</ETag><Size>\(size)</Size><Owner><ID>o</ID></Owner></Contents>
        """
    }

    @Test func isRead() throws {
        let facts = ObjectFacts(
            size: 12, modifiedAt: Timestamp(milliseconds: 1_789_000_000_000), tag: "\"abc\"")
        let read = EndpointListing.read(
            document(
                contents("in/a&amp;b &lt;&#99;&#x64;&gt;") + contents("\u{301}\u{1F4E7}"),
                isCut: "true"))
        #expect(
            read
                == ObjectListing(
                    entries: [
                        .object(key: "in/a&b <cd>", facts), .object(key: "\u{301}\u{1F4E7}", facts),
                    ], isCut: true))
        #expect(EndpointListing.read(document("")) == ObjectListing(entries: [], isCut: false))
    }

    /// One object that cannot be told is not left out: nobody would know.
    @Test func anythingElseIsNone() {
        for contents in [
            contents(""), contents("a<b/>"), contents("a", size: "-1"), contents("a", size: "x"),
            contents("a", at: "yesterday"), contents("a", at: "2026-09-10T00:26:40+01:00"),
            contents("&other;"), contents("&#xD800;"), contents("&amp"),
            "<Contents><Key>a</Key></Contents>",
        ] {
            #expect(EndpointListing.read(document(contents)) == nil, "\(contents)")
        }
        #expect(EndpointListing.read(document("", isCut: "perhaps")) == nil)
        #expect(EndpointListing.read(Array("<html><IsTruncated>false</IsTruncated>".utf8)) == nil)
        // One whose end is missing may lack keys.
        #expect(EndpointListing.read(Array(document(contents("a")).dropLast())) == nil)
        #expect(EndpointListing.read([0xFF] + document("")) == nil)
        #expect(EndpointListing.read([]) == nil)
    }

    @Test func keysAreInTheOrderOfTheirBytes() throws {
        func isInOrder(_ keys: String..., after key: String = "") throws -> Bool {
            let listing = try #require(
                EndpointListing.read(document(keys.map { contents($0) }.joined())))
            return EndpointListing.isInOrder(listing, after: key)
        }
        #expect(try isInOrder("a-b", "a/b", "a0", "\u{E9}"))
        #expect(try isInOrder("b", after: "a"))
        #expect(!(try isInOrder("a", after: "a")))
        #expect(!(try isInOrder("a", "a")))
        #expect(!(try isInOrder("b", "a")))
    }
}
