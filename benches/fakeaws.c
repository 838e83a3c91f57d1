/* An AWS endpoint that costs next to nothing: it checks no signature, keeps no state, and sends bytes that were
 * made beforehand. For measuring clients.
 *
 *   fakeaws FOLDER DELAY_MS...
 *
 * FOLDER holds whole HTTP responses by the operation's name, as the query, JSON and CBOR protocols say it. Where the
 * request's body has `page-7` in it (a token, or the name of something), the file is `Operation.7`. Listens on
 * 127.0.0.1, one port per delay, and prints the ports one per line. A thread per connection, kept alive. Ends with
 * its stdin.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct answer { char *name, *bytes; size_t length; };
struct place { int socket; long delay_ms; };

static struct answer *answers;
static size_t known;

static void check(int good, const char *what) {
    if (!good) {
        perror(what);
        exit(1);
    }
}

/* Reads every file of the folder. */
static void learn(const char *folder) {
    DIR *listing = opendir(folder);
    check(listing && !chdir(folder), folder);
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (entry->d_name[0] == '.') continue;
        FILE *file = fopen(entry->d_name, "rb");
        check(file && !fseek(file, 0, SEEK_END), entry->d_name);
        struct answer answer = {strdup(entry->d_name), NULL, ftell(file)};
        rewind(file);
        answers = realloc(answers, (known + 1) * sizeof answer);
        answer.bytes = malloc(answer.length);
        check(answer.name && answers && answer.bytes, "memory");
        check(fread(answer.bytes, 1, answer.length, file) == answer.length, entry->d_name);
        fclose(file);
        answers[known++] = answer;
    }
    closedir(listing);
}

/* The answer to a request. */
static struct answer answer_to(const char *text, size_t length) {
    static struct answer none = {"", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 45};
    const char *head = memmem(text, length, "\r\n\r\n", 4), *at;
    const char *body = head + 4, *end = text + length;
    if ((at = memmem(text, head - text, "/operation/", 11))) at += 11;
    else if ((at = strcasestr(text, "x-amz-target:")) && at < head && (at = strchr(at, '.'))) at += 1;
    else if ((at = memmem(body, end - body, "Action=", 7))) at += 7;
    else return none;
    char name[100];
    size_t used = 0;
    while (at < end && isalnum(*at) && used < 80) name[used++] = *at++;
    name[used] = 0;
    const char *page = memmem(body, end - body, "page-", 5);
    if (page) sprintf(name + used, ".%ld", strtol(page + 5, NULL, 10));
    for (size_t i = 0; i < known; i++)
        if (!strcmp(answers[i].name, name)) return answers[i];
    return none;
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
        struct answer answer = answer_to(text, whole);
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
    if (count < 3) {
        fprintf(stderr, "usage: fakeaws FOLDER DELAY_MS...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    learn(words[1]);
    for (int i = 2; i < count; i++) {
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
