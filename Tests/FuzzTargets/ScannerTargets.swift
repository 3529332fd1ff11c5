import Scanners
import Screening

extension FuzzTarget {
    /// What clamd may say: a name that people may see, and that means the same when it is said again.
    static let clamd = FuzzTarget("clamd") { bytes in
        guard let answer = ClamdAnswer(bytes[...]) else { return }
        try require(bytes.count < ClamdAnswer.bytesMax, "\(bytes.count) bytes")
        switch answer {
        case .clean: try requireEqual(bytes, Array("stream: OK".utf8), "clean")
        case .error(let text):
            try ScannerTexts.check(text)
            try requireEqual(bytes, Array("\(text) ERROR".utf8), "an error")
        case .found(let signature):
            try ScannerTexts.check(signature)
            try require(
                (1...ClamdAnswer.signatureBytesMax).contains(signature.utf8.count), "length")
            try requireEqual(bytes, Array("stream: \(signature) FOUND".utf8), "a signature")
        }
    }

    /// What rspamd may say: numbers that are some, and names that people may see, not too many.
    static let rspamd = FuzzTarget("rspamd") { bytes in
        guard let scan = RspamdAnswer(bytes)?.scan else { return }
        let scores = [scan.score, scan.requiredScore ?? 0] + scan.symbols.map(\.score)
        try require(scores.allSatisfy { abs($0) <= RspamdAnswer.scoreMax }, "\(scores)")
        try require(scan.symbols.count <= SpamScan.symbolsMax, "\(scan.symbols.count) symbols")
        try require(scan.symbolsCount >= scan.symbols.count, "fewer than are kept")
        for symbol in scan.symbols { try ScannerTexts.check(symbol.name) }
        try ScannerTexts.check(scan.text)
    }
}

private enum ScannerTexts {
    static func check(_ text: String) throws {
        try require(text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a control in \(text)")
    }
}
