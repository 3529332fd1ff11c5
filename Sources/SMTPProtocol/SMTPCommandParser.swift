import MailModel
package import NIOCore

/// Reads one command line. RFC 5321 §4.1
///
/// Works on bytes; nothing gets into a command that has not been validated.
package enum SMTPCommandParser {
    /// `line` is without its CRLF.
    package static func parse(_ line: ByteBuffer) throws(SMTPSyntaxError) -> SMTPCommand {
        try parse(line.readableBytesView[...].map { $0 }[...])
    }

    package static func parse(_ line: ArraySlice<UInt8>) throws(SMTPSyntaxError) -> SMTPCommand {
        let verbBytes = line.prefix { $0 != space && $0 != tab }
        var argument = line[verbBytes.endIndex...].drop { $0 == space || $0 == tab }
        while let last = argument.last, last == space || last == tab { argument.removeLast() }
        let name = upperCased(verbBytes)
        guard let verb = SMTPVerb(rawValue: name) else {
            throw isHTTP(name, argument) ? .http : .unknownVerb
        }
        // HT separates words for some clients; inside an argument nothing below 32 has a place.
        guard argument.allSatisfy({ $0 >= 32 && $0 != 127 }) else { throw .control }
        return try command(verb, argument)
    }

    private static let space = UInt8(ascii: " ")
    private static let tab = UInt8(ascii: "\t")

    private static func command(
        _ verb: SMTPVerb, _ argument: ArraySlice<UInt8>
    ) throws(SMTPSyntaxError) -> SMTPCommand {
        switch verb {
        case .ehlo: .ehlo(try greetingName(verb, argument))
        case .helo: .helo(try greetingName(verb, argument))
        case .mail: try mail(argument)
        case .rcpt: try rcpt(argument)
        case .bdat: try bdat(argument)
        case .data: try bare(verb, argument, .data)
        case .rset: try bare(verb, argument, .rset)
        case .quit: try bare(verb, argument, .quit)
        case .starttls: try bare(verb, argument, .starttls)
        case .noop: .noop
        case .help: .help
        case .auth: try auth(argument)
        case .vrfy: try filled(verb, argument, .vrfy)
        case .expn: try filled(verb, argument, .expn)
        }
    }

    private static func bare(
        _ verb: SMTPVerb, _ argument: ArraySlice<UInt8>, _ command: SMTPCommand
    ) throws(SMTPSyntaxError) -> SMTPCommand {
        guard argument.isEmpty else { throw .argument(verb) }
        return command
    }

    private static func filled(
        _ verb: SMTPVerb, _ argument: ArraySlice<UInt8>, _ command: SMTPCommand
    ) throws(SMTPSyntaxError) -> SMTPCommand {
        guard !argument.isEmpty else { throw .argument(verb) }
        return command
    }

    /// `ehlo = "EHLO" SP ( Domain / address-literal ) CRLF`
    ///
    /// Deviates: real clients greet with names that are no domains (underscores, bare words), and
    /// Postfix and Exim take them; so do we, as long as the text is printable and without spaces.
    private static func greetingName(
        _ verb: SMTPVerb, _ argument: ArraySlice<UInt8>
    ) throws(SMTPSyntaxError) -> String {
        guard !argument.isEmpty, argument.count <= 255, !argument.contains(space),
            let name = String(validating: argument, as: UTF8.self)
        else { throw .argument(verb) }
        return name
    }

    /// `mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF`
    private static func mail(
        _ argument: ArraySlice<UInt8>
    ) throws(SMTPSyntaxError) -> SMTPCommand {
        let (path, rest) = try path(.mail, "FROM:", argument, bare: ReversePath.mailbox) {
            (parser: inout AddressParser) throws(AddressError) in try parser.readReversePath()
        }
        let parameters = try mailParameters(rest)
        if !parameters.isSMTPUTF8, let offset = firstNonASCII(argument, before: rest) {
            throw .address(AddressError(.nonASCII, at: offset))
        }
        return .mail(path, parameters)
    }

    /// `rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )
    /// [SP Rcpt-parameters] CRLF`. Whether UTF-8 is allowed the session knows: MAIL said so.
    private static func rcpt(
        _ argument: ArraySlice<UInt8>
    ) throws(SMTPSyntaxError) -> SMTPCommand {
        let (path, rest) = try path(.rcpt, "TO:", argument, bare: ForwardPath.mailbox) {
            (parser: inout AddressParser) throws(AddressError) in try parser.readForwardPath()
        }
        var parameters = RecipientParameters()
        var seen: Set<String> = []
        for word in rest.split(separator: space) {
            let (name, value) = try parameter(word)
            guard seen.insert(name).inserted else { throw .parameterInvalid }
            switch name {
            case "NOTIFY": parameters.occasions = try DSNParameters.occasions(value)
            case "ORCPT": parameters.originalRecipient = try DSNParameters.originalRecipient(value)
            default: throw .parameterUnknown
            }
        }
        return .rcpt(path, parameters)
    }

    /// `auth-command = "AUTH" SP mechanism [SP initial-response]`. RFC 4954 §4
    private static func auth(
        _ argument: ArraySlice<UInt8>
    ) throws(SMTPSyntaxError) -> SMTPCommand {
        let words = argument.split(separator: space)
        guard let mechanism = words.first, words.count <= 2, mechanism.count <= 20 else {
            throw .argument(.auth)
        }
        return .auth(mechanism: upperCased(mechanism), initial: words.dropFirst().first)
    }

    private static func firstNonASCII(
        _ argument: ArraySlice<UInt8>, before rest: ArraySlice<UInt8>
    ) -> Int? {
        argument[..<rest.startIndex].firstIndex { $0 >= 0x80 }.map { $0 - argument.startIndex }
    }

    /// Deviates: a space behind the colon is taken, and so is a mailbox without its brackets, as
    /// Postfix and Exim do; too many devices send them.
    private static func path<Path>(
        _ verb: SMTPVerb, _ keyword: StaticString, _ argument: ArraySlice<UInt8>,
        bare: (Mailbox) -> Path,
        _ read: (inout AddressParser) throws(AddressError) -> Path
    ) throws(SMTPSyntaxError) -> (Path, ArraySlice<UInt8>) {
        let word = argument.prefix(keyword.utf8CodeUnitCount)
        guard upperCased(word) == "\(keyword)" else {
            throw .argument(verb)
        }
        let start = argument[word.endIndex...].drop { $0 == space }
        guard start.count <= AddressParser.pathBytesMax + 1000 else {
            throw .address(AddressError(.trailing, at: AddressParser.pathBytesMax))
        }
        var parser = AddressParser(start, isUTF8Allowed: true)
        let path: Path
        do throws(AddressError) {
            let isBare = !start.isEmpty && start.first != UInt8(ascii: "<")
            path = isBare ? bare(try parser.readMailbox()) : try read(&parser)
        } catch {
            throw .address(error)
        }
        let rest = start[parser.position...]
        guard rest.isEmpty || rest.first == space else {
            throw .address(AddressError(.trailing, at: parser.position - start.startIndex))
        }
        return (path, rest)
    }

    /// `Mail-parameters = esmtp-param *(SP esmtp-param)`
    private static func mailParameters(
        _ bytes: ArraySlice<UInt8>
    ) throws(SMTPSyntaxError) -> MailParameters {
        var parameters = MailParameters()
        var seen: Set<String> = []
        for word in bytes.split(separator: space) {
            let (name, value) = try parameter(word)
            guard seen.insert(name).inserted else { throw .parameterInvalid }
            switch name {
            case "RET": parameters.returned = try DSNParameters.returned(value)
            case "ENVID": parameters.envelopeID = try DSNParameters.envelopeID(value)
            case "AUTH":
                guard value != nil else { throw .parameterInvalid }
                parameters.hasAuth = true
            case "SIZE": parameters.size = try size(value)
            case "BODY": parameters.is8BitMIME = try is8BitMIME(value)
            case "SMTPUTF8":
                guard value == nil else { throw .parameterInvalid }
                parameters.isSMTPUTF8 = true
            case "REQUIRETLS":
                guard value == nil else { throw .parameterInvalid }
                parameters.requiresTLS = true
            default: throw .parameterUnknown
            }
        }
        return parameters
    }

    /// `esmtp-param = esmtp-keyword ["=" esmtp-value]`,
    /// `esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")`,
    /// `esmtp-value = 1*(%d33-60 / %d62-126)`, and UTF-8 by RFC 6531 §3.3.
    private static func parameter(
        _ word: ArraySlice<UInt8>
    ) throws(SMTPSyntaxError) -> (name: String, value: ArraySlice<UInt8>?) {
        let equals = UInt8(ascii: "=")
        let keyword = word.prefix { $0 != equals }
        let name = upperCased(keyword)
        guard keyword.first != UInt8(ascii: "-"), !keyword.isEmpty,
            name.utf8.allSatisfy({ isDigit($0) || isUpper($0) || $0 == UInt8(ascii: "-") })
        else { throw .parameterInvalid }
        guard keyword.endIndex < word.endIndex else { return (name, nil) }
        let value = word[(keyword.endIndex + 1)...]
        guard !value.isEmpty, !value.contains(equals) else { throw .parameterInvalid }
        return (name, value)
    }

    /// Folds ASCII alone: `ſ` is no S here. What is not UTF-8 equals no word of ours.
    static func upperCased(_ bytes: ArraySlice<UInt8>) -> String {
        String(
            decoding: bytes.map { (0x61...0x7A).contains($0) ? $0 & 0xDF : $0 }, as: UTF8.self)
    }

    private static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }

    /// RFC 1870 §3: 1 to 20 digits.
    private static func size(_ value: ArraySlice<UInt8>?) throws(SMTPSyntaxError) -> Int {
        guard let value, !value.isEmpty, value.count <= 20, value.allSatisfy(isDigit) else {
            throw .parameterInvalid
        }
        return Int(String(decoding: value, as: UTF8.self)) ?? Int.max
    }

    private static func is8BitMIME(_ value: ArraySlice<UInt8>?) throws(SMTPSyntaxError) -> Bool {
        switch value.map(upperCased) {
        case "7BIT": return false
        case "8BITMIME": return true
        case "BINARYMIME": throw .parameterNotOffered
        default: throw .parameterInvalid
        }
    }

    /// `bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ] CRLF`. Digits only: no sign, and nothing
    /// that does not fit.
    private static func bdat(
        _ argument: ArraySlice<UInt8>
    ) throws(SMTPSyntaxError) -> SMTPCommand {
        let words = argument.split(separator: space)
        guard let first = words.first, words.count <= 2, first.count <= 20,
            first.allSatisfy(isDigit), let size = Int(String(decoding: first, as: UTF8.self))
        else { throw .argument(.bdat) }
        guard words.count == 2 else { return .bdat(size: size, isLast: false) }
        guard upperCased(words[1]) == "LAST" else {
            throw .argument(.bdat)
        }
        return .bdat(size: size, isLast: true)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static let httpMethods: Set<String> = [
        "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE", "PRI",
    ]

    private static func isHTTP(_ verb: String, _ argument: ArraySlice<UInt8>) -> Bool {
        guard httpMethods.contains(verb) else { return false }
        return String(decoding: argument, as: UTF8.self).contains("HTTP/")
    }
}
