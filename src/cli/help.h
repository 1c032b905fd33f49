/*
 * help: what --help prints on each level, made from the tables.
 */
#pragma once

#include "base/buf.h"
#include "cli/nouns.h"

struct cmd;

void help_all(struct buf *to, const struct cli_extra *extra);
void help_noun(struct buf *to, const struct cli_extra *extra, const char *noun);
void help_verb(struct buf *to, const char *noun, const struct verb *v);
void help_extra(struct buf *to, const struct cli_extra *e);

/* The words of `help NOUN VERB`, which may be fewer. CLI_USAGE, said, for one that there is not. */
enum cli_exit help_run(struct cmd *c, char **words, int n);

/* "job run ACTION [OPTION…]", for help, the man page and the reference. */
void help_usage(struct buf *to, const char *noun, const struct verb *v);

/* "-t, --account ACCOUNT" */
void help_option(struct buf *to, const struct verb_option *o);

/* The exit codes and what they mean, in order; ends in { 0 }. */
struct help_exit {
	enum cli_exit code;
	const char *doc;
};
extern const struct help_exit help_exits[];

/* Environment variables; ends in { 0 }. */
struct help_variable {
	const char *name, *doc;
};
extern const struct help_variable help_variables[];

/* The next line "--name VALUE<tab>sentence" of an extra's help: fills the borrowed parts, and steps on. False at the end. */
struct help_line {
	const char *name, *doc;
	size_t name_n, doc_n;
};
bool help_next(const char **at, struct help_line *ret);
