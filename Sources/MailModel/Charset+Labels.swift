extension Charset {
    /// How labels are compared: in upper case, and `_` and space as `-`.
    static func normalized(_ label: String) -> String {
        String(
            decoding: label.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"): byte & 0xDF
                case UInt8(ascii: "_"), UInt8(ascii: " "): UInt8(ascii: "-")
                default: byte
                }
            }, as: UTF8.self)
    }

    /// Each label, normalized, and what reads it: where mails say one charset and mean its superset
    /// (GB2312, KS_C_5601, Shift_JIS, TIS-620), the superset.
    static let readings: [String: Reading] = {
        var readings: [String: Reading] = [:]
        for (name, aliases) in aliases {
            let reading: Reading =
                switch name {
                case "UTF-8": .utf8
                case "US-ASCII": .ascii
                case "CP1252": .windows1252
                default: .iconv(name)
                }
            for label in [name] + aliases.split(separator: " ").map(String.init) {
                readings[normalized(label)] = reading
            }
        }
        for part in [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16] {
            for form in ["ISO-8859-", "ISO8859-", "ISO88", "8859-"] {
                readings["\(form)\(part)"] = .iconv("ISO-8859-\(part)")
            }
        }
        for page in 1250...1258 where page != 1252 {
            for form in ["CP", "CP-", "WINDOWS-", "WINDOWS", "X-CP", "WIN-"] {
                readings["\(form)\(page)"] = .iconv("CP\(page)")
            }
        }
        for page in [
            437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869,
        ] {
            for form in ["IBM", "CP", "CP-", "IBM-"] {
                readings["\(form)\(page)"] = .iconv("IBM\(page)")
            }
        }
        return readings
    }()

    private static let aliases: [(name: String, aliases: String)] = [
        ("UTF-8", "UTF8 UFT-8 UNICODE-1-1-UTF-8 CSUTF8 X-UTF-8 UTF-8-MAC"),
        (
            "US-ASCII",
            """
            ASCII USASCII ANSI_X3.4-1968 ANSI_X3.4-1986 ISO646-US ISO-IR-6 ISO_646.IRV:1991 US \
            CSASCII 7BIT 8BIT UNKNOWN-8BIT X-UNKNOWN
            """
        ),
        (
            "CP1252",
            """
            WINDOWS-1252 WINDOWS1252 X-CP1252 CP-1252 WIN-1252 ISO-8859-1 ISO8859-1 8859-1 ISO88591 \
            ISO_8859-1:1987 ISO-IR-100 LATIN1 LATIN-1 L1 CP819 IBM819 CSISOLATIN1 ANSI
            """
        ),
        ("ISO-8859-2", "LATIN2 LATIN-2 L2 ISO-IR-101 CSISOLATIN2 ISO_8859-2:1987"),
        ("ISO-8859-3", "LATIN3 L3 ISO-IR-109 CSISOLATIN3"),
        ("ISO-8859-4", "LATIN4 L4 ISO-IR-110 CSISOLATIN4"),
        ("ISO-8859-5", "CYRILLIC ISO-IR-144 CSISOLATINCYRILLIC"),
        ("ISO-8859-6", "ISO-8859-6-I ISO-8859-6-E ARABIC ISO-IR-127 CSISOLATINARABIC"),
        ("ISO-8859-7", "GREEK ISO-IR-126 CSISOLATINGREEK"),
        ("ISO-8859-8", "ISO-8859-8-I ISO-8859-8-E HEBREW ISO-IR-138 CSISOLATINHEBREW"),
        ("ISO-8859-9", "LATIN5 L5 ISO-IR-148 CSISOLATIN5"),
        ("ISO-8859-10", "LATIN6 L6 ISO-IR-157 CSISOLATIN6"),
        ("ISO-8859-13", "LATIN7 LATIN-7"), ("ISO-8859-14", "LATIN8"),
        ("ISO-8859-15", "LATIN9 LATIN-9"), ("ISO-8859-16", "LATIN10"),
        ("KOI8-R", "KOI8R KOI8 KOI CSKOI8R"), ("KOI8-U", "KOI8U KOI8-RU"), ("KOI8-T", ""),
        ("MACINTOSH", "MAC X-MAC-ROMAN X-MACROMAN MACROMAN CSMACINTOSH"),
        ("MAC-CENTRALEUROPE", "X-MAC-CE X-MAC-CENTRALEUROPE MACCE"),
        ("MAC-CYRILLIC", "X-MAC-CYRILLIC MACCYRILLIC"),
        ("ISO-2022-JP", "CSISO2022JP JIS"), ("ISO-2022-JP-1", ""),
        ("ISO-2022-JP-2", "CSISO2022JP2"), ("ISO-2022-KR", "CSISO2022KR"),
        (
            "CP932",
            "SHIFT_JIS SHIFT-JIS SHIFTJIS SJIS X-SJIS MS_KANJI WINDOWS-31J CSSHIFTJIS CSWINDOWS31J"
        ),
        ("EUC-JP", "EUCJP X-EUC-JP X-EUC CSEUCPKDFMTJAPANESE"),
        (
            "UHC",
            """
            EUC-KR EUCKR X-EUC-KR KS_C_5601-1987 KS_C_5601-1989 KS_C_5601 KSC5601 KSC_5601 \
            KS_X_1001 KOREAN CP949 WINDOWS-949 CSEUCKR CSKSC56011987 ISO-IR-149
            """
        ),
        (
            "GB18030",
            """
            GB-18030 GBK GB2312 GB-2312 GB_2312 GB_2312-80 EUC-CN EUCCN X-EUC-CN CN-GB CP936 WINDOWS-936 MS936 \
            X-GBK CHINESE CSGB2312 CSISO58GB231280 ISO-IR-58
            """
        ),
        ("BIG5", "BIG-5 BIG5-ETEN CN-BIG5 X-BIG5 X-X-BIG5 CP950 CHINESEBIG5 CSBIG5"),
        ("BIG5-HKSCS", "BIG5HKSCS"), ("EUC-TW", "EUCTW X-EUC-TW"), ("JOHAB", "CP1361"),
        ("TIS-620", "TIS620 CSTIS620"), ("CP874", "WINDOWS-874 DOS-874"), ("ARMSCII-8", ""),
        ("VISCII", "CSVISCII VISCII1.1-1"), ("TCVN", "TCVN5712-1"),
        ("UTF-7", "UTF7 UNICODE-1-1-UTF-7 X-UNICODE-2-0-UTF-7 CSUNICODE11UTF7"),
        ("UTF-16", "UTF16 UNICODE ISO-10646-UCS-2"), ("UTF-16BE", "UNICODEFFFE UTF16BE"),
        ("UTF-16LE", "UTF16LE"), ("UTF-32", "UTF32"), ("UTF-32BE", ""), ("UTF-32LE", ""),
    ]
}
