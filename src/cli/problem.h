/*
 * problem: what an error answer means to the command line: one line on stderr, and an exit code of product.md 5.11.
 * Reads application/problem+json (RFC 9457); an answer of another kind, as of a proxy, is judged by its status.
 */
#pragma once

#include "cli/cmd.h"

/* `problem` is the answer's JSON, NULL when it was none. `writes`: the request may have changed something. */
enum cli_exit problem_exit(int status, const struct json_t *problem, bool writes);

/* "code: detail; /pointer: detail; … (request req_…)" without a line end. request_id may be NULL. */
void problem_line(struct buf *to, int status, const struct json_t *problem, const char *request_id);
