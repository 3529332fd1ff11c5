extension Charset {
    /// Each label in upper case, and the name that iconv has for what it means: where mails say one
    /// charset and mean its superset (GB2312, KS_C_5601, Shift_JIS), the superset.
    static let names: [String: String] = {
        var names: [String: String] = [:]
        for (name, aliases) in aliases {
            for label in [name] + aliases.split(separator: " ").map(String.init) {
                names[label] = name
            }
        }
        for part in [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16] {
            for form in ["ISO-8859-", "ISO8859-", "ISO_8859-"] {
                names["\(form)\(part)"] = "ISO-8859-\(part)"
            }
        }
        for page in 1250...1258 {
            for form in ["CP", "WINDOWS-", "X-CP"] { names["\(form)\(page)"] = "CP\(page)" }
        }
        for page in [437, 850, 852, 855, 857, 858, 862, 866] {
            for form in ["IBM", "CP"] { names["\(form)\(page)"] = "IBM\(page)" }
        }
        return names
    }()

    private static let aliases: [(name: String, aliases: String)] = [
        ("UTF-8", "UTF8 US-ASCII ASCII ANSI_X3.4-1968 ISO646-US"),
        ("ISO-8859-1", "ISO8859-1 ISO_8859-1 LATIN1"),
        ("ISO-8859-2", "LATIN2"), ("ISO-8859-9", "LATIN5"), ("ISO-8859-15", "LATIN9 LATIN-9"),
        ("ISO-8859-6", "ISO-8859-6-I ISO-8859-6-E"), ("ISO-8859-8", "ISO-8859-8-I ISO-8859-8-E"),
        ("KOI8-R", ""), ("KOI8-U", ""), ("MACINTOSH", "MAC X-MAC-ROMAN"),
        ("ISO-2022-JP", ""), ("ISO-2022-JP-1", ""), ("ISO-2022-JP-2", ""), ("ISO-2022-KR", ""),
        ("CP932", "SHIFT_JIS SHIFT-JIS SJIS X-SJIS MS_KANJI WINDOWS-31J"),
        ("EUC-JP", "EUCJP X-EUC-JP"),
        ("UHC", "EUC-KR EUCKR KS_C_5601-1987 KS_C_5601 KSC5601 CP949"),
        ("GBK", "GB2312 GB_2312-80 EUC-CN CP936 X-GBK"), ("GB18030", ""),
        ("BIG5", "BIG-5 CN-BIG5 X-BIG5 CP950"), ("BIG5-HKSCS", "BIG5HKSCS"),
        ("TIS-620", "TIS620"), ("CP874", "WINDOWS-874"),
        ("VISCII", ""), ("TCVN", "TCVN5712-1"),
        ("UTF-7", "UNICODE-1-1-UTF-7"),
        ("UTF-16", ""), ("UTF-16BE", ""), ("UTF-16LE", ""),
        ("UTF-32", ""), ("UTF-32BE", ""), ("UTF-32LE", ""),
    ]
}
