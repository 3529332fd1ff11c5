import Foundation
import MailModel
import Testing

@Suite struct JSONValueTests {
    private static func text(_ value: JSONValue) -> String {
        String(decoding: value.bytes, as: UTF8.self)
    }

    @Test func membersStandInTheOrderOfTheirNames() {
        let value = JSONValue.object([
            "to": .texts(["a", "b"]), "at": .number(-9_007_199_254_740_993), "cc": nil,
            "is": .flag(false), "by": .object(of: ["z": .flag(true), "": .list([])]),
        ])
        #expect(
            Self.text(value)
                == #"{"at":-9007199254740993,"by":{"":[],"z":true},"is":false,"to":["a","b"]}"#)
    }

    /// Each character that JSON has escapes for, those about it, and those of several bytes.
    @Test func textsAreEscapedAsFoundationDoes() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let characters =
            (0...0xFF).compactMap { Unicode.Scalar(UInt32($0)) }
            + ["\u{2028}", "\u{FFFD}", "\u{10FFFF}", "é", "e\u{301}"].flatMap(\.unicodeScalars)
        let texts =
            characters.map(String.init) + [
                "", "\"\\/", String(String.UnicodeScalarView(characters)),
            ]
        #expect(JSONValue.texts(texts).bytes == Array(try encoder.encode(texts)))
        let names = Dictionary(texts.map { ($0, $0) }) { first, _ in first }
        #expect(
            try JSONDecoder().decode(
                [String: String].self,
                from: Data(JSONValue.object(of: names.mapValues(JSONValue.text)).bytes)) == names)
    }

    @Test(arguments: [
        (0.5, "0.5"), (-2.25, "-2.25"), (0, "0.0"), (1e300, "1e+300"), (.nan, "null"),
        (-.infinity, "null"),
    ])
    func decimalsAreNumbersOrNull(_ number: Double, _ text: String) throws {
        #expect(Self.text(.decimal(number)) == text)
        let read = try JSONDecoder().decode(Double?.self, from: Data(text.utf8))
        #expect(read == (number.isFinite ? number : nil))
        let encoded = try JSONEncoder().encode(JSONValue.decimal(number))
        #expect(try JSONDecoder().decode(Double?.self, from: encoded) == read)
    }

    @Test func isTheSameAsAPartOfSomethingElse() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let value = JSONValue.object([
            "list": .list([.text("a\n"), .number(7), .flag(true), .object(["of": .text("b")])]),
            "empty": .object([:]),
        ])
        #expect(
            Array(try encoder.encode(["it": value])) == Array("{\"it\":".utf8) + value.bytes
                + Array("}".utf8))
    }
}
