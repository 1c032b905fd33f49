/*
 * reload: the configuration read again while the program runs. What can change without a restart is a named list; what cannot and
 * did is told in the log. A configuration that is wrong changes nothing.
 */
#pragma once

#include "main/conf.h"

struct control_conf;
struct log;
struct reload;
struct web_limits;
struct web_server;

/* What runs, and is changed. `server` and what stands before it may be NULL: an agent alone. All outlive it. */
struct reload_conf {
	int argc; /* the words that the program was started with, and that are read again */
	char **argv;
	const struct conf *conf; /* as it was read at the start */
	struct log *log;
	struct control_conf *control;
	struct web_limits *limits;
};

must_check enum rc reload_new(const struct reload_conf *conf, struct reload **ret_reload, struct fault *f);
void reload_free(struct reload *r);

/* Any one thread: reads files, and waits for the disk. False: nothing will change; why is in the log. */
bool reload_read(struct reload *r);
/* After a reload_read that succeeded, and before the next one; with a server on its loop's thread. */
void reload_apply(struct reload *r, struct web_server *server);

/* Copies what the web server is told. */
void reload_limits(const struct conf *c, struct web_limits *to);
/* The names of what can be changed, for the manual; ends in NULL. */
extern const char *const reload_keys[];
