/*
 * submit PORT SESSIONS MAILS BYTES [USER PASSWORD]: submits so many mails of that size to
 * 127.0.0.1:PORT, over as many sessions at once, each a connection that is kept, after STARTTLS
 * and, with a user, after AUTH PLAIN. Otherwise it is what Postfix's smtp-source does, which speaks no
 * TLS: one command after another, each after the answer to the one before. Exits with 1 where any
 * answer is not what it has to be.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>

#define LINE_BYTES 72
#define REPLY_BYTES 4096
#define HEADER_BYTES_MAX 1024

static int port;
static size_t mail_bytes;
static char login[512];
static SSL_CTX *context;
static atomic_long left;

struct session {
    int link;
    SSL *tls;
    char room[REPLY_BYTES];
    size_t filled;
};

static void fail(const char *what, const char *said) {
    fprintf(stderr, "submit: %s: %s\n", what, said);
    exit(1);
}

static void send_all(struct session *session, const char *bytes, size_t length) {
    while (length > 0) {
        int sent = session->tls != NULL ? SSL_write(session->tls, bytes, (int)length)
                                        : (int)send(session->link, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) fail("send", "the connection is over");
        bytes += sent;
        length -= (size_t)sent;
    }
}

/* Whether what has come ends a reply: a last line, of three digits and a space. */
static int is_whole(struct session *session) {
    session->room[session->filled] = 0;
    if (session->filled < 6 || session->room[session->filled - 1] != '\n') return 0;
    session->room[session->filled - 1] = 0;
    char *last = strrchr(session->room, '\n');
    last = last == NULL ? session->room : last + 1;
    session->room[session->filled - 1] = '\n';
    return last[3] != '-';
}

static void expect(struct session *session, const char *code, const char *what) {
    session->filled = 0;
    while (!is_whole(session)) {
        size_t room = REPLY_BYTES - 1 - session->filled;
        char *place = session->room + session->filled;
        int got = room == 0 ? 0
                  : session->tls != NULL ? SSL_read(session->tls, place, (int)room)
                                         : (int)recv(session->link, place, room, 0);
        if (got <= 0) fail(what, "the connection is over");
        session->filled += (size_t)got;
    }
    if (strncmp(session->room, code, 3) != 0) fail(what, session->room);
}

static void say(struct session *session, const char *line, const char *code) {
    send_all(session, line, strlen(line));
    expect(session, code, line);
}

static void open_session(struct session *session) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int one = 1;
    session->tls = NULL;
    session->link = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(session->link, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connect", "nobody listens");
    setsockopt(session->link, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    expect(session, "220", "greeting");
    say(session, "EHLO bench\r\n", "250");
    say(session, "STARTTLS\r\n", "220");
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, session->link);
    if (SSL_connect(tls) != 1) fail("TLS", "the handshake has failed");
    session->tls = tls;
    say(session, "EHLO bench\r\n", "250");
    if (login[0] != 0) say(session, login, "235");
}

/* A header section and lines of X, of `mail_bytes` in all; and the dot behind it. */
static char *make_mail(long number, size_t *length) {
    char *mail = malloc(mail_bytes + HEADER_BYTES_MAX + LINE_BYTES);
    if (mail == NULL) fail("memory", "there is none");
    char date[64];
    time_t now = time(NULL);
    struct tm parts;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &parts));
    size_t filled = (size_t)snprintf(
        mail, HEADER_BYTES_MAX,
        "From: <sender@bench.example>\r\nTo: <user@far.example>\r\nDate: %s\r\n"
        "Message-Id: <%ld.%ld@bench.example>\r\nSubject: a mail\r\n\r\n", date, (long)getpid(),
        number);
    while (filled < mail_bytes) {
        memset(mail + filled, 'X', LINE_BYTES - 2);
        memcpy(mail + filled + LINE_BYTES - 2, "\r\n", 2);
        filled += LINE_BYTES;
    }
    memcpy(mail + filled, ".\r\n", 3);
    *length = filled + 3;
    return mail;
}

static void *run(void *unused) {
    struct session session;
    open_session(&session);
    for (long number; (number = atomic_fetch_sub(&left, 1)) > 0;) {
        size_t length;
        char *mail = make_mail(number, &length);
        say(&session, "MAIL FROM:<sender@bench.example>\r\n", "250");
        say(&session, "RCPT TO:<user@far.example>\r\n", "250");
        say(&session, "DATA\r\n", "354");
        send_all(&session, mail, length);
        expect(&session, "250", "the mail's end");
        free(mail);
    }
    say(&session, "QUIT\r\n", "221");
    SSL_free(session.tls);
    close(session.link);
    return unused;
}

static void set_login(const char *user, const char *password) {
    char plain[256], encoded[400];
    int length = snprintf(plain, sizeof plain, "%c%s%c%s", 0, user, 0, password);
    if (length >= (int)sizeof plain) fail("login", "it is too long");
    EVP_EncodeBlock((unsigned char *)encoded, (unsigned char *)plain, length);
    snprintf(login, sizeof login, "AUTH PLAIN %s\r\n", encoded);
}

int main(int count, char **words) {
    if (count != 5 && count != 7) fail("usage", "submit PORT SESSIONS MAILS BYTES [USER PASSWORD]");
    port = atoi(words[1]);
    int sessions = atoi(words[2]);
    atomic_init(&left, atol(words[3]));
    mail_bytes = (size_t)atol(words[4]);
    if (count == 7) set_login(words[5], words[6]);
    context = SSL_CTX_new(TLS_client_method());
    pthread_t *threads = calloc((size_t)sessions, sizeof *threads);
    for (int index = 0; index < sessions; index++)
        if (pthread_create(&threads[index], NULL, run, NULL) != 0) fail("thread", "there is none");
    for (int index = 0; index < sessions; index++) pthread_join(threads[index], NULL);
    return 0;
}
