/* A client and an echo server on wolfSSL, for the tests of interoperability.
 *
 *     wolfssl [updating-]client PORT CA [CERT KEY]     standard input -> TLS -> standard output
 *     wolfssl [updating-]server PORT CERT KEY [CA]     echoes; with a CA, requires a client certificate
 *
 * Data goes out in records of 8,192 bytes. At the end of its input an end sends close_notify and goes on reading until the
 * other's. One that is updating sends a KeyUpdate, which asks for another, after the handshake.
 * Exit status of the client: 0 clean close, 1 no close_notify, 2 usage, 3 handshake failed. The server says what fails, and
 * goes on.
 */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORD = 8192 };

/* What waits to be sent. */
struct queue {
    char *bytes;
    size_t len, sent;
};

static void append(struct queue *queue, const char *bytes, size_t len) {
    queue->bytes = realloc(queue->bytes, queue->len + len);
    if (queue->bytes == NULL) abort();
    memcpy(queue->bytes + queue->len, bytes, len);
    queue->len += len;
}

static int die(const char *what) {
    fprintf(stderr, "error: %s\n", what);
    return 2;
}

static int failed(WOLFSSL *ssl, int result, const char *what) {
    char text[WOLFSSL_MAX_ERROR_SZ];
    int error = wolfSSL_get_error(ssl, result);
    WOLFSSL_ALERT_HISTORY alerts;
    wolfSSL_get_alert_history(ssl, &alerts);
    fprintf(stderr, "error: %s: %d %s (alerts: received %d, sent %d)\n", what, error,
            wolfSSL_ERR_error_string((unsigned long)error, text), alerts.last_rx.code, alerts.last_tx.code);
    return 3;
}

static int waits(WOLFSSL *ssl, int result) {
    int error = wolfSSL_get_error(ssl, result);
    return error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE;
}

/* Sends what `queue` has, and what comes in from `input` (the client) or is received (the server: -1), until both ends
 * have said close_notify. */
static int exchange(WOLFSSL *ssl, int fd, struct queue *queue, int input) {
    int closing = 0, ended = 0;
    char chunk[16384];
    for (;;) {
        struct pollfd polls[2] = {{fd, POLLIN, 0}, {input, POLLIN, 0}};
        if (queue->sent < queue->len) polls[0].events |= POLLOUT;
        if (poll(polls, 2, -1) < 0 && errno != EINTR) return die("poll");
        if (input >= 0 && polls[1].revents) {
            ssize_t got = read(input, chunk, sizeof chunk);
            if (got > 0) append(queue, chunk, (size_t)got);
            if (got <= 0) { input = -1; closing = 1; }
        }
        while (!ended) {
            int got = wolfSSL_read(ssl, chunk, sizeof chunk);
            if (got > 0) {
                if (wolfSSL_is_server(ssl)) append(queue, chunk, (size_t)got);
                else if (write(STDOUT_FILENO, chunk, (size_t)got) != got) return die("standard output");
            } else if (waits(ssl, got)) {
                break;
            } else if (wolfSSL_get_error(ssl, got) == WOLFSSL_ERROR_ZERO_RETURN) {
                ended = 1;
                closing |= wolfSSL_is_server(ssl);
            } else {
                failed(ssl, got, "read");
                return 1;
            }
        }
        while (queue->sent < queue->len) {
            size_t len = queue->len - queue->sent;
            int put = wolfSSL_write(ssl, queue->bytes + queue->sent, (int)(len < RECORD ? len : RECORD));
            if (put > 0) queue->sent += (size_t)put;
            else if (waits(ssl, put)) break;
            else return failed(ssl, put, "write");
        }
        if (closing == 1 && queue->sent == queue->len) {
            wolfSSL_shutdown(ssl);
            closing = 2;
        }
        if (closing == 2 && ended) return 0;
    }
}

static int handshake(WOLFSSL *ssl, int fd) {
    for (;;) {
        int result = wolfSSL_is_server(ssl) ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl);
        if (result == WOLFSSL_SUCCESS) return 0;
        if (!waits(ssl, result)) return failed(ssl, result, "handshake");
        struct pollfd one = {fd, POLLIN, 0};
        poll(&one, 1, -1);
    }
}

/* One connection; its socket is closed at the end. */
static int converse(WOLFSSL_CTX *ctx, int fd, int input, int update) {
    WOLFSSL *ssl = wolfSSL_new(ctx);
    struct queue queue = {0};
    if (ssl == NULL) return die("no connection");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    wolfSSL_set_fd(ssl, fd);
    if (input >= 0) {
        wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, "localhost", 9);
        wolfSSL_check_domain_name(ssl, "localhost");
    }
    int status = handshake(ssl, fd);
    if (status == 0 && update && wolfSSL_update_keys(ssl) != WOLFSSL_SUCCESS) status = die("no KeyUpdate");
    if (status == 0) status = exchange(ssl, fd, &queue, input);
    wolfSSL_free(ssl);
    free(queue.bytes);
    close(fd);
    return status;
}

int main(int count, char **words) {
    const char *role = count > 1 ? words[1] : "";
    int update = strncmp(role, "updating-", 9) == 0;
    int client = strcmp(role + (update ? 9 : 0), "client") == 0;
    if (count < (client ? 4 : 5)) return die("usage: wolfssl client PORT CA [CERT KEY] | server PORT CERT KEY [CA]");
    signal(SIGPIPE, SIG_IGN);
    wolfSSL_Init();
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(client ? wolfTLSv1_3_client_method() : wolfTLSv1_3_server_method());
    if (ctx == NULL) return die("no context");
    const char *ca = client ? words[3] : count > 5 ? words[5] : NULL;
    const char *cert = client ? (count > 5 ? words[4] : NULL) : words[3];
    const char *key = client ? (count > 5 ? words[5] : NULL) : words[4];
    if (ca != NULL && wolfSSL_CTX_load_verify_locations(ctx, ca, NULL) != WOLFSSL_SUCCESS) return die("CA");
    if (cert != NULL && (wolfSSL_CTX_use_certificate_chain_file(ctx, cert) != WOLFSSL_SUCCESS ||
                         wolfSSL_CTX_use_PrivateKey_file(ctx, key, WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS))
        return die("certificate or key");
    if (!client) {
        int require = WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        wolfSSL_CTX_set_verify(ctx, ca != NULL ? require : WOLFSSL_VERIFY_NONE, NULL);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[2]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (client) {
        if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return die("connect");
        return converse(ctx, fd, STDIN_FILENO, update);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0) return die("bind");
    for (;;) {
        int accepted = accept(fd, NULL, NULL);
        if (accepted >= 0) converse(ctx, accepted, -1, update);
    }
}
