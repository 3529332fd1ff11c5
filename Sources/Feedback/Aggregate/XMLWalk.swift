import CExpat

/// Goes over an XML document by expat, element by element: nothing of it is kept but the way to
/// where it is and the text there. A document type is refused where it begins, so no entity is ever
/// declared, let alone fetched.
final class XMLWalk {
    /// Elements around one.
    static let depthMax = 32
    /// Bytes of one element's text; more are passed over.
    static let textBytesMax = 65_536

    /// The names of the elements around and of this one, without namespaces, from the root.
    private(set) var path: [String] = []
    private var text: [UInt8] = []
    private let opened: ([String]) throws -> Void
    private let closed: ([String], String) throws -> Void
    private var thrown: ReportRefusal?
    private let parser: XML_Parser

    /// `opened` sees each element's path at its start, `closed` its path and its own text, trimmed,
    /// at its end. What they throw, a `ReportRefusal`, ends the walk.
    init?(
        opened: @escaping ([String]) throws -> Void,
        closed: @escaping ([String], String) throws -> Void
    ) {
        guard let parser = XML_ParserCreate("UTF-8") else { return nil }
        self.parser = parser
        self.opened = opened
        self.closed = closed
    }

    deinit { XML_ParserFree(parser) }

    /// Where the document stops being well-formed; nil if it is whole. Throws where it goes beyond a
    /// limit or has a document type, and what a closure threw.
    func walk(_ document: [UInt8]) throws(ReportRefusal) -> ReportRefusal? {
        setHandlers()
        let status = document.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { bytes in
                XML_Parse(parser, bytes.baseAddress, Int32(clamping: bytes.count), 1)
            }
        }
        if let thrown { throw thrown }
        return status == XML_STATUS_OK ? nil : malformed()
    }

    private func malformed() -> ReportRefusal {
        let message = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) }
        return ReportRefusal(place, found: message ?? "no XML", expected: "well-formed XML")
    }

    var place: String {
        let line = XML_GetCurrentLineNumber(parser)
        let column = XML_GetCurrentColumnNumber(parser)
        return "line \(line), column \(column + 1)"
    }

    // MARK: Events

    private func setHandlers() {
        XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        XML_SetElementHandler(
            parser, { data, name, _ in XMLWalk.of(data)?.open(name) },
            { data, _ in XMLWalk.of(data)?.close() })
        XML_SetCharacterDataHandler(parser) { data, bytes, count in
            XMLWalk.of(data)?.add(bytes, count)
        }
        XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
            guard let walk = XMLWalk.of(data) else { return }
            walk.stop(ReportRefusal(walk.place, found: "a document type", expected: "none"))
        }
        XML_SetEntityDeclHandler(parser) { data, _, _, _, _, _, _, _, _ in
            guard let walk = XMLWalk.of(data) else { return }
            walk.stop(ReportRefusal(walk.place, found: "an entity's declaration", expected: "none"))
        }
    }

    private static func of(_ data: UnsafeMutableRawPointer?) -> XMLWalk? {
        data.map { Unmanaged<XMLWalk>.fromOpaque($0).takeUnretainedValue() }
    }

    private func stop(_ refusal: ReportRefusal) {
        if thrown == nil { thrown = refusal }
        XML_StopParser(parser, 0)
    }

    private func run(_ step: () throws -> Void) {
        guard thrown == nil else { return }
        do {
            try step()
        } catch let refusal as ReportRefusal {
            stop(refusal)
        } catch {
            stop(ReportRefusal(place, found: "\(error)", expected: "a report"))
        }
    }

    private func open(_ name: UnsafePointer<CChar>?) {
        let name = name.map { String(cString: $0) } ?? ""
        // `ns:name`
        path.append(name.split(separator: ":").last.map(String.init) ?? name)
        text.removeAll(keepingCapacity: true)
        guard path.count <= Self.depthMax else {
            return stop(
                ReportRefusal(
                    place, found: "\(path.count) elements in one another",
                    expected: "at most \(Self.depthMax)"))
        }
        run { try opened(path) }
    }

    private func close() {
        run { try closed(path, String(decoding: text, as: UTF8.self).trimmed()) }
        text.removeAll(keepingCapacity: true)
        if !path.isEmpty { path.removeLast() }
    }

    private func add(_ bytes: UnsafePointer<CChar>?, _ count: Int32) {
        guard let bytes, text.count < Self.textBytesMax else { return }
        bytes.withMemoryRebound(to: UInt8.self, capacity: Int(count)) { bytes in
            text.append(
                contentsOf: UnsafeBufferPointer(
                    start: bytes, count: min(Int(count), Self.textBytesMax - text.count)))
        }
    }
}
