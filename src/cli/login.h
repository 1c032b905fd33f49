/*
 * login: who the command line is logged in as. `footplate login` keeps a session's tokens in a file of its own beside the profiles
 * ($XDG_CONFIG_HOME/footplate/profiles/NAME.session, "default" without --profile; mode 0600) together with the server they are for. A
* command that has no key uses them, for that server (which is also the one it asks when nobody names one) and no other, and refreshes them when they are about to end: under a lock, so
 * that of commands that run at the same time one does it, and the others take what it got.
 */
#pragma once

#include "cli/cmd.h"

#define LOGIN_FILE_MAX 65536

struct json_t;

/* When no key was given, and there is a log-on for this server: its access token becomes c->key. Without one nothing happens. */
enum cli_exit login_use(struct cmd *c);

/* Keeps what the server answered to a log-on. */
enum cli_exit login_keep(struct cmd *c, const struct json_t *answer);

/* Forgets it. */
enum cli_exit login_forget(struct cmd *c);

/* Is there one, for whatever server? */
bool login_is(struct cmd *c);
