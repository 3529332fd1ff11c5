BEGIN TRANSACTION;
CREATE TABLE access_key (
    id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
    state TEXT NOT NULL, secret BLOB NOT NULL,
    created_ms BIGINT NOT NULL, used_ms BIGINT);
CREATE TABLE account (id TEXT PRIMARY KEY NOT NULL, created_ms BIGINT NOT NULL);
INSERT INTO "account" VALUES('main',1795927290217);
CREATE TABLE action (
    mail TEXT NOT NULL, rule TEXT NOT NULL, position INTEGER NOT NULL,
    kind TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
    first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, next_ms BIGINT,
    disposition TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (mail, rule, position)) WITHOUT ROWID;
INSERT INTO "action" VALUES('06h2b6tj9v2f33d114ft245lkt1qe1gvecnuhk0v','keep',1,'store','done',1,1795927290780,1795927290780,NULL,'CONTINUE','mail/kept/06h2b6tj9v2f33d114ft245lkt1qe1gvecnuhk0v');
INSERT INTO "action" VALUES('06h2b6tj9v2f33d114ft245lkt1qe1gvecnuhk0v','keep',2,'notify','done',1,1795927290782,1795927290782,NULL,'CONTINUE','told');
INSERT INTO "action" VALUES('06h2b6tjjqu84olhse8o5bskppdjhsgd2t476rud','fail',0,'store','done',1,1795927290849,1795927290849,NULL,'CONTINUE','mail/06h2b6tjjqu84olhse8o5bskppdjhsgd2t476rud');
INSERT INTO "action" VALUES('06h2b6tjjqu84olhse8o5bskppdjhsgd2t476rud','fail',1,'invoke','dead',1,1795927290900,1795927290900,NULL,'CONTINUE','failing: exit status 1');
INSERT INTO "action" VALUES('06h2b6tjjqu84olhse8o5bskppdjhsgd2t476rud','fail',2,'notify','done',1,1795927290964,1795927290964,NULL,'CONTINUE','told');
INSERT INTO "action" VALUES('06h2b74v08gll7pljqtiqnss51op4bnu4t493h3a','keep',1,'store','done',1,1795927351108,1795927351108,NULL,'CONTINUE','mail/kept/06h2b74v08gll7pljqtiqnss51op4bnu4t493h3a');
INSERT INTO "action" VALUES('06h2b74v08gll7pljqtiqnss51op4bnu4t493h3a','keep',2,'notify','done',1,1795927351109,1795927351109,NULL,'CONTINUE','told');
INSERT INTO "action" VALUES('06h2b74vhmed19ahrt059b42a5qqtkrnvln96kcf','keep',1,'store','done',1,1795927351248,1795927351248,NULL,'CONTINUE','mail/kept/06h2b74vhmed19ahrt059b42a5qqtkrnvln96kcf');
INSERT INTO "action" VALUES('06h2b74vhmed19ahrt059b42a5qqtkrnvln96kcf','keep',2,'notify','done',1,1795927351249,1795927351249,NULL,'CONTINUE','told');
INSERT INTO "action" VALUES('06h2b750105jh5gj60urqk5sg9i9klecborfm00k','fail',0,'store','done',1,1795927351369,1795927351369,NULL,'CONTINUE','mail/06h2b750105jh5gj60urqk5sg9i9klecborfm00k');
INSERT INTO "action" VALUES('06h2b750105jh5gj60urqk5sg9i9klecborfm00k','fail',1,'invoke','retrying',1,1795927351401,1795927351401,1795931114526,'CONTINUE','failing: exit status 1');
INSERT INTO "action" VALUES('06h2b750gnb4v46h8g9rf76h9pkk78f70g062vhv','fail',0,'store','done',1,1795927351462,1795927351462,NULL,'CONTINUE','mail/06h2b750gnb4v46h8g9rf76h9pkk78f70g062vhv');
INSERT INTO "action" VALUES('06h2b750gnb4v46h8g9rf76h9pkk78f70g062vhv','fail',1,'invoke','retrying',1,1795927351505,1795927351505,1795931162442,'CONTINUE','failing: exit status 1');
INSERT INTO "action" VALUES('06h2b751187tge9jgv86b48qhla0p6rhk9k9l0t5','fail',0,'store','done',1,1795927351620,1795927351620,NULL,'CONTINUE','mail/06h2b751187tge9jgv86b48qhla0p6rhk9k9l0t5');
INSERT INTO "action" VALUES('06h2b751187tge9jgv86b48qhla0p6rhk9k9l0t5','fail',1,'invoke','retrying',1,1795927351692,1795927351692,1795931457942,'CONTINUE','failing: exit status 1');
INSERT INTO "action" VALUES('06h2b752d8p96i87mtpsb7i5v7sptu7ovisiq878','fail',0,'store','done',1,1795927351975,1795927351975,NULL,'CONTINUE','mail/06h2b752d8p96i87mtpsb7i5v7sptu7ovisiq878');
INSERT INTO "action" VALUES('06h2b752d8p96i87mtpsb7i5v7sptu7ovisiq878','fail',1,'invoke','retrying',1,1795927352012,1795927352012,1795931553887,'CONTINUE','failing: exit status 1');
CREATE TABLE destination (
    name TEXT PRIMARY KEY NOT NULL, due_ms BIGINT NOT NULL,
    failures INTEGER NOT NULL, rests_ms BIGINT, detail TEXT)
    WITHOUT ROWID;
