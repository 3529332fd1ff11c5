BEGIN TRANSACTION;
CREATE TABLE access_key (
    id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
    state TEXT NOT NULL, secret BLOB NOT NULL,
    created_ms BIGINT NOT NULL, used_ms BIGINT);
CREATE TABLE account (id TEXT PRIMARY KEY NOT NULL, created_ms BIGINT NOT NULL);
INSERT INTO "account" VALUES('main',1795943586728);
CREATE TABLE action (
    mail TEXT NOT NULL, rule TEXT NOT NULL, position INTEGER NOT NULL,
    kind TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
    first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, next_ms BIGINT,
    disposition TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (mail, rule, position)) WITHOUT ROWID;
INSERT INTO "action" VALUES('06h2d52u6tlkpuo864r3c7jro68p8l7k15k9epri','keep',1,'store','done',1,1795943587459,1795943587459,NULL,'CONTINUE','mail/kept/06h2d52u6tlkpuo864r3c7jro68p8l7k15k9epri');
INSERT INTO "action" VALUES('06h2d52u6tlkpuo864r3c7jro68p8l7k15k9epri','keep',2,'notify','done',1,1795943587461,1795943587461,NULL,'CONTINUE','told');
INSERT INTO "action" VALUES('06h2d52uliv5j6ilim6bp44qggecoe5frim569pb','fail',0,'store','done',1,1795943587574,1795943587574,NULL,'CONTINUE','mail/06h2d52uliv5j6ilim6bp44qggecoe5frim569pb');
INSERT INTO "action" VALUES('06h2d52uliv5j6ilim6bp44qggecoe5frim569pb','fail',1,'invoke','dead',1,1795943587631,1795943587631,NULL,'CONTINUE','failing: exit status 1');
INSERT INTO "action" VALUES('06h2d52uliv5j6ilim6bp44qggecoe5frim569pb','fail',2,'notify','done',1,1795943587689,1795943587689,NULL,'CONTINUE','told');
INSERT INTO "action" VALUES('06h2d5a9upgf5gm3n7qtt3tnmqb2h0h6mnd2fm81','keep',1,'store','done',1,1795943647834,1795943647834,NULL,'CONTINUE','mail/kept/06h2d5a9upgf5gm3n7qtt3tnmqb2h0h6mnd2fm81');
INSERT INTO "action" VALUES('06h2d5a9upgf5gm3n7qtt3tnmqb2h0h6mnd2fm81','keep',2,'notify','done',1,1795943647835,1795943647835,NULL,'CONTINUE','told');
INSERT INTO "action" VALUES('06h2d5aakkmlqnhhptku5v2p40vb1gb3utk7fbl0','keep',1,'store','done',1,1795943647971,1795943647971,NULL,'CONTINUE','mail/kept/06h2d5aakkmlqnhhptku5v2p40vb1gb3utk7fbl0');
INSERT INTO "action" VALUES('06h2d5aakkmlqnhhptku5v2p40vb1gb3utk7fbl0','keep',2,'notify','done',1,1795943647972,1795943647972,NULL,'CONTINUE','told');
INSERT INTO "action" VALUES('06h2d5ab4mobf48u3o8eb3vsp7idvu1dlrr73vv5','fail',0,'store','done',1,1795943648093,1795943648093,NULL,'CONTINUE','mail/06h2d5ab4mobf48u3o8eb3vsp7idvu1dlrr73vv5');
INSERT INTO "action" VALUES('06h2d5ab4mobf48u3o8eb3vsp7idvu1dlrr73vv5','fail',1,'invoke','retrying',1,1795943648155,1795943648155,1795947723467,'CONTINUE','failing: exit status 1');
INSERT INTO "action" VALUES('06h2d5abngoovs22bii7sckf8mkmang2lfm437on','fail',0,'store','done',1,1795943648231,1795943648231,NULL,'CONTINUE','mail/06h2d5abngoovs22bii7sckf8mkmang2lfm437on');
INSERT INTO "action" VALUES('06h2d5abngoovs22bii7sckf8mkmang2lfm437on','fail',1,'invoke','retrying',1,1795943648311,1795943648311,1795947757373,'CONTINUE','failing: exit status 1');
INSERT INTO "action" VALUES('06h2d5acb0v4ql6qcgkkbm1itmib3ia4k0nljrlq','fail',0,'store','done',1,1795943648374,1795943648374,NULL,'CONTINUE','mail/06h2d5acb0v4ql6qcgkkbm1itmib3ia4k0nljrlq');
INSERT INTO "action" VALUES('06h2d5acb0v4ql6qcgkkbm1itmib3ia4k0nljrlq','fail',1,'invoke','retrying',1,1795943648427,1795943648427,1795947712489,'CONTINUE','failing: exit status 1');
INSERT INTO "action" VALUES('06h2d5adi1jseb1tkrhht36rhqsjm9265qeef0ne','fail',0,'store','done',1,1795943648719,1795943648719,NULL,'CONTINUE','mail/06h2d5adi1jseb1tkrhht36rhqsjm9265qeef0ne');
INSERT INTO "action" VALUES('06h2d5adi1jseb1tkrhht36rhqsjm9265qeef0ne','fail',1,'invoke','retrying',1,1795943648779,1795943648779,1795947743779,'CONTINUE','failing: exit status 1');
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
INSERT INTO "identity" VALUES('main','example.test','domain','SUCCESS',1,1795943587125,NULL,1795943587125,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "identity" VALUES('main','ada@other.example','address','SUCCESS',1,1795943587228,NULL,1795943587228,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE mail (
    id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL,
    received_ms BIGINT NOT NULL, state TEXT NOT NULL, mail_from TEXT NOT NULL,
    recipients TEXT NOT NULL, helo TEXT NOT NULL, peer_address TEXT NOT NULL,
    tls TEXT, is_extended INTEGER NOT NULL, is_smtputf8 INTEGER NOT NULL,
    is_8bitmime INTEGER NOT NULL, rule_set_version TEXT NOT NULL,
    is_untaken INTEGER NOT NULL, body_place TEXT NOT NULL,
    head_length BIGINT NOT NULL, total_length BIGINT NOT NULL,
    checksum BIGINT NOT NULL, due_ms BIGINT, peer_name_state TEXT, peer_name TEXT, verdicts TEXT, waits_for TEXT, requires_tls INTEGER, replay INTEGER, replay_of TEXT, message_id TEXT, replay_sends INTEGER) WITHOUT ROWID;
INSERT INTO "mail" VALUES('06h2d52u6tlkpuo864r3c7jro68p8l7k15k9epri','main',1795943587383,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'expired',371,532,1117391262,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2d52uliv5j6ilim6bp44qggecoe5frim569pb','main',1795943587500,'retired','ada@sender.example','fail@example.test','client.example','127.0.0.1','TLSv1.3',1,0,0,'a92f263720582dad',0,'row',372,527,926744935,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2d5a9upgf5gm3n7qtt3tnmqb2h0h6mnd2fm81','main',1795943647734,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1','TLSv1.3',1,0,0,'a92f263720582dad',0,'row',372,527,2578189440,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2d5aakkmlqnhhptku5v2p40vb1gb3utk7fbl0','main',1795943647909,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,3012,873226168,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2d5ab4mobf48u3o8eb3vsp7idvu1dlrr73vv5','main',1795943648037,'acting','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'row',371,534,68443356,1795947723467,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2d5abngoovs22bii7sckf8mkmang2lfm437on','main',1795943648188,'acting','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,3618,481905283,1795947757373,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2d5acb0v4ql6qcgkkbm1itmib3ia4k0nljrlq','main',1795943648344,'held','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'row',371,526,2145598155,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2d5ad0ih7haddbveurp3877d4g3m8bp4lbufi','main',1795943648516,'retired','ada@sender.example','postmaster@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',1,'row',377,544,1333878353,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2d5adi1jseb1tkrhht36rhqsjm9265qeef0ne','main',1795943648656,'damaged','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,2305,849467672,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
CREATE TABLE mail_body (
    mail TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL)
    WITHOUT ROWID;
INSERT INTO "mail_body" VALUES('06h2d52uliv5j6ilim6bp44qggecoe5frim569pb',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450532069642030366832643532756C6976356A36696C696D366270343471676765636F65356672696D35363970620D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030393A31333A3037202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D51314D6E567361585931616A5A7062476C744E6D4A774E4452785A32646C5932396C4E575A79615730314E6A6C775972355A31634457302B72353746514165696C5A44644D3D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A20446561640D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A446561642C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2d5a9upgf5gm3n7qtt3tnmqb2h0h6mnd2fm81',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450532069642030366832643561397570676635676D336E3771747433746E6D716232683068366D6E6432666D38310D0A20666F72203C6B656570406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030393A31343A3037202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D513159546C316347646D4E5764744D323433635852304D335275625846694D6D677761445A74626D51795A6D30344D52644F4E44692F4F5469565851347164774B4D6950343D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6B656570406578616D706C652E746573743E0D0A5375626A6563743A204B6570740D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A4B6570742C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2d5ab4mobf48u3o8eb3vsp7idvu1dlrr73vv5',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450206964203036683264356162346D6F6266343875336F38656233767370376964767531646C727237337676350D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030393A31343A3038202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D513159574930625739695A6A513464544E764F4756694D335A7A634464705A485A314D575273636E49334D335A324E566E43644C4437616C485276364B61733445773133553D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A205265747279696E670D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A5265747279696E672C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2d5acb0v4ql6qcgkkbm1itmib3ia4k0nljrlq',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D545020696420303668326435616362307634716C367163676B6B626D3169746D6962336961346B306E6C6A726C710D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030393A31343A3038202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D513159574E694D4859306357773263574E6E613274696254467064473170596A4E70595452724D473573616E4A7363597150324C545A46746B33746D6467765A6E30756E413D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A2048656C640D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A48656C642C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2d5ad0ih7haddbveurp3877d4g3m8bp4lbufi',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450206964203036683264356164306968376861646462766575727033383737643467336D386270346C627566690D0A20666F72203C706F73746D6173746572406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362030393A31343A3038202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D513159575177615767336147466B5A474A325A58567963444D344E7A646B4E47637A6254686963445273596E566D61616134543367486E775866666554684272747347426F3D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C706F73746D6173746572406578616D706C652E746573743E0D0A5375626A6563743A20556E74616B656E0D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A556E74616B656E2C206C696E6520300D0A');
CREATE TABLE replay (
    number INTEGER PRIMARY KEY NOT NULL, accepted_ms BIGINT NOT NULL, ended_ms BIGINT,
    is_cancelled INTEGER NOT NULL, wish TEXT NOT NULL, progress TEXT NOT NULL);
CREATE TABLE rule_set_version (
    version TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
    kept_ms BIGINT NOT NULL);
INSERT INTO "rule_set_version" VALUES('a92f263720582dad','main','{"name":"main","rules":[{"actions":[{"addHeader":{"name":"X-Kept","value":"yes"}},{"store":{"bucket":"mail","onFailure":"hold","prefix":"kept"}},{"notify":{"encoding":"UTF-8","topic":"told"}},{"stop":{}}],"isEnabled":true,"isScanEnabled":false,"name":"keep","recipients":["keep@example.test"],"tlsPolicy":"Optional"},{"actions":[{"store":{"bucket":"mail","onFailure":"hold"}},{"invoke":{"handler":"failing","onFailure":"hold","type":"RequestResponse"}},{"notify":{"encoding":"UTF-8","topic":"told"}}],"isEnabled":true,"isScanEnabled":false,"name":"fail","recipients":["fail@example.test"],"tlsPolicy":"Optional"}]}',1795943586806);
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
INSERT INTO "topic_delivery" VALUES('9e651c42-56a9-419d-9ef4-478bae36c35f','hook','dead',1,1795943587689,1795943587689,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('a70824a8-8768-44eb-84ea-8e2dad093d6e','hook','waiting',1,1795943647835,1795947247848,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('b464aebb-8581-4132-a278-5b8cbc5d0b22','hook','dead',1,1795943587460,1795943587460,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('bb0e6b06-3635-4f82-ba9c-9e62cb291525','hook','waiting',1,1795943647972,1795947247987,'Connection refused','told');
CREATE TABLE topic_message (
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, topic TEXT NOT NULL,
    subject TEXT, message TEXT NOT NULL, created_ms BIGINT NOT NULL, kind TEXT NOT NULL DEFAULT 'Notification');
INSERT INTO "topic_message" VALUES(1,'b464aebb-8581-4132-a278-5b8cbc5d0b22','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTP id 06h2d52u6tlkpuo864r3c7jro68p8l7k15k9epri\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 09:13:07 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmQ1MnU2dGxrcHVvODY0cjNjN2pybzY4cDhsN2sxNWs5ZXByaSbcBY0csr7IW1lj099gQhY=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Expired\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nExpired, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Expired","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTP id 06h2d52u6tlkpuo864r3c7jro68p8l7k15k9epri for <keep@example.test>; Sun, 29 Nov 2026 09:13:07 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmQ1MnU2dGxrcHVvODY0cjNjN2pybzY4cDhsN2sxNWs5ZXByaSbcBY0csr7IW1lj099gQhY="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Expired"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2d52u6tlkpuo864r3c7jro68p8l7k15k9epri","source":"ada@sender.example","timestamp":"2026-11-29T09:13:07.383Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":76,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T09:13:07.383Z","virusVerdict":{"status":"DISABLED"}}}',1795943587460,'Notification');
INSERT INTO "topic_message" VALUES(2,'9e651c42-56a9-419d-9ef4-478bae36c35f','told','Amazon SES Email Receipt Notification','{"content":"Return-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTPS id 06h2d52uliv5j6ilim6bp44qggecoe5frim569pb\r\n for <fail@example.test>;\r\n Sun, 29 Nov 2026 09:13:07 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmQ1MnVsaXY1ajZpbGltNmJwNDRxZ2dlY29lNWZyaW01NjlwYr5Z1cDW0+r57FQAeilZDdM=\r\nFrom: <ada@sender.example>\r\nTo: <fail@example.test>\r\nSubject: Dead\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nDead, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Dead","to":["fail@example.test"]},"destination":["fail@example.test"],"headers":[{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTPS id 06h2d52uliv5j6ilim6bp44qggecoe5frim569pb for <fail@example.test>; Sun, 29 Nov 2026 09:13:07 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmQ1MnVsaXY1ajZpbGltNmJwNDRxZ2dlY29lNWZyaW01NjlwYr5Z1cDW0+r57FQAeilZDdM="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<fail@example.test>"},{"name":"Subject","value":"Dead"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2d52uliv5j6ilim6bp44qggecoe5frim569pb","source":"ada@sender.example","timestamp":"2026-11-29T09:13:07.500Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":188,"recipients":["fail@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T09:13:07.500Z","virusVerdict":{"status":"DISABLED"}}}',1795943587689,'Notification');
INSERT INTO "topic_message" VALUES(3,'a70824a8-8768-44eb-84ea-8e2dad093d6e','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTPS id 06h2d5a9upgf5gm3n7qtt3tnmqb2h0h6mnd2fm81\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 09:14:07 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmQ1YTl1cGdmNWdtM243cXR0M3RubXFiMmgwaDZtbmQyZm04MRdONDi/OTiVXQ4qdwKMiP4=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Kept\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nKept, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Kept","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTPS id 06h2d5a9upgf5gm3n7qtt3tnmqb2h0h6mnd2fm81 for <keep@example.test>; Sun, 29 Nov 2026 09:14:07 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmQ1YTl1cGdmNWdtM243cXR0M3RubXFiMmgwaDZtbmQyZm04MRdONDi/OTiVXQ4qdwKMiP4="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Kept"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2d5a9upgf5gm3n7qtt3tnmqb2h0h6mnd2fm81","source":"ada@sender.example","timestamp":"2026-11-29T09:14:07.734Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":100,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T09:14:07.734Z","virusVerdict":{"status":"DISABLED"}}}',1795943647835,'Notification');
INSERT INTO "topic_message" VALUES(4,'bb0e6b06-3635-4f82-ba9c-9e62cb291525','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTP id 06h2d5aakkmlqnhhptku5v2p40vb1gb3utk7fbl0\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 09:14:07 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmQ1YWFra21scW5oaHB0a3U1djJwNDB2YjFnYjN1dGs3ZmJsMAWNqpLXvAbiBbGaST/yoFU=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Kept in a file\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nKept in a file, line 0\r\nKept in a file, line 1\r\nKept in a file, line 2\r\nKept in a file, line 3\r\nKept in a file, line 4\r\nKept in a file, line 5\r\nKept in a file, line 6\r\nKept in a file, line 7\r\nKept in a file, line 8\r\nKept in a file, line 9\r\nKept in a file, line 10\r\nKept in a file, line 11\r\nKept in a file, line 12\r\nKept in a file, line 13\r\nKept in a file, line 14\r\nKept in a file, line 15\r\nKept in a file, line 16\r\nKept in a file, line 17\r\nKept in a file, line 18\r\nKept in a file, line 19\r\nKept in a file, line 20\r\nKept in a file, line 21\r\nKept in a file, line 22\r\nKept in a file, line 23\r\nKept in a file, line 24\r\nKept in a file, line 25\r\nKept in a file, line 26\r\nKept in a file, line 27\r\nKept in a file, line 28\r\nKept in a file, line 29\r\nKept in a file, line 30\r\nKept in a file, line 31\r\nKept in a file, line 32\r\nKept in a file, line 33\r\nKept in a file, line 34\r\nKept in a file, line 35\r\nKept in a file, line 36\r\nKept in a file, line 37\r\nKept in a file, line 38\r\nKept in a file, line 39\r\nKept in a file, line 40\r\nKept in a file, line 41\r\nKept in a file, line 42\r\nKept in a file, line 43\r\nKept in a file, line 44\r\nKept in a file, line 45\r\nKept in a file, line 46\r\nKept in a file, line 47\r\nKept in a file, line 48\r\nKept in a file, line 49\r\nKept in a file, line 50\r\nKept in a file, line 51\r\nKept in a file, line 52\r\nKept in a file, line 53\r\nKept in a file, line 54\r\nKept in a file, line 55\r\nKept in a file, line 56\r\nKept in a file, line 57\r\nKept in a file, line 58\r\nKept in a file, line 59\r\nKept in a file, line 60\r\nKept in a file, line 61\r\nKept in a file, line 62\r\nKept in a file, line 63\r\nKept in a file, line 64\r\nKept in a file, line 65\r\nKept in a file, line 66\r\nKept in a file, line 67\r\nKept in a file, line 68\r\nKept in a file, line 69\r\nKept in a file, line 70\r\nKept in a file, line 71\r\nKept in a file, line 72\r\nKept in a file, line 73\r\nKept in a file, line 74\r\nKept in a file, line 75\r\nKept in a file, line 76\r\nKept in a file, line 77\r\nKept in a file, line 78\r\nKept in a file, line 79\r\nKept in a file, line 80\r\nKept in a file, line 81\r\nKept in a file, line 82\r\nKept in a file, line 83\r\nKept in a file, line 84\r\nKept in a file, line 85\r\nKept in a file, line 86\r\nKept in a file, line 87\r\nKept in a file, line 88\r\nKept in a file, line 89\r\nKept in a file, line 90\r\nKept in a file, line 91\r\nKept in a file, line 92\r\nKept in a file, line 93\r\nKept in a file, line 94\r\nKept in a file, line 95\r\nKept in a file, line 96\r\nKept in a file, line 97\r\nKept in a file, line 98\r\nKept in a file, line 99\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Kept in a file","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTP id 06h2d5aakkmlqnhhptku5v2p40vb1gb3utk7fbl0 for <keep@example.test>; Sun, 29 Nov 2026 09:14:07 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmQ1YWFra21scW5oaHB0a3U1djJwNDB2YjFnYjN1dGs3ZmJsMAWNqpLXvAbiBbGaST/yoFU="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Kept in a file"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2d5aakkmlqnhhptku5v2p40vb1gb3utk7fbl0","source":"ada@sender.example","timestamp":"2026-11-29T09:14:07.909Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":62,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T09:14:07.909Z","virusVerdict":{"status":"DISABLED"}}}',1795943647972,'Notification');
CREATE TABLE topic_subscription (
    account TEXT NOT NULL, topic TEXT NOT NULL, subscriber TEXT NOT NULL,
    url TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, token TEXT NOT NULL,
    token_expires_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
    PRIMARY KEY (account, topic, subscriber));
INSERT INTO "topic_subscription" VALUES('main','told','hook','http://127.0.0.1:9/told','c233efef-afaf-957d-d698-b791ba92d7bb','confirmed','871a2b98b85f5d17bb510d3909c126065fb8256ce77746dc1d64c99a354008e8',1795943586818,1795943586818);
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
CREATE INDEX mail_replay ON mail (replay_of) WHERE replay_of IS NOT NULL;
COMMIT;
