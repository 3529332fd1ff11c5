/// How programs that answer begin their subjects, in the languages of their users. All are folded;
/// an answer that a person wrote begins otherwise.
enum AutoReplyPhrases {
    static let begin = [
        // English
        "out of office", "out of the office", "out-of-office", "automatic reply", "auto reply",
        "auto-reply", "autoreply", "auto:", "auto response", "auto-response", "autoresponse",
        "automatic response", "automated reply", "automated response", "away from", "on vacation",
        "vacation reply", "vacation:", "vacation message", "i am out of", "i'm out of",
        "on holiday",
        "away until", "on leave",
        // German
        "abwesenheitsnotiz", "automatische antwort", "abwesend", "automatische abwesenheit",
        "ich bin nicht im büro", "außer haus",
        // French
        "réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau",
        "message d'absence",
        // Spanish
        "respuesta automática", "respuesta automatica", "fuera de la oficina",
        // Portuguese
        "resposta automática", "resposta automatica", "fora do escritório",
        // Italian
        "risposta automatica", "fuori sede", "fuori ufficio", "assente",
        // Dutch
        "automatisch antwoord", "afwezig", "afwezigheid",
        // Danish, Norwegian, Swedish, Finnish
        "automatisk svar", "autosvar", "ikke til stede", "automatiskt svar", "frånvaro",
        "automaattinen vastaus", "poissa",
        // Polish, Czech, Hungarian, Turkish
        "automatyczna odpowiedź", "autoodpowiedź", "automatická odpověď", "automatikus válasz",
        "otomatik yanıt",
        // Russian, Greek
        "автоответ", "автоматический ответ", "αυτόματη απάντηση",
        // Japanese, Chinese, Korean
        "自動応答", "自動返信", "不在通知", "自动回复", "自動回覆", "자동 회신", "부재중",
    ]
}
