/*
 * cmd: a command as it was typed, read and understood; what every verb gets. It lives for one run of the program.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/hush.h"
#include "cli/extra.h"
#include "cli/verb.h"

#include <stdio.h>

struct http_caller;
struct json_t;

enum cmd_format { CMD_TABLE, CMD_JSON, CMD_JSONL, CMD_YAML, CMD_CSV };

struct cmd {
	FILE *out, *err; /* borrowed */
	const struct cli_extra *extra;
	const struct noun *noun;
	const struct verb *verb;
	struct json_t *given; /* the options by their names, those of the verb and the global ones */
	const char *arg[VERB_ARGS_MAX];
	struct arena arena;
	/* From the global options and the environment: */
	const char *server; /* without a slash at its end */
	const char *ca_file;
	struct hush key; /* n is 0: none */
	enum cmd_format format;
	uint32_t timeout_ms;    /* of one request */
	const char *request_id; /* NULL: the server's own */
	bool quiet, trace, colour, dry;
	struct http_caller *caller; /* NULL until the first request */
};

#define CMD_TIMEOUT_S 30

/* The options that every verb has. */
extern const struct verb_option cmd_options[];

/* Fills the settings from the options and the environment; reads the key. CLI_USAGE or CLI_DENIED, said on `err`. */
enum cli_exit cmd_open(struct cmd *c);

/* Values of `given`; NULL, 0 and false when the option was not typed. */
const char *cmd_text(const struct cmd *c, const char *name);
int64_t cmd_number(const struct cmd *c, const char *name);
bool cmd_has(const struct cmd *c, const char *name);

/* Writes to `out`; whether all went well is asked at the end, by cmd_flushed. */
void cmd_write(struct cmd *c, const struct buf *b);

/* One line on `err`: "footplate: …". Control characters become '?'. */
void cmd_say(struct cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As cmd_say, for a command that was typed wrong. */
enum cli_exit cmd_usage(struct cmd *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The last word of a command: CLI_FAILED, said, when its output could not be written. */
enum cli_exit cmd_flushed(struct cmd *c);

void cmd_done(struct cmd *c);
