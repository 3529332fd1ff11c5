import Foundation

extension TLSReport {
    /// Containers in one another, and values, that a report's JSON may hold: the decoder takes memory
    /// for each.
    package static let depthMax = 16
    package static let valuesMax = 200_000

    /// The report in an attachment's bytes: packed or plain.
    package static func read(packed: [UInt8]) -> ReadReport<TLSReport> {
        do throws(ReportRefusal) {
            return .report(try read(ReportArchive.contents(packed)))
        } catch {
            return .refused(error)
        }
    }

    private static func read(_ json: [UInt8]) throws(ReportRefusal) -> TLSReport {
        try measure(json)
        do {
            return try JSONDecoder().decode(TLSReport.self, from: Data(json))
        } catch let error as DecodingError {
            throw refusal(error)
        } catch {
            throw ReportRefusal("the JSON", found: "\(error)", expected: "a report")
        }
    }

    /// Before anything is made of it.
    private static func measure(_ json: [UInt8]) throws(ReportRefusal) {
        var (depth, values, isInString, isEscaped) = (0, 0, false, false)
        for (offset, byte) in json.enumerated() {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ","): values += 1
            default: break
            }
            guard depth <= depthMax, values <= valuesMax else {
                throw ReportRefusal(
                    "byte \(offset)", found: "depth \(depth), \(values) values",
                    expected: "at most depth \(depthMax), \(valuesMax) values")
            }
        }
    }

    private static func refusal(_ error: DecodingError) -> ReportRefusal {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }
            return path.isEmpty ? "the JSON" : path.joined(separator: ".")
        }
        return switch error {
        case .keyNotFound(let key, let context):
            ReportRefusal(place(context), found: "no \(key.stringValue)", expected: key.stringValue)
        case .typeMismatch(let type, let context):
            ReportRefusal(place(context), found: "another type", expected: "\(type)")
        case .valueNotFound(let type, let context):
            ReportRefusal(place(context), found: "null", expected: "\(type)")
        case .dataCorrupted(let context):
            ReportRefusal(place(context), found: "no JSON", expected: "JSON")
        @unknown default:
            ReportRefusal("the JSON", found: "\(error)", expected: "a report")
        }
    }
}