CREATE TABLE dkim_key (
    account TEXT NOT NULL, identity TEXT NOT NULL, selector TEXT NOT NULL,
    facts TEXT NOT NULL, private_key BLOB NOT NULL,
    PRIMARY KEY (account, identity, selector));
CREATE TABLE idempotency (
    account TEXT NOT NULL, name TEXT NOT NULL, mail TEXT NOT NULL,
    created_ms BIGINT NOT NULL, PRIMARY KEY (account, name));
CREATE TABLE identity (
    account TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    status TEXT NOT NULL, is_trusted INTEGER NOT NULL, created_ms BIGINT NOT NULL, token TEXT, since_ms BIGINT, checked_ms BIGINT, check_error TEXT, check_detail TEXT, check_found TEXT, succeeded_ms BIGINT, next_check_ms BIGINT,
    PRIMARY KEY (account, name));
INSERT INTO "identity" VALUES('main','example.test','domain','SUCCESS',1,1795927290589,NULL,1795927290589,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "identity" VALUES('main','ada@other.example','address','SUCCESS',1,1795927290638,NULL,1795927290638,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE mail (
    id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL,
    received_ms BIGINT NOT NULL, state TEXT NOT NULL, mail_from TEXT NOT NULL,
    recipients TEXT NOT NULL, helo TEXT NOT NULL, peer_address TEXT NOT NULL,
    tls TEXT, is_extended INTEGER NOT NULL, is_smtputf8 INTEGER NOT NULL,
    is_8bitmime INTEGER NOT NULL, rule_set_version TEXT NOT NULL,
    is_untaken INTEGER NOT NULL, body_place TEXT NOT NULL,
    head_length BIGINT NOT NULL, total_length BIGINT NOT NULL,
    checksum BIGINT NOT NULL, due_ms BIGINT, peer_name_state TEXT, peer_name TEXT, verdicts TEXT, waits_for TEXT, requires_tls INTEGER) WITHOUT ROWID;
INSERT INTO "mail" VALUES('06h2b6tj9v2f33d114ft245lkt1qe1gvecnuhk0v','main',1795927290703,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'expired',371,532,529770188,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2b6tjjqu84olhse8o5bskppdjhsgd2t476rud','main',1795927290782,'retired','ada@sender.example','fail@example.test','client.example','127.0.0.1','TLSv1.3',1,0,0,'a92f263720582dad',0,'row',372,527,3157089634,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2b74v08gll7pljqtiqnss51op4bnu4t493h3a','main',1795927351042,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1','TLSv1.3',1,0,0,'a92f263720582dad',0,'row',372,527,798340289,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2b74vhmed19ahrt059b42a5qqtkrnvln96kcf','main',1795927351181,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,3012,763332659,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2b750105jh5gj60urqk5sg9i9klecborfm00k','main',1795927351304,'acting','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'row',371,534,3379461552,1795931114526,NULL,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2b750gnb4v46h8g9rf76h9pkk78f70g062vhv','main',1795927351429,'acting','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,3618,681842504,1795931162442,NULL,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2b751187tge9jgv86b48qhla0p6rhk9k9l0t5','main',1795927351562,'held','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'row',371,526,244014888,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2b751tkns3q0mensvu8bjcrh2qdrodn9n4nmo','main',1795927351789,'retired','ada@sender.example','postmaster@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',1,'row',377,544,1194311711,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2b752d8p96i87mtpsb7i5v7sptu7ovisiq878','main',1795927351914,'damaged','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,2305,1913515307,NULL,NULL,NULL,NULL,NULL,0);
CREATE TABLE mail_body (
    mail TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL)
    WITHOUT ROWID;
INSERT INTO "mail_body" VALUES('06h2b6tjjqu84olhse8o5bskppdjhsgd2t476rud',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D54505320696420303668326236746A6A717538346F6C687365386F3562736B7070646A6873676432743437367275640D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030343A34313A3330202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D493264477071635855344E47397361484E6C4F473831596E4E726348426B616D687A5A325179644451334E6E4A315A48514E4179765872567A38487A6E70444947335536553D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A20446561640D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A446561642C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2b74v08gll7pljqtiqnss51op4bnu4t493h3a',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450532069642030366832623734763038676C6C37706C6A717469716E737335316F7034626E7534743439336833610D0A20666F72203C6B656570406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030343A34323A3331202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D49334E4859774F476473624464776247707864476C78626E4E7A4E54467663445269626E5530644451354D32677A59554A5A456F35764F554A7968464970777348377871383D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6B656570406578616D706C652E746573743E0D0A5375626A6563743A204B6570740D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A4B6570742C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2b750105jh5gj60urqk5sg9i9klecborfm00k',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D54502069642030366832623735303130356A6835676A36307572716B3573673969396B6C6563626F72666D30306B0D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030343A34323A3331202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D49334E5441784D4456716144566E616A597764584A78617A567A5A7A6C704F5774735A574E6962334A6D6254417761316F3739744254346C4D55612F694C2B6A544D6C57633D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A205265747279696E670D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A5265747279696E672C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2b751187tge9jgv86b48qhla0p6rhk9k9l0t5',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450206964203036683262373531313837746765396A6776383662343871686C6130703672686B396B396C3074350D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030343A34323A3331202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D49334E5445784F4464305A325535616D64324F445A694E446878614778684D484132636D68724F577335624442304E546C64347554584D456E6B2F4D516A4C6B674658676B3D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A2048656C640D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A48656C642C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2b751tkns3q0mensvu8bjcrh2qdrodn9n4nmo',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450206964203036683262373531746B6E733371306D656E73767538626A637268327164726F646E396E346E6D6F0D0A20666F72203C706F73746D6173746572406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030343A34323A3331202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D49334E5446306132357A4D3345776257567563335A314F474A7159334A6F4D6E466B636D396B626A6C754E473574623962712B412F4B3451464A342B44616C3554717761343D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C706F73746D6173746572406578616D706C652E746573743E0D0A5375626A6563743A20556E74616B656E0D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A556E74616B656E2C206C696E6520300D0A');
CREATE TABLE rule_set_version (
    version TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
    kept_ms BIGINT NOT NULL);
INSERT INTO "rule_set_version" VALUES('a92f263720582dad','main','{"name":"main","rules":[{"actions":[{"addHeader":{"name":"X-Kept","value":"yes"}},{"store":{"bucket":"mail","onFailure":"hold","prefix":"kept"}},{"notify":{"encoding":"UTF-8","topic":"told"}},{"stop":{}}],"isEnabled":true,"isScanEnabled":false,"name":"keep","recipients":["keep@example.test"],"tlsPolicy":"Optional"},{"actions":[{"store":{"bucket":"mail","onFailure":"hold"}},{"invoke":{"handler":"failing","onFailure":"hold","type":"RequestResponse"}},{"notify":{"encoding":"UTF-8","topic":"told"}}],"isEnabled":true,"isScanEnabled":false,"name":"fail","recipients":["fail@example.test"],"tlsPolicy":"Optional"}]}',1795927290284);
CREATE TABLE schema_version (version INTEGER PRIMARY KEY NOT NULL);
INSERT INTO "schema_version" VALUES(1);
INSERT INTO "schema_version" VALUES(2);
INSERT INTO "schema_version" VALUES(3);
INSERT INTO "schema_version" VALUES(4);
INSERT INTO "schema_version" VALUES(5);
INSERT INTO "schema_version" VALUES(6);
INSERT INTO "schema_version" VALUES(7);
INSERT INTO "schema_version" VALUES(8);
INSERT INTO "schema_version" VALUES(9);
CREATE TABLE sending_identity (
    account TEXT NOT NULL, name TEXT NOT NULL, dkim TEXT, mail_from TEXT, configuration_set TEXT,
    PRIMARY KEY (account, name));
CREATE TABLE sent_mail (
    id TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL, account TEXT NOT NULL,
    accepted_ms BIGINT NOT NULL, state TEXT NOT NULL, facts TEXT NOT NULL,
    sender TEXT NOT NULL, return_domain TEXT NOT NULL, body_place TEXT NOT NULL,
    body_length BIGINT NOT NULL, checksum BIGINT NOT NULL, is_8bit INTEGER NOT NULL,
    is_smtputf8 INTEGER NOT NULL, tls TEXT NOT NULL, pool TEXT,
    head BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE sent_recipient (
    mail TEXT NOT NULL, position INTEGER NOT NULL, address TEXT NOT NULL,
    destination TEXT NOT NULL, state TEXT NOT NULL, due_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL, attempts INTEGER NOT NULL, last_ms BIGINT,
    detail TEXT, notification TEXT,
    PRIMARY KEY (mail, position)) WITHOUT ROWID;
CREATE TABLE setting (
    account TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (account, name));
INSERT INTO "setting" VALUES('main','active-rule-set','main');
CREATE TABLE suppression (
    scope TEXT NOT NULL, address TEXT NOT NULL, reason TEXT NOT NULL,
    changed_ms BIGINT NOT NULL, mail TEXT, feedback TEXT, evidence TEXT,
    PRIMARY KEY (scope, address)) WITHOUT ROWID;
CREATE TABLE tls_result (
    day BIGINT NOT NULL, domain TEXT NOT NULL, policy TEXT NOT NULL,
    host TEXT NOT NULL, failure TEXT NOT NULL, sessions BIGINT NOT NULL,
    PRIMARY KEY (day, domain, policy, host, failure)) WITHOUT ROWID;
CREATE TABLE topic_delivery (
    message TEXT NOT NULL, subscriber TEXT NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL, first_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL,
    last_error TEXT, topic TEXT NOT NULL DEFAULT '', PRIMARY KEY (message, subscriber)) WITHOUT ROWID;
INSERT INTO "topic_delivery" VALUES('4240a035-b742-4b45-91bc-fc1602a5f829','hook','dead',1,1795927290964,1795927290964,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('4874f346-dbbc-46f1-a326-5155642a1b07','hook','waiting',1,1795927351249,1795930951270,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('51e38542-7c4e-4d1b-8b30-3606e41acef5','hook','waiting',1,1795927351109,1795930951125,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('71e2d78c-e938-4da1-a7b8-2f752577de80','hook','dead',1,1795927290782,1795927290782,'Connection refused','told');
CREATE TABLE topic_message (
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, topic TEXT NOT NULL,
    subject TEXT, message TEXT NOT NULL, created_ms BIGINT NOT NULL, kind TEXT NOT NULL DEFAULT 'Notification');
INSERT INTO "topic_message" VALUES(1,'71e2d78c-e938-4da1-a7b8-2f752577de80','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTP id 06h2b6tj9v2f33d114ft245lkt1qe1gvecnuhk0v\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 04:41:30 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmI2dGo5djJmMzNkMTE0ZnQyNDVsa3QxcWUxZ3ZlY251aGswdoLAo5sPW5fbtw+LgeVsVEc=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Expired\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nExpired, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Expired","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTP id 06h2b6tj9v2f33d114ft245lkt1qe1gvecnuhk0v for <keep@example.test>; Sun, 29 Nov 2026 04:41:30 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmI2dGo5djJmMzNkMTE0ZnQyNDVsa3QxcWUxZ3ZlY251aGswdoLAo5sPW5fbtw+LgeVsVEc="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Expired"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2b6tj9v2f33d114ft245lkt1qe1gvecnuhk0v","source":"ada@sender.example","timestamp":"2026-11-29T04:41:30.703Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":78,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T04:41:30.703Z","virusVerdict":{"status":"DISABLED"}}}',1795927290782,'Notification');
INSERT INTO "topic_message" VALUES(2,'4240a035-b742-4b45-91bc-fc1602a5f829','told','Amazon SES Email Receipt Notification','{"content":"Return-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTPS id 06h2b6tjjqu84olhse8o5bskppdjhsgd2t476rud\r\n for <fail@example.test>;\r\n Sun, 29 Nov 2026 04:41:30 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmI2dGpqcXU4NG9saHNlOG81YnNrcHBkamhzZ2QydDQ3NnJ1ZHQNAyvXrVz8HznpDIG3U6U=\r\nFrom: <ada@sender.example>\r\nTo: <fail@example.test>\r\nSubject: Dead\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nDead, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Dead","to":["fail@example.test"]},"destination":["fail@example.test"],"headers":[{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTPS id 06h2b6tjjqu84olhse8o5bskppdjhsgd2t476rud for <fail@example.test>; Sun, 29 Nov 2026 04:41:30 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmI2dGpqcXU4NG9saHNlOG81YnNrcHBkamhzZ2QydDQ3NnJ1ZHQNAyvXrVz8HznpDIG3U6U="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<fail@example.test>"},{"name":"Subject","value":"Dead"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2b6tjjqu84olhse8o5bskppdjhsgd2t476rud","source":"ada@sender.example","timestamp":"2026-11-29T04:41:30.782Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":182,"recipients":["fail@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T04:41:30.782Z","virusVerdict":{"status":"DISABLED"}}}',1795927290964,'Notification');
INSERT INTO "topic_message" VALUES(3,'51e38542-7c4e-4d1b-8b30-3606e41acef5','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTPS id 06h2b74v08gll7pljqtiqnss51op4bnu4t493h3a\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 04:42:31 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmI3NHYwOGdsbDdwbGpxdGlxbnNzNTFvcDRibnU0dDQ5M2gzYUJZEo5vOUJyhFIpwsH7xq8=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Kept\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nKept, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Kept","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTPS id 06h2b74v08gll7pljqtiqnss51op4bnu4t493h3a for <keep@example.test>; Sun, 29 Nov 2026 04:42:31 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmI3NHYwOGdsbDdwbGpxdGlxbnNzNTFvcDRibnU0dDQ5M2gzYUJZEo5vOUJyhFIpwsH7xq8="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Kept"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2b74v08gll7pljqtiqnss51op4bnu4t493h3a","source":"ada@sender.example","timestamp":"2026-11-29T04:42:31.042Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":67,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T04:42:31.042Z","virusVerdict":{"status":"DISABLED"}}}',1795927351109,'Notification');
INSERT INTO "topic_message" VALUES(4,'4874f346-dbbc-46f1-a326-5155642a1b07','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTP id 06h2b74vhmed19ahrt059b42a5qqtkrnvln96kcf\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 04:42:31 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmI3NHZobWVkMTlhaHJ0MDU5YjQyYTVxcXRrcm52bG45NmtjZiqReH7Xsn4eHEosX0DWc9Y=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Kept in a file\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nKept in a file, line 0\r\nKept in a file, line 1\r\nKept in a file, line 2\r\nKept in a file, line 3\r\nKept in a file, line 4\r\nKept in a file, line 5\r\nKept in a file, line 6\r\nKept in a file, line 7\r\nKept in a file, line 8\r\nKept in a file, line 9\r\nKept in a file, line 10\r\nKept in a file, line 11\r\nKept in a file, line 12\r\nKept in a file, line 13\r\nKept in a file, line 14\r\nKept in a file, line 15\r\nKept in a file, line 16\r\nKept in a file, line 17\r\nKept in a file, line 18\r\nKept in a file, line 19\r\nKept in a file, line 20\r\nKept in a file, line 21\r\nKept in a file, line 22\r\nKept in a file, line 23\r\nKept in a file, line 24\r\nKept in a file, line 25\r\nKept in a file, line 26\r\nKept in a file, line 27\r\nKept in a file, line 28\r\nKept in a file, line 29\r\nKept in a file, line 30\r\nKept in a file, line 31\r\nKept in a file, line 32\r\nKept in a file, line 33\r\nKept in a file, line 34\r\nKept in a file, line 35\r\nKept in a file, line 36\r\nKept in a file, line 37\r\nKept in a file, line 38\r\nKept in a file, line 39\r\nKept in a file, line 40\r\nKept in a file, line 41\r\nKept in a file, line 42\r\nKept in a file, line 43\r\nKept in a file, line 44\r\nKept in a file, line 45\r\nKept in a file, line 46\r\nKept in a file, line 47\r\nKept in a file, line 48\r\nKept in a file, line 49\r\nKept in a file, line 50\r\nKept in a file, line 51\r\nKept in a file, line 52\r\nKept in a file, line 53\r\nKept in a file, line 54\r\nKept in a file, line 55\r\nKept in a file, line 56\r\nKept in a file, line 57\r\nKept in a file, line 58\r\nKept in a file, line 59\r\nKept in a file, line 60\r\nKept in a file, line 61\r\nKept in a file, line 62\r\nKept in a file, line 63\r\nKept in a file, line 64\r\nKept in a file, line 65\r\nKept in a file, line 66\r\nKept in a file, line 67\r\nKept in a file, line 68\r\nKept in a file, line 69\r\nKept in a file, line 70\r\nKept in a file, line 71\r\nKept in a file, line 72\r\nKept in a file, line 73\r\nKept in a file, line 74\r\nKept in a file, line 75\r\nKept in a file, line 76\r\nKept in a file, line 77\r\nKept in a file, line 78\r\nKept in a file, line 79\r\nKept in a file, line 80\r\nKept in a file, line 81\r\nKept in a file, line 82\r\nKept in a file, line 83\r\nKept in a file, line 84\r\nKept in a file, line 85\r\nKept in a file, line 86\r\nKept in a file, line 87\r\nKept in a file, line 88\r\nKept in a file, line 89\r\nKept in a file, line 90\r\nKept in a file, line 91\r\nKept in a file, line 92\r\nKept in a file, line 93\r\nKept in a file, line 94\r\nKept in a file, line 95\r\nKept in a file, line 96\r\nKept in a file, line 97\r\nKept in a file, line 98\r\nKept in a file, line 99\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Kept in a file","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTP id 06h2b74vhmed19ahrt059b42a5qqtkrnvln96kcf for <keep@example.test>; Sun, 29 Nov 2026 04:42:31 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmI3NHZobWVkMTlhaHJ0MDU5YjQyYTVxcXRrcm52bG45NmtjZiqReH7Xsn4eHEosX0DWc9Y="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Kept in a file"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2b74vhmed19ahrt059b42a5qqtkrnvln96kcf","source":"ada@sender.example","timestamp":"2026-11-29T04:42:31.181Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":68,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T04:42:31.181Z","virusVerdict":{"status":"DISABLED"}}}',1795927351249,'Notification');
CREATE TABLE topic_subscription (
    account TEXT NOT NULL, topic TEXT NOT NULL, subscriber TEXT NOT NULL,
    url TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, token TEXT NOT NULL,
    token_expires_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
    PRIMARY KEY (account, topic, subscriber));
INSERT INTO "topic_subscription" VALUES('main','told','hook','http://127.0.0.1:9/told','bd6da853-8b8c-7989-a905-1098ee711c27','confirmed','88d1829c84b2cfd771d25003ceb398147dd97e9bee40f0aa6d7ffaf88a7d3a97',1795927290290,1795927290290);
CREATE TABLE zone_record (
    name TEXT NOT NULL, type INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (name, type, data)) WITHOUT ROWID;
CREATE INDEX mail_due ON mail (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX mail_aside ON mail (state) WHERE state IN ('held', 'damaged');
CREATE INDEX mail_untaken ON mail (id) WHERE is_untaken = 1;
CREATE INDEX mail_content ON mail (received_ms, total_length)
    WHERE state = 'retired' AND body_place <> 'expired';
CREATE INDEX action_open ON action (state, mail) WHERE state <> 'done';
CREATE INDEX topic_delivery_due ON topic_delivery (state, next_ms);
CREATE INDEX topic_delivery_held ON topic_delivery (topic, subscriber, next_ms)
    WHERE state = 'held';
CREATE INDEX mail_unjudged ON mail (id) WHERE waits_for IS NOT NULL;
CREATE INDEX sent_mail_ended ON sent_mail (accepted_ms) WHERE state = 'ended';
CREATE INDEX sent_recipient_queued ON sent_recipient (destination, due_ms)
    WHERE state = 'queued';
CREATE INDEX sent_recipient_held ON sent_recipient (mail) WHERE state = 'held';
CREATE INDEX destination_due ON destination (due_ms);
CREATE INDEX idempotency_created ON idempotency (created_ms);
CREATE INDEX sent_mail_file ON sent_mail (state, body) WHERE body_place = 'file';
COMMIT;
