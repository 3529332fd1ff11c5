BEGIN TRANSACTION;
CREATE TABLE access_key (
    id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
    state TEXT NOT NULL, secret BLOB NOT NULL,
    created_ms BIGINT NOT NULL, used_ms BIGINT);
CREATE TABLE account (id TEXT PRIMARY KEY NOT NULL, created_ms BIGINT NOT NULL);
INSERT INTO "account" VALUES('main',1795948667021);
CREATE TABLE action (
    mail TEXT NOT NULL, rule TEXT NOT NULL, position INTEGER NOT NULL,
    asked INTEGER NOT NULL, recipient TEXT NOT NULL,
    kind TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
    first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, next_ms BIGINT,
    disposition TEXT NOT NULL, detail TEXT NOT NULL, asks TEXT,
    PRIMARY KEY (mail, rule, position, asked, recipient)) WITHOUT ROWID;
INSERT INTO "action" VALUES('06h2dof5ae5teig916sc5dq5uacdj26sik9s5vc8','keep',1,0,'','store','done',1,1795948668331,1795948668331,NULL,'CONTINUE','mail/kept/06h2dof5ae5teig916sc5dq5uacdj26sik9s5vc8',NULL);
INSERT INTO "action" VALUES('06h2dof5ae5teig916sc5dq5uacdj26sik9s5vc8','keep',2,0,'','notify','done',1,1795948668333,1795948668333,NULL,'CONTINUE','told',NULL);
INSERT INTO "action" VALUES('06h2dof62drlchlti63r31as41goei4g2rrnkj5j','fail',0,0,'','store','done',1,1795948668494,1795948668494,NULL,'CONTINUE','mail/06h2dof62drlchlti63r31as41goei4g2rrnkj5j',NULL);
INSERT INTO "action" VALUES('06h2dof62drlchlti63r31as41goei4g2rrnkj5j','fail',1,0,'','invoke','dead',1,1795948668600,1795948668600,NULL,'CONTINUE','failing: exit status 1',NULL);
INSERT INTO "action" VALUES('06h2dof62drlchlti63r31as41goei4g2rrnkj5j','fail',2,0,'','notify','done',1,1795948668658,1795948668658,NULL,'CONTINUE','told',NULL);
INSERT INTO "action" VALUES('06h2domgk66ivc9tvjrghq5cl3oc399o3f0q6hv8','keep',1,0,'','store','done',1,1795948728567,1795948728567,NULL,'CONTINUE','mail/kept/06h2domgk66ivc9tvjrghq5cl3oc399o3f0q6hv8',NULL);
INSERT INTO "action" VALUES('06h2domgk66ivc9tvjrghq5cl3oc399o3f0q6hv8','keep',2,0,'','notify','done',1,1795948728568,1795948728568,NULL,'CONTINUE','told',NULL);
INSERT INTO "action" VALUES('06h2domhcof2fqpafe39ul3bumm4pikc5miim2gs','keep',1,0,'','store','done',1,1795948728767,1795948728767,NULL,'CONTINUE','mail/kept/06h2domhcof2fqpafe39ul3bumm4pikc5miim2gs',NULL);
INSERT INTO "action" VALUES('06h2domhcof2fqpafe39ul3bumm4pikc5miim2gs','keep',2,0,'','notify','done',1,1795948728768,1795948728768,NULL,'CONTINUE','told',NULL);
INSERT INTO "action" VALUES('06h2domi4v8ongg65lv2ge97gufpsescdrj9ubot','fail',0,0,'','store','done',1,1795948728943,1795948728943,NULL,'CONTINUE','mail/06h2domi4v8ongg65lv2ge97gufpsescdrj9ubot',NULL);
INSERT INTO "action" VALUES('06h2domi4v8ongg65lv2ge97gufpsescdrj9ubot','fail',1,0,'','invoke','retrying',1,1795948729015,1795948729015,1795952587765,'CONTINUE','failing: exit status 1',NULL);
INSERT INTO "action" VALUES('06h2domitlg34n8v6iq7n7sr345bniljtup8istb','fail',0,0,'','store','done',1,1795948729073,1795948729073,NULL,'CONTINUE','mail/06h2domitlg34n8v6iq7n7sr345bniljtup8istb',NULL);
INSERT INTO "action" VALUES('06h2domitlg34n8v6iq7n7sr345bniljtup8istb','fail',1,0,'','invoke','retrying',1,1795948729152,1795948729152,1795952585089,'CONTINUE','failing: exit status 1',NULL);
INSERT INTO "action" VALUES('06h2domji1k6hqon6533gqm1muncgdj55v4bccot','fail',0,0,'','store','done',1,1795948729311,1795948729311,NULL,'CONTINUE','mail/06h2domji1k6hqon6533gqm1muncgdj55v4bccot',NULL);
INSERT INTO "action" VALUES('06h2domji1k6hqon6533gqm1muncgdj55v4bccot','fail',1,0,'','invoke','retrying',1,1795948729427,1795948729427,1795952920052,'CONTINUE','failing: exit status 1',NULL);
INSERT INTO "action" VALUES('06h2domlg8s9so2a82sh2n7ghfdo3epq5vmhd5gm','fail',0,0,'','store','done',1,1795948729799,1795948729799,NULL,'CONTINUE','mail/06h2domlg8s9so2a82sh2n7ghfdo3epq5vmhd5gm',NULL);
INSERT INTO "action" VALUES('06h2domlg8s9so2a82sh2n7ghfdo3epq5vmhd5gm','fail',1,0,'','invoke','retrying',1,1795948729887,1795948729887,1795952493012,'CONTINUE','failing: exit status 1',NULL);
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
INSERT INTO "identity" VALUES('main','example.test','domain','SUCCESS',1,1795948667700,NULL,1795948667700,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "identity" VALUES('main','ada@other.example','address','SUCCESS',1,1795948668017,NULL,1795948668017,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE mail (
    id TEXT PRIMARY KEY NOT NULL, account TEXT NOT NULL,
    received_ms BIGINT NOT NULL, state TEXT NOT NULL, mail_from TEXT NOT NULL,
    recipients TEXT NOT NULL, helo TEXT NOT NULL, peer_address TEXT NOT NULL,
    tls TEXT, is_extended INTEGER NOT NULL, is_smtputf8 INTEGER NOT NULL,
    is_8bitmime INTEGER NOT NULL, rule_set_version TEXT NOT NULL,
    is_untaken INTEGER NOT NULL, body_place TEXT NOT NULL,
    head_length BIGINT NOT NULL, total_length BIGINT NOT NULL,
    checksum BIGINT NOT NULL, due_ms BIGINT, peer_name_state TEXT, peer_name TEXT, verdicts TEXT, waits_for TEXT, requires_tls INTEGER, replay INTEGER, replay_of TEXT, message_id TEXT, replay_sends INTEGER) WITHOUT ROWID;
INSERT INTO "mail" VALUES('06h2dof5ae5teig916sc5dq5uacdj26sik9s5vc8','main',1795948668243,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'expired',371,532,1873090345,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2dof62drlchlti63r31as41goei4g2rrnkj5j','main',1795948668435,'retired','ada@sender.example','fail@example.test','client.example','127.0.0.1','TLSv1.3',1,0,0,'a92f263720582dad',0,'row',372,527,381320700,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2domgk66ivc9tvjrghq5cl3oc399o3f0q6hv8','main',1795948728481,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1','TLSv1.3',1,0,0,'a92f263720582dad',0,'row',372,527,1007898405,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2domhcof2fqpafe39ul3bumm4pikc5miim2gs','main',1795948728678,'retired','ada@sender.example','keep@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,3012,2028593950,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2domi4v8ongg65lv2ge97gufpsescdrj9ubot','main',1795948728871,'acting','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'row',371,534,481589140,1795952587765,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2domitlg34n8v6iq7n7sr345bniljtup8istb','main',1795948729069,'acting','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,3618,958423745,1795952585089,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2domji1k6hqon6533gqm1muncgdj55v4bccot','main',1795948729232,'held','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'row',371,526,1345124647,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2doml2djhqsvsamtpi4q0b1803mv6mcdabg99','main',1795948729619,'retired','ada@sender.example','postmaster@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',1,'row',377,544,2401385592,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "mail" VALUES('06h2domlg8s9so2a82sh2n7ghfdo3epq5vmhd5gm','main',1795948729730,'damaged','ada@sender.example','fail@example.test','client.example','127.0.0.1',NULL,1,0,0,'a92f263720582dad',0,'file',371,2305,1414608253,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
CREATE TABLE mail_body (
    mail TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL)
    WITHOUT ROWID;
INSERT INTO "mail_body" VALUES('06h2dof62drlchlti63r31as41goei4g2rrnkj5j',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450532069642030366832646F66363264726C63686C7469363372333161733431676F656934673272726E6B6A356A0D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031303A33373A3438202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D52765A6A59795A484A735932687364476B324D33497A4D57467A4E44466E623256704E476379636E4A7561326F31616B6E70645635456F515178574E6D774C4C69523644343D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A20446561640D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A446561642C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2domgk66ivc9tvjrghq5cl3oc399o3f0q6hv8',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D5450532069642030366832646F6D676B36366976633974766A7267687135636C336F633339396F33663071366876380D0A20666F72203C6B656570406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031303A33383A3438202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D5276625764724E6A5A70646D4D3564485A71636D646F6354566A62444E76597A4D354F57387A5A6A42784E6D68324F4D4C797471365056766F4C655064687343333955546B3D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6B656570406578616D706C652E746573743E0D0A5375626A6563743A204B6570740D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A4B6570742C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2domi4v8ongg65lv2ge97gufpsescdrj9ubot',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D54502069642030366832646F6D693476386F6E676736356C763267653937677566707365736364726A3975626F740D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031303A33383A3438202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D527662576B30646A6876626D646E4E6A5673646A4A6E5A546B335A33566D63484E6C63324E6B636D6F3564574A766443614C454C4869506833364E50644A705774757553593D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A205265747279696E670D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A5265747279696E672C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2domji1k6hqon6533gqm1muncgdj55v4bccot',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D54502069642030366832646F6D6A69316B3668716F6E3635333367716D316D756E6367646A353576346263636F740D0A20666F72203C6661696C406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031303A33383A3439202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D5276625770704D57733261484676626A59314D7A4E6E63573078625856755932646B616A5531646A526959324E76644446656F4857444F415A4568437A515A3668536141633D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C6661696C406578616D706C652E746573743E0D0A5375626A6563743A2048656C640D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A48656C642C206C696E6520300D0A');
INSERT INTO "mail_body" VALUES('06h2doml2djhqsvsamtpi4q0b1803mv6mcdabg99',X'52657475726E2D506174683A203C6164614073656E6465722E6578616D706C653E0D0A52656365697665643A2066726F6D20636C69656E742E6578616D706C652028756E6B6E6F776E205B3132372E302E302E315D290D0A206279206D782E6578616D706C652E7465737420776974682045534D54502069642030366832646F6D6C32646A6871737673616D74706934713062313830336D76366D636461626739390D0A20666F72203C706F73746D6173746572406578616D706C652E746573743E3B0D0A2053756E2C203239204E6F7620323032362031303A33383A3439202B303030302028555443290D0A41757468656E7469636174696F6E2D526573756C74733A206D782E6578616D706C652E746573743B206E6F6E650D0A582D5345532D524543454950543A204D445A6F4D6D5276625777795A47706F63584E3263324674644842704E484577596A45344D444E74646A5A7459325268596D63354F5141537731376C4B6C72714A546547634B53356230593D0D0A46726F6D3A203C6164614073656E6465722E6578616D706C653E0D0A546F3A203C706F73746D6173746572406578616D706C652E746573743E0D0A5375626A6563743A20556E74616B656E0D0A446174653A204D6F6E2C203233204E6F7620323032362030393A30303A3030202B303030300D0A4D6573736167652D49443A203C314073656E6465722E6578616D706C653E0D0A0D0A556E74616B656E2C206C696E6520300D0A');
CREATE TABLE replay (
    number INTEGER PRIMARY KEY NOT NULL, accepted_ms BIGINT NOT NULL, ended_ms BIGINT,
    is_cancelled INTEGER NOT NULL, wish TEXT NOT NULL, progress TEXT NOT NULL);
CREATE TABLE rule_set_version (
    version TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
    kept_ms BIGINT NOT NULL);
INSERT INTO "rule_set_version" VALUES('a92f263720582dad','main','{"name":"main","rules":[{"actions":[{"addHeader":{"name":"X-Kept","value":"yes"}},{"store":{"bucket":"mail","onFailure":"hold","prefix":"kept"}},{"notify":{"encoding":"UTF-8","topic":"told"}},{"stop":{}}],"isEnabled":true,"isScanEnabled":false,"name":"keep","recipients":["keep@example.test"],"tlsPolicy":"Optional"},{"actions":[{"store":{"bucket":"mail","onFailure":"hold"}},{"invoke":{"handler":"failing","onFailure":"hold","type":"RequestResponse"}},{"notify":{"encoding":"UTF-8","topic":"told"}}],"isEnabled":true,"isScanEnabled":false,"name":"fail","recipients":["fail@example.test"],"tlsPolicy":"Optional"}]}',1795948667126);
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
INSERT INTO "topic_delivery" VALUES('4ea16096-5e99-4f4b-bdfd-53c006b18eee','hook','waiting',1,1795948728568,1795952328622,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('96f0d096-5857-45d8-a8ea-a29175e04163','hook','waiting',1,1795948728768,1795952328788,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('b2e9786a-79bf-4403-aa40-d31863344704','hook','dead',1,1795948668332,1795948668332,'Connection refused','told');
INSERT INTO "topic_delivery" VALUES('d13658ca-1d65-4912-a112-298b6005a3e5','hook','dead',1,1795948668658,1795948668658,'Connection refused','told');
CREATE TABLE topic_message (
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, topic TEXT NOT NULL,
    subject TEXT, message TEXT NOT NULL, created_ms BIGINT NOT NULL, kind TEXT NOT NULL DEFAULT 'Notification');
INSERT INTO "topic_message" VALUES(1,'b2e9786a-79bf-4403-aa40-d31863344704','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTP id 06h2dof5ae5teig916sc5dq5uacdj26sik9s5vc8\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 10:37:48 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmRvZjVhZTV0ZWlnOTE2c2M1ZHE1dWFjZGoyNnNpazlzNXZjOPiPR4E040Hp/ICa2R6Qp7w=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Expired\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nExpired, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Expired","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTP id 06h2dof5ae5teig916sc5dq5uacdj26sik9s5vc8 for <keep@example.test>; Sun, 29 Nov 2026 10:37:48 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmRvZjVhZTV0ZWlnOTE2c2M1ZHE1dWFjZGoyNnNpazlzNXZjOPiPR4E040Hp/ICa2R6Qp7w="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Expired"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2dof5ae5teig916sc5dq5uacdj26sik9s5vc8","source":"ada@sender.example","timestamp":"2026-11-29T10:37:48.243Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":88,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T10:37:48.243Z","virusVerdict":{"status":"DISABLED"}}}',1795948668332,'Notification');
INSERT INTO "topic_message" VALUES(2,'d13658ca-1d65-4912-a112-298b6005a3e5','told','Amazon SES Email Receipt Notification','{"content":"Return-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTPS id 06h2dof62drlchlti63r31as41goei4g2rrnkj5j\r\n for <fail@example.test>;\r\n Sun, 29 Nov 2026 10:37:48 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmRvZjYyZHJsY2hsdGk2M3IzMWFzNDFnb2VpNGcycnJua2o1aknpdV5EoQQxWNmwLLiR6D4=\r\nFrom: <ada@sender.example>\r\nTo: <fail@example.test>\r\nSubject: Dead\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nDead, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Dead","to":["fail@example.test"]},"destination":["fail@example.test"],"headers":[{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTPS id 06h2dof62drlchlti63r31as41goei4g2rrnkj5j for <fail@example.test>; Sun, 29 Nov 2026 10:37:48 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmRvZjYyZHJsY2hsdGk2M3IzMWFzNDFnb2VpNGcycnJua2o1aknpdV5EoQQxWNmwLLiR6D4="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<fail@example.test>"},{"name":"Subject","value":"Dead"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2dof62drlchlti63r31as41goei4g2rrnkj5j","source":"ada@sender.example","timestamp":"2026-11-29T10:37:48.435Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":222,"recipients":["fail@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T10:37:48.435Z","virusVerdict":{"status":"DISABLED"}}}',1795948668658,'Notification');
INSERT INTO "topic_message" VALUES(3,'4ea16096-5e99-4f4b-bdfd-53c006b18eee','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTPS id 06h2domgk66ivc9tvjrghq5cl3oc399o3f0q6hv8\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 10:38:48 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmRvbWdrNjZpdmM5dHZqcmdocTVjbDNvYzM5OW8zZjBxNmh2OMLytq6PVvoLePdhsC39UTk=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Kept\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nKept, line 0\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Kept","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTPS id 06h2domgk66ivc9tvjrghq5cl3oc399o3f0q6hv8 for <keep@example.test>; Sun, 29 Nov 2026 10:38:48 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmRvbWdrNjZpdmM5dHZqcmdocTVjbDNvYzM5OW8zZjBxNmh2OMLytq6PVvoLePdhsC39UTk="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Kept"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2domgk66ivc9tvjrghq5cl3oc399o3f0q6hv8","source":"ada@sender.example","timestamp":"2026-11-29T10:38:48.481Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":86,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T10:38:48.481Z","virusVerdict":{"status":"DISABLED"}}}',1795948728568,'Notification');
INSERT INTO "topic_message" VALUES(4,'96f0d096-5857-45d8-a8ea-a29175e04163','told','Amazon SES Email Receipt Notification','{"content":"X-Kept: yes\r\nReturn-Path: <ada@sender.example>\r\nReceived: from client.example (unknown [127.0.0.1])\r\n by mx.example.test with ESMTP id 06h2domhcof2fqpafe39ul3bumm4pikc5miim2gs\r\n for <keep@example.test>;\r\n Sun, 29 Nov 2026 10:38:48 +0000 (UTC)\r\nAuthentication-Results: mx.example.test; none\r\nX-SES-RECEIPT: MDZoMmRvbWhjb2YyZnFwYWZlMzl1bDNidW1tNHBpa2M1bWlpbTJnc/2wpyK0JIT2awbQ70ibNKo=\r\nFrom: <ada@sender.example>\r\nTo: <keep@example.test>\r\nSubject: Kept in a file\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nKept in a file, line 0\r\nKept in a file, line 1\r\nKept in a file, line 2\r\nKept in a file, line 3\r\nKept in a file, line 4\r\nKept in a file, line 5\r\nKept in a file, line 6\r\nKept in a file, line 7\r\nKept in a file, line 8\r\nKept in a file, line 9\r\nKept in a file, line 10\r\nKept in a file, line 11\r\nKept in a file, line 12\r\nKept in a file, line 13\r\nKept in a file, line 14\r\nKept in a file, line 15\r\nKept in a file, line 16\r\nKept in a file, line 17\r\nKept in a file, line 18\r\nKept in a file, line 19\r\nKept in a file, line 20\r\nKept in a file, line 21\r\nKept in a file, line 22\r\nKept in a file, line 23\r\nKept in a file, line 24\r\nKept in a file, line 25\r\nKept in a file, line 26\r\nKept in a file, line 27\r\nKept in a file, line 28\r\nKept in a file, line 29\r\nKept in a file, line 30\r\nKept in a file, line 31\r\nKept in a file, line 32\r\nKept in a file, line 33\r\nKept in a file, line 34\r\nKept in a file, line 35\r\nKept in a file, line 36\r\nKept in a file, line 37\r\nKept in a file, line 38\r\nKept in a file, line 39\r\nKept in a file, line 40\r\nKept in a file, line 41\r\nKept in a file, line 42\r\nKept in a file, line 43\r\nKept in a file, line 44\r\nKept in a file, line 45\r\nKept in a file, line 46\r\nKept in a file, line 47\r\nKept in a file, line 48\r\nKept in a file, line 49\r\nKept in a file, line 50\r\nKept in a file, line 51\r\nKept in a file, line 52\r\nKept in a file, line 53\r\nKept in a file, line 54\r\nKept in a file, line 55\r\nKept in a file, line 56\r\nKept in a file, line 57\r\nKept in a file, line 58\r\nKept in a file, line 59\r\nKept in a file, line 60\r\nKept in a file, line 61\r\nKept in a file, line 62\r\nKept in a file, line 63\r\nKept in a file, line 64\r\nKept in a file, line 65\r\nKept in a file, line 66\r\nKept in a file, line 67\r\nKept in a file, line 68\r\nKept in a file, line 69\r\nKept in a file, line 70\r\nKept in a file, line 71\r\nKept in a file, line 72\r\nKept in a file, line 73\r\nKept in a file, line 74\r\nKept in a file, line 75\r\nKept in a file, line 76\r\nKept in a file, line 77\r\nKept in a file, line 78\r\nKept in a file, line 79\r\nKept in a file, line 80\r\nKept in a file, line 81\r\nKept in a file, line 82\r\nKept in a file, line 83\r\nKept in a file, line 84\r\nKept in a file, line 85\r\nKept in a file, line 86\r\nKept in a file, line 87\r\nKept in a file, line 88\r\nKept in a file, line 89\r\nKept in a file, line 90\r\nKept in a file, line 91\r\nKept in a file, line 92\r\nKept in a file, line 93\r\nKept in a file, line 94\r\nKept in a file, line 95\r\nKept in a file, line 96\r\nKept in a file, line 97\r\nKept in a file, line 98\r\nKept in a file, line 99\r\n","mail":{"commonHeaders":{"date":"Mon, 23 Nov 2026 09:00:00 +0000","from":["ada@sender.example"],"messageId":"<1@sender.example>","returnPath":"ada@sender.example","subject":"Kept in a file","to":["keep@example.test"]},"destination":["keep@example.test"],"headers":[{"name":"X-Kept","value":"yes"},{"name":"Return-Path","value":"<ada@sender.example>"},{"name":"Received","value":"from client.example (unknown [127.0.0.1]) by mx.example.test with ESMTP id 06h2domhcof2fqpafe39ul3bumm4pikc5miim2gs for <keep@example.test>; Sun, 29 Nov 2026 10:38:48 +0000 (UTC)"},{"name":"Authentication-Results","value":"mx.example.test; none"},{"name":"X-SES-RECEIPT","value":"MDZoMmRvbWhjb2YyZnFwYWZlMzl1bDNidW1tNHBpa2M1bWlpbTJnc/2wpyK0JIT2awbQ70ibNKo="},{"name":"From","value":"<ada@sender.example>"},{"name":"To","value":"<keep@example.test>"},{"name":"Subject","value":"Kept in a file"},{"name":"Date","value":"Mon, 23 Nov 2026 09:00:00 +0000"},{"name":"Message-ID","value":"<1@sender.example>"}],"headersTruncated":false,"messageId":"06h2domhcof2fqpafe39ul3bumm4pikc5miim2gs","source":"ada@sender.example","timestamp":"2026-11-29T10:38:48.678Z"},"notificationType":"Received","receipt":{"action":{"encoding":"UTF8","topicArn":"arn:aws:sns:us-east-1:000000000000:told","type":"SNS"},"dkimVerdict":{"status":"DISABLED"},"dmarcVerdict":{"status":"DISABLED"},"processingTimeMillis":89,"recipients":["keep@example.test"],"spamVerdict":{"status":"DISABLED"},"spfVerdict":{"status":"DISABLED"},"timestamp":"2026-11-29T10:38:48.678Z","virusVerdict":{"status":"DISABLED"}}}',1795948728768,'Notification');
CREATE TABLE topic_subscription (
    account TEXT NOT NULL, topic TEXT NOT NULL, subscriber TEXT NOT NULL,
    url TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, token TEXT NOT NULL,
    token_expires_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
    PRIMARY KEY (account, topic, subscriber));
INSERT INTO "topic_subscription" VALUES('main','told','hook','http://127.0.0.1:9/told','e100f108-335a-fe2b-3055-c6d7d354e827','confirmed','86c876d5632b3cc4c9d2424a805612277051c7efb7870cd75261b39d666cc5a3',1795948667138,1795948667138);
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
