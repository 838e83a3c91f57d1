/* An AWS endpoint that costs next to nothing: it checks no signature, keeps no state, and sends bytes that were
 * made beforehand. For measuring clients.
 *
 *   fakeaws IDENTITY INSTANCES DELAY_MS...
 *
 * Answers DescribeInstances with the file INSTANCES and everything else with the file IDENTITY. Listens on 127.0.0.1,
 * one port per delay, and prints the ports one per line. A thread per connection, kept alive. Ends with its stdin.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct answer { char *bytes; size_t length; };
struct place { int socket; long delay_ms; };

static struct answer identity, instances;

static void check(int good, const char *what) {
    if (!good) {
        perror(what);
        exit(1);
    }
}

/* A whole HTTP response with the file as its body. */
static struct answer answer_of(const char *path) {
    FILE *file = fopen(path, "rb");
    check(file && !fseek(file, 0, SEEK_END), path);
    size_t body = ftell(file);
    rewind(file);
    struct answer answer = {malloc(body + 200), 0};
    check(answer.bytes != NULL, "memory");
    answer.length = sprintf(answer.bytes, "HTTP/1.1 200 OK\r\nContent-Type: text/xml;charset=UTF-8\r\n"
                                          "Content-Length: %zu\r\n\r\n", body);
    check(fread(answer.bytes + answer.length, 1, body, file) == body, path);
    answer.length += body;
    fclose(file);
    return answer;
}

/* The length of the first request in the text, or 0 while it is not whole. */
static size_t request(const char *text, size_t length) {
    const char *end = strstr(text, "\r\n\r\n");
    if (!end) return 0;
    const char *field = strcasestr(text, "\r\ncontent-length:");
    size_t whole = end + 4 - text;
    if (field && field < end) whole += strtoul(field + strlen("\r\ncontent-length:"), NULL, 10);
    return whole <= length ? whole : 0;
}

static void *serve(void *given) {
    struct place here = *(struct place *)given;
    free(given);
    char text[32768];
    size_t length = 0;
    for (;;) {
        text[length] = 0;
        size_t whole = request(text, length);
        if (!whole) {
            ssize_t more = recv(here.socket, text + length, sizeof text - 1 - length, 0);
            if (more <= 0) break;
            length += more;
            continue;
        }
        int listing = memmem(text, whole, "Action=DescribeInstances&", 25) != NULL;
        struct answer answer = listing ? instances : identity;
        if (here.delay_ms) usleep(here.delay_ms * 1000);
        size_t sent = 0;
        while (sent < answer.length) {
            ssize_t more = send(here.socket, answer.bytes + sent, answer.length - sent, 0);
            if (more <= 0) goto gone;
            sent += more;
        }
        length -= whole;
        memmove(text, text + whole, length);
    }
gone:
    close(here.socket);
    return NULL;
}

static void begin(void *(*run)(void *), struct place place) {
    struct place *given = malloc(sizeof *given);
    check(given != NULL, "memory");
    *given = place;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    check(!pthread_create(&thread, &small, run, given), "thread");
}

static void *welcome(void *given) {
    struct place here = *(struct place *)given;
    free(given);
    for (;;) {
        int on = 1, peer = accept(here.socket, NULL, NULL);
        if (peer < 0) continue;
        setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        begin(serve, (struct place){peer, here.delay_ms});
    }
    return NULL;
}

int main(int count, char **words) {
    if (count < 4) {
        fprintf(stderr, "usage: fakeaws IDENTITY INSTANCES DELAY_MS...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    identity = answer_of(words[1]);
    instances = answer_of(words[2]);
    for (int i = 3; i < count; i++) {
        struct place place = {socket(AF_INET, SOCK_STREAM, 0), atol(words[i])};
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof at;
        check(!bind(place.socket, (struct sockaddr *)&at, size) && !listen(place.socket, 1024), "listen");
        check(!getsockname(place.socket, (struct sockaddr *)&at, &size), "port");
        printf("%d\n", ntohs(at.sin_port));
        begin(welcome, place);
    }
    fflush(stdout);
    char rest[64];
    while (read(0, rest, sizeof rest) > 0) {}
    return 0;
}
