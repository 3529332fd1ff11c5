BEGIN TRANSACTION;
CREATE TABLE access_key (
    id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
    state TEXT NOT NULL, secret BLOB NOT NULL,
    created_ms BIGINT NOT NULL, used_ms BIGINT);
CREATE TABLE account (id TEXT PRIMARY KEY NOT NULL, created_ms BIGINT NOT NULL);
INSERT INTO "account" VALUES('main',1795962033987);
CREATE TABLE action (
    mail TEXT NOT NULL, rule TEXT NOT NULL, position INTEGER NOT NULL,
    asked INTEGER NOT NULL, recipient TEXT NOT NULL,
    kind TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
    first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, next_ms BIGINT,
    disposition TEXT NOT NULL, detail TEXT NOT NULL, asks TEXT,
    PRIMARY KEY (mail, rule, position, asked, recipient)) WITHOUT ROWID;
INSERT INTO "action" VALUES('06h2fbeq9jo9h4eff5jh67i4qo70jd11j0jsjh61','keep',1,0,'','store','done',1,1795962034847,1795962034847,NULL,'CONTINUE','mail/kept/06h2fbeq9jo9h4eff5jh67i4qo70jd11j0jsjh61',NULL);
INSERT INTO "action" VALUES('06h2fbeq9jo9h4eff5jh67i4qo70jd11j0jsjh61','keep',2,0,'','notify','done',1,1795962034848,1795962034848,NULL,'CONTINUE','told',NULL);
INSERT INTO "action" VALUES('06h2fbeqo03j9shj695pgg6dlkn092h5ljv7dfe5','fail',0,0,'','store','done',1,1795962034943,1795962034943,NULL,'CONTINUE','mail/06h2fbeqo03j9shj695pgg6dlkn092h5ljv7dfe5',NULL);
INSERT INTO "action" VALUES('06h2fbeqo03j9shj695pgg6dlkn092h5ljv7dfe5','fail',1,0,'','invoke','dead',1,1795962035019,1795962035019,NULL,'CONTINUE','failing: exit status 1',NULL);
INSERT INTO "action" VALUES('06h2fbeqo03j9shj695pgg6dlkn092h5ljv7dfe5','fail',2,0,'','notify','done',1,1795962035078,1795962035078,NULL,'CONTINUE','told',NULL);
INSERT INTO "action" VALUES('06h2fbm5k7ah6fh1rucutioqhllgog66kd39tbuh','keep',1,0,'','store','done',1,1795962095091,1795962095091,NULL,'CONTINUE','mail/kept/06h2fbm5k7ah6fh1rucutioqhllgog66kd39tbuh',NULL);
INSERT INTO "action" VALUES('06h2fbm5k7ah6fh1rucutioqhllgog66kd39tbuh','keep',2,0,'','notify','done',1,1795962095100,1795962095100,NULL,'CONTINUE','told',NULL);
INSERT INTO "action" VALUES('06h2fbm67bqoijq97rqgkhgvl9ltf9br27c0d4c8','keep',1,0,'','store','done',1,1795962095242,1795962095242,NULL,'CONTINUE','mail/kept/06h2fbm67bqoijq97rqgkhgvl9ltf9br27c0d4c8',NULL);
INSERT INTO "action" VALUES('06h2fbm67bqoijq97rqgkhgvl9ltf9br27c0d4c8','keep',2,0,'','notify','done',1,1795962095243,1795962095243,NULL,'CONTINUE','told',NULL);
INSERT INTO "action" VALUES('06h2fbm6nh9i1op2764b5rs4h1dlat410lncoiol','fail',0,0,'','store','done',1,1795962095386,1795962095386,NULL,'CONTINUE','mail/06h2fbm6nh9i1op2764b5rs4h1dlat410lncoiol',NULL);
INSERT INTO "action" VALUES('06h2fbm6nh9i1op2764b5rs4h1dlat410lncoiol','fail',1,0,'','invoke','retrying',1,1795962095443,1795962095443,1795966018880,'CONTINUE','failing: exit status 1',NULL);
INSERT INTO "action" VALUES('06h2fbm7eeqsidq2hkmetk3r0gtco0gkie9lubbg','fail',0,0,'','store','done',1,1795962095508,1795962095508,NULL,'CONTINUE','mail/06h2fbm7eeqsidq2hkmetk3r0gtco0gkie9lubbg',NULL);
INSERT INTO "action" VALUES('06h2fbm7eeqsidq2hkmetk3r0gtco0gkie9lubbg','fail',1,0,'','invoke','retrying',1,1795962095574,1795962095574,1795966314324,'CONTINUE','failing: exit status 1',NULL);
INSERT INTO "action" VALUES('06h2fbm80qqvvr1d81u455pj45qgn12es4qllkrp','fail',0,0,'','store','done',1,1795962095647,1795962095647,NULL,'CONTINUE','mail/06h2fbm80qqvvr1d81u455pj45qgn12es4qllkrp',NULL);
INSERT INTO "action" VALUES('06h2fbm80qqvvr1d81u455pj45qgn12es4qllkrp','fail',1,0,'','invoke','retrying',1,1795962095715,1795962095715,1795965740715,'CONTINUE','failing: exit status 1',NULL);
INSERT INTO "action" VALUES('06h2fbm9dr1h10smn7e8vbrcdf4dtct2m6c7ebmb','fail',0,0,'','store','done',1,1795962096035,1795962096035,NULL,'CONTINUE','mail/06h2fbm9dr1h10smn7e8vbrcdf4dtct2m6c7ebmb',NULL);
INSERT INTO "action" VALUES('06h2fbm9dr1h10smn7e8vbrcdf4dtct2m6c7ebmb','fail',1,0,'','invoke','retrying',1,1795962096089,1795962096089,1795966101089,'CONTINUE','failing: exit status 1',NULL);
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
INSERT INTO "identity" VALUES('main','example.test','domain','SUCCESS',1,1795962034446,NULL,1795962034446,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "identity" VALUES('main','ada@other.example','address','SUCCESS',1,1795962034614,NULL,1795962034614,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE mail (
    id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL,
    received_ms BIGINT NOT NULL, state TEXT NOT NULL, mail_from TEXT NOT NULL,
    recipients TEXT NOT NULL, helo TEXT NOT NULL, peer_address TEXT NOT NULL,
    tls TEXT, is_extended INTEGER NOT NULL, is_smtputf8 INTEGER NOT NULL,
    is_8bitmime INTEGER NOT NULL, rule_set_version TEXT NOT NULL,
    is_untaken INTEGER NOT NULL, body_place TEXT NOT NULL,
    head_length BIGINT NOT NULL, total_length BIGINT NOT NULL,
    checksum BIGINT NOT NULL, due_ms BIGINT, peer_name_state TEXT, peer_name TEXT, verdicts TEXT, waits_for TEXT, requires_tls INTEGER, replay INTEGER, replay_of TEXT, message_id TEXT, replay_sends INTEGER) WITHOUT ROWID;
INSERT INTO "mail" VALUES('06h2fbeq9jo9h4eff5jh67i4qo70jd11j0jsjh61','main',1795962034764,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'expired',371,532,237422698,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2fbeqo03j9shj695pgg6dlkn092h5ljv7dfe5','main',1795962034880,'retired','ada@sender.example','fail@example.test','client.example','127.0.0.1','TLSv1.3',1,0,0,'a92f263720582dad',0,'row',372,527,1292457202,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2fbm5k7ah6fh1rucutioqhllgog66kd39tbuh','main',1795962095009,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1','TLSv1.3',1,0,0,'a92f263720582dad',0,'row',372,527,2271080743,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2fbm67bqoijq97rqgkhgvl9ltf9br27c0d4c8','main',1795962095162,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,3012,71420028,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2fbm6nh9i1op2764b5rs4h1dlat410lncoiol','main',1795962095292,'acting','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'row',371,534,1926460988,1795966018880,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2fbm7eeqsidq2hkmetk3r0gtco0gkie9lubbg','main',1795962095475,'acting','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,3618,3417984729,1795966314324,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2fbm80qqvvr1d81u455pj45qgn12es4qllkrp','main',1795962095622,'held','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'row',371,526,603362981,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2fbm8ssj9lioqh5v5giu68vmse6j1mujf2vt2','main',1795962095847,'retired','ada@sender.example','postmaster@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',1,'row',377,544,1615255333,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2fbm9dr1h10smn7e8vbrcdf4dtct2m6c7ebmb','main',1795962095982,'damaged','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,2305,1407399675,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
CREATE TABLE mail_body (
    mail TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL)
    WITHOUT ROWID;
INSERT INTO "mail_body" VALUES('06h2fbeqo03j9shj695pgg6dlkn092h5ljv7dfe5',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450532069642030366832666265716F30336A3973686A36393570676736646C6B6E30393268356C6A7637646665350D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031343A32303A3334202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D5A695A5846764D444E714F584E6F616A59354E58426E5A7A5A6B624774754D446B7961445673616E59335A475A6C4E5351776B587A613248684F633770686D524C4A6C65413D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A20446561640D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A446561642C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2fbm5k7ah6fh1rucutioqhllgog66kd39tbuh',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D545053206964203036683266626D356B376168366668317275637574696F71686C6C676F6736366B643339746275680D0A20666F72203C6B656570406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031343A32313A3335202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D5A69625456724E32466F4E6D5A6F4D584A315933563061573978614778735A32396E4E6A5A725A444D3564474A3161474459435548545562674E4A3962386D65472F34324D3D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6B656570406578616D706C652E746573743E0D0A5375626A6563743A204B6570740D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A4B6570742C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2fbm6nh9i1op2764b5rs4h1dlat410lncoiol',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450206964203036683266626D366E683969316F703237363462357273346831646C61743431306C6E636F696F6C0D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031343A32313A3335202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D5A6962545A7561446C704D5739774D6A63324E474931636E4D306144466B624746304E4445776247356A62326C7662482F36486C58494F477652565951677A3963413050303D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A205265747279696E670D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A5265747279696E672C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2fbm80qqvvr1d81u455pj45qgn12es4qllkrp',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450206964203036683266626D383071717676723164383175343535706A343571676E3132657334716C6C6B72700D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031343A32313A3335202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D5A696254677763584632646E49785A446778645451314E5842714E4456785A3234784D6D567A4E48467362477479634374656164595263317251377972434F56476F7752493D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A2048656C640D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A48656C642C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2fbm8ssj9lioqh5v5giu68vmse6j1mujf2vt2',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450206964203036683266626D3873736A396C696F71683576356769753638766D7365366A316D756A66327674320D0A20666F72203C706F73746D6173746572406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031343A32313A3335202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D5A696254687A63326F3562476C7663576731646A566E615855324F485A7463325532616A46746457706D4D6E5A304D6F322F44326E723074576E4559727452536B364C69493D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C706F73746D6173746572406578616D706C652E746573743E0D0A5375626A6563743A20556E74616B656E0D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A556E74616B656E2C206C696E6520300D0A');
CREATE TABLE replay (
    number INTEGER PRIMARY KEY NOT NULL, accepted_ms BIGINT NOT NULL, ended_ms BIGINT,
    is_cancelled INTEGER NOT NULL, wish TEXT NOT NULL, progress TEXT NOT NULL);
CREATE TABLE rule_set_version (
    version TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
    kept_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL DEFAULT 0, cause TEXT, source TEXT);
INSERT INTO "rule_set_version" VALUES('a92f263720582dad','main','{"name":"main","rules":[{"actions":[{"addHeader":{"name":"X-Kept","value":"yes"}},{"store":{"bucket":"mail","onFailure":"hold","prefix":"kept"}},{"notify":{"encoding":"UTF-8","topic":"told"}},{"stop":{}}],"isEnabled":true,"isScanEnabled":false,"name":"keep","recipients":["keep@example.test"],"tlsPolicy":"Optional"},{"actions":[{"store":{"bucket":"mail","onFailure":"hold"}},{"invoke":{"handler":"failing","onFailure":"hold","type":"RequestResponse"}},{"notify":{"encoding":"UTF-8","topic":"told"}}],"isEnabled":true,"isScanEnabled":false,"name":"fail","recipients":["fail@example.test"],"tlsPolicy":"Optional"}]}',1795962034069,1795962034069,'start','{"text":"ruleSet: main\nrules:\n  - name: keep\n    recipients: [keep@example.test]\n    actions:\n      - addHeader: {name: X-Kept, value: \"yes\"}\n      - store: {bucket: mail, prefix: kept}\n      - notify: {topic: told}\n      - stop\n  - name: fail\n    recipients: [fail@example.test]\n    actions:\n      - store: {bucket: mail}\n      - invoke: {handler: failing}\n      - notify: {topic: told}\n","lists":{},"file":"main.yaml"}');
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
INSERT INTO "schema_version" VALUES(10);
INSERT INTO "schema_version" VALUES(11);
INSERT INTO "schema_version" VALUES(12);
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
INSERT INTO "topic_delivery" VALUES('17614383-ba65-4c96-8f8a-d0f607e28a8c','hook','waiting',1,1795962095100,1795965695120,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('37c019b3-ddee-4e9b-852f-9ccefbf3e2b2','hook','dead',1,1795962034848,1795962034848,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('504e93da-e6d6-4f72-8042-5b9ecad3611d','hook','waiting',1,1795962095243,1795965695254,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('bdb4209a-0418-47ac-9e1e-ec555d9a43d3','hook','dead',1,1795962035078,1795962035078,'Connection refused','told');
CREATE TABLE topic_message (
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, topic TEXT NOT NULL,
    subject TEXT, message TEXT NOT NULL, created_ms BIGINT NOT NULL, kind TEXT NOT NULL DEFAULT 'Notification');
INSERT INTO "topic_message" VALUES(1,'37c019b3-ddee-4e9b-852f-9ccefbf3e2b2','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTP id 06h2fbeq9jo9h4eff5jh67i4qo70jd11j0jsjh61\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 14:20:34 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmZiZXE5am85aDRlZmY1amg2N2k0cW83MGpkMTFqMGpzamg2MfnwkcRx1nVt6yqgP+P7+YU=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Expired\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nExpired, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Expired","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTP id 06h2fbeq9jo9h4eff5jh67i4qo70jd11j0jsjh61 for <keep@example.test>; Sun, 29 Nov 2026 14:20:34 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmZiZXE5am85aDRlZmY1amg2N2k0cW83MGpkMTFqMGpzamg2MfnwkcRx1nVt6yqgP+P7+YU="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Expired"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2fbeq9jo9h4eff5jh67i4qo70jd11j0jsjh61","source":"ada@sender.example","timestamp":"2026-11-29T14:20:34.764Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":83,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T14:20:34.764Z","virusVerdict":{"status":"DISABLED"}}}',1795962034848,'Notification');
INSERT INTO "topic_message" VALUES(2,'bdb4209a-0418-47ac-9e1e-ec555d9a43d3','told','Amazon SES Email Receipt Notification','{"content":"Return-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTPS id 06h2fbeqo03j9shj695pgg6dlkn092h5ljv7dfe5\r\n for <fail@example.test>;\r\n Sun, 29 Nov 2026 14:20:34 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmZiZXFvMDNqOXNoajY5NXBnZzZkbGtuMDkyaDVsanY3ZGZlNSQwkXza2HhOc7phmRLJleA=\r\nFrom: <ada@sender.example>\r\nTo: <fail@example.test>\r\nSubject: Dead\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nDead, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Dead","to":["fail@example.test"]},"destination":["fail@example.test"],"headers":[{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTPS id 06h2fbeqo03j9shj695pgg6dlkn092h5ljv7dfe5 for <fail@example.test>; Sun, 29 Nov 2026 14:20:34 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmZiZXFvMDNqOXNoajY5NXBnZzZkbGtuMDkyaDVsanY3ZGZlNSQwkXza2HhOc7phmRLJleA="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<fail@example.test>"},{"name":"Subject","value":"Dead"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2fbeqo03j9shj695pgg6dlkn092h5ljv7dfe5","source":"ada@sender.example","timestamp":"2026-11-29T14:20:34.880Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":198,"recipients":["fail@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T14:20:34.880Z","virusVerdict":{"status":"DISABLED"}}}',1795962035078,'Notification');
INSERT INTO "topic_message" VALUES(3,'17614383-ba65-4c96-8f8a-d0f607e28a8c','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTPS id 06h2fbm5k7ah6fh1rucutioqhllgog66kd39tbuh\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 14:21:35 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmZibTVrN2FoNmZoMXJ1Y3V0aW9xaGxsZ29nNjZrZDM5dGJ1aGDYCUHTUbgNJ9b8meG/42M=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Kept\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nKept, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Kept","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTPS id 06h2fbm5k7ah6fh1rucutioqhllgog66kd39tbuh for <keep@example.test>; Sun, 29 Nov 2026 14:21:35 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmZibTVrN2FoNmZoMXJ1Y3V0aW9xaGxsZ29nNjZrZDM5dGJ1aGDYCUHTUbgNJ9b8meG/42M="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Kept"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2fbm5k7ah6fh1rucutioqhllgog66kd39tbuh","source":"ada@sender.example","timestamp":"2026-11-29T14:21:35.009Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":90,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T14:21:35.009Z","virusVerdict":{"status":"DISABLED"}}}',1795962095100,'Notification');
INSERT INTO "topic_message" VALUES(4,'504e93da-e6d6-4f72-8042-5b9ecad3611d','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTP id 06h2fbm67bqoijq97rqgkhgvl9ltf9br27c0d4c8\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 14:21:35 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmZibTY3YnFvaWpxOTdycWdraGd2bDlsdGY5YnIyN2MwZDRjOAEruMjlhBNcYad0oYy65lI=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Kept in a file\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nKept in a file, line 0\r\nKept in a file, line 1\r\nKept in a file, line 2\r\nKept in a file, line 3\r\nKept in a file, line 4\r\nKept in a file, line 5\r\nKept in a file, line 6\r\nKept in a file, line 7\r\nKept in a file, line 8\r\nKept in a file, line 9\r\nKept in a file, line 10\r\nKept in a file, line 11\r\nKept in a file, line 12\r\nKept in a file, line 13\r\nKept in a file, line 14\r\nKept in a file, line 15\r\nKept in a file, line 16\r\nKept in a file, line 17\r\nKept in a file, line 18\r\nKept in a file, line 19\r\nKept in a file, line 20\r\nKept in a file, line 21\r\nKept in a file, line 22\r\nKept in a file, line 23\r\nKept in a file, line 24\r\nKept in a file, line 25\r\nKept in a file, line 26\r\nKept in a file, line 27\r\nKept in a file, line 28\r\nKept in a file, line 29\r\nKept in a file, line 30\r\nKept in a file, line 31\r\nKept in a file, line 32\r\nKept in a file, line 33\r\nKept in a file, line 34\r\nKept in a file, line 35\r\nKept in a file, line 36\r\nKept in a file, line 37\r\nKept in a file, line 38\r\nKept in a file, line 39\r\nKept in a file, line 40\r\nKept in a file, line 41\r\nKept in a file, line 42\r\nKept in a file, line 43\r\nKept in a file, line 44\r\nKept in a file, line 45\r\nKept in a file, line 46\r\nKept in a file, line 47\r\nKept in a file, line 48\r\nKept in a file, line 49\r\nKept in a file, line 50\r\nKept in a file, line 51\r\nKept in a file, line 52\r\nKept in a file, line 53\r\nKept in a file, line 54\r\nKept in a file, line 55\r\nKept in a file, line 56\r\nKept in a file, line 57\r\nKept in a file, line 58\r\nKept in a file, line 59\r\nKept in a file, line 60\r\nKept in a file, line 61\r\nKept in a file, line 62\r\nKept in a file, line 63\r\nKept in a file, line 64\r\nKept in a file, line 65\r\nKept in a file, line 66\r\nKept in a file, line 67\r\nKept in a file, line 68\r\nKept in a file, line 69\r\nKept in a file, line 70\r\nKept in a file, line 71\r\nKept in a file, line 72\r\nKept in a file, line 73\r\nKept in a file, line 74\r\nKept in a file, line 75\r\nKept in a file, line 76\r\nKept in a file, line 77\r\nKept in a file, line 78\r\nKept in a file, line 79\r\nKept in a file, line 80\r\nKept in a file, line 81\r\nKept in a file, line 82\r\nKept in a file, line 83\r\nKept in a file, line 84\r\nKept in a file, line 85\r\nKept in a file, line 86\r\nKept in a file, line 87\r\nKept in a file, line 88\r\nKept in a file, line 89\r\nKept in a file, line 90\r\nKept in a file, line 91\r\nKept in a file, line 92\r\nKept in a file, line 93\r\nKept in a file, line 94\r\nKept in a file, line 95\r\nKept in a file, line 96\r\nKept in a file, line 97\r\nKept in a file, line 98\r\nKept in a file, line 99\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Kept in a file","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTP id 06h2fbm67bqoijq97rqgkhgvl9ltf9br27c0d4c8 for <keep@example.test>; Sun, 29 Nov 2026 14:21:35 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmZibTY3YnFvaWpxOTdycWdraGd2bDlsdGY5YnIyN2MwZDRjOAEruMjlhBNcYad0oYy65lI="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Kept in a file"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2fbm67bqoijq97rqgkhgvl9ltf9br27c0d4c8","source":"ada@sender.example","timestamp":"2026-11-29T14:21:35.162Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":80,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T14:21:35.162Z","virusVerdict":{"status":"DISABLED"}}}',1795962095243,'Notification');
CREATE TABLE topic_subscription (
    account TEXT NOT NULL, topic TEXT NOT NULL, subscriber TEXT NOT NULL,
    url TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, token TEXT NOT NULL,
    token_expires_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
    PRIMARY KEY (account, topic, subscriber));
INSERT INTO "topic_subscription" VALUES('main','told','hook','http://127.0.0.1:9/told','9c64f109-0ea2-35dc-a291-cacbe2571735','confirmed','4cb47448b778dbfcd2f0605cf0693aeca6299a042d5a9534df6969f88b1b2811',1795962034095,1795962034095);
CREATE TABLE zone_record (
    name TEXT NOT NULL, type INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (name, type, data)) WITHOUT ROWID;
CREATE INDEX mail_due ON mail (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX mail_aside ON mail (state) WHERE state IN ('held', 'damaged');
CREATE INDEX mail_untaken ON mail (id) WHERE is_untaken = 1;
CREATE INDEX mail_content ON mail (received_ms, total_length)
    WHERE state = 'retired' AND body_place <> 'expired';
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
CREATE INDEX mail_replay ON mail (replay_of) WHERE replay_of IS NOT NULL;
CREATE INDEX action_open ON action (state, mail) WHERE state <> 'done';
COMMIT;
