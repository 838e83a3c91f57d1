/* The least that an MCP server over stdio can do: read a line, write an answer that was made beforehand. What no
 * server can be faster than. Ends with its stdin.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char hello[] =
    "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
    "\"serverInfo\":{\"name\":\"floor\",\"version\":\"0\"}}";
static const char tools[] =
    "{\"tools\":[{\"name\":\"nothing\",\"description\":\"Does nothing\",\"inputSchema\":{\"type\":\"object\"}}]}";
static const char done[] = "{\"content\":[{\"type\":\"text\",\"text\":\"{}\"}]}";

int main(void) {
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        const char *id = strstr(line, "\"id\":");
        if (!id) continue; /* a notification */
        const char *result = done;
        if (strstr(line, "\"initialize\"")) result = hello;
        if (strstr(line, "\"tools/list\"")) result = tools;
        printf("{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":%s}\n", strtol(id + 5, NULL, 10), result);
        fflush(stdout);
    }
    return 0;
}
