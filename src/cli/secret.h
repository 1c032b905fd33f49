/*
 * secret: verbs that send a secret. It comes from a file that only its owner may read, from an open file descriptor, from the
 * standard input, or from a prompt when that is a terminal; never from an argument. It is wiped when it was sent.
 */
#pragma once

#include "cli/cmd.h"

#define SECRET_MAX 4096

/* The options of every verb that sends one. */
#define SECRET_OPTIONS                                                                                          \
	{ .row = { .name = "secret-file",                                                                       \
		  .type = FIELD_STR,                                                                            \
		  .min = 1,                                                                                     \
		  .doc = "File to read it from; only its owner may read it (mode 0600). Default: the standard " \
			 "input, or a prompt." },                                                               \
		.value = "FILE" },                                                                              \
	{                                                                                                       \
		.row = { .name = "secret-fd",                                                                   \
			.type = FIELD_U32,                                                                      \
			.max = 1 << 20,                                                                         \
			.doc = "Open file descriptor to read it from." },                                       \
		.value = "N"                                                                                    \
	}

/* The secret of a verb with these options, without the line end behind it; a prompt is the verb's. *ret is wiped by the caller,
 * all its room. */
enum cli_exit secret_read(struct cmd *c, struct buf *ret);

/* Another one: from the descriptor that this option names, else from a prompt. */
enum cli_exit secret_ask(struct cmd *c, const char *option, const char *prompt, struct buf *ret);

/* The generic verb with a secret as one more member of the body: `secret` of its row, asked for with `prompt`. */
enum cli_exit secret_run(struct cmd *c);

/*
 * The secret that one of these two options names: a file that only its owner may read, or an open descriptor. *ret_given: none does. *ret is wiped
 * by the caller, all its room.
 */
enum cli_exit secret_option(struct cmd *c, const char *file, const char *fd, struct buf *ret, bool *ret_given);

/* The password of a locked branch: options of the verbs that fetch. */
#define SECRET_BRANCH_FILE "branch-password-file"
#define SECRET_BRANCH_FD   "branch-password-fd"
#define SECRET_BRANCH_OPTIONS                                                                                    \
	{ .row = { .name = SECRET_BRANCH_FILE,                                                                   \
		  .type = FIELD_STR,                                                                             \
		  .min = 1,                                                                                      \
		  .doc = "File with the password of a locked branch; only its owner may read it (mode 0600)." }, \
		.value = "FILE" },                                                                               \
	{                                                                                                        \
		.row = { .name = SECRET_BRANCH_FD,                                                               \
			.type = FIELD_U32,                                                                       \
			.max = 1 << 20,                                                                          \
			.doc = "Open file descriptor to read that password from." },                             \
		.value = "N"                                                                                     \
	}

/*
 * The generic verb, and a secret as one more member of its body when one of these two options names where it stands: a file that only its
 * owner may read, or an open descriptor.
 */
enum cli_exit secret_run_with(struct cmd *c, const char *member, const char *file, const char *fd);
