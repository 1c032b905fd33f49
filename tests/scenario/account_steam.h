/* account_steam: the Steam of account_play: makes the messages that a script's `feed` lines name, and tokens. */
#pragma once

#include "base/buf.h"

#include <stdint.h>

#define SOME_ID      76561197960287930u
#define SOME_SESSION (-77)
#define SOME_WALL    1700000000 /* the wall clock at 0 ms of a script */

/* One whole message into `to`, of the words of a line: see account_play.c. False: it knows no such words. */
bool account_steam_say(char *words, struct buf *to);

/* A refresh token that holds for so many days from SOME_WALL on, of a life of 200. */
void account_steam_token(const char *jti, unsigned days, struct buf *to);
