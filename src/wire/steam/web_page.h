/*
 * web_page: what can be read from any answer of Steam's sites: whether the session was lost, the code in an error's text, numbers in
 * a page's script. And the encoding of what is sent. Pure. Source: steam-protocol facts 6.1, 6.3.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Does the answer say that nobody is logged on? `location` of a redirect, NULL: none. `body` ends in NUL. */
bool web_page_is_lost(int status, const char *location, const char *body);
/* A page that a parental PIN locks. */
bool web_page_is_locked(const char *body);

/* "There was an error … (26)": 26. 0: it has none. */
int32_t web_page_code(const char *error);
/* The strError of a JSON answer, in the arena; NULL: it has none. */
const char *web_page_error(const char *body, size_t n, struct arena *a);
/* The words in <div id="error_msg">, without tags, at most 200 bytes; NULL: none. */
const char *web_page_message(const char *body, struct arena *a);
/* `g_daysMyEscrow = 3;`: 3. False: the page has no such number. */
bool web_page_number(const char *body, const char *name, uint32_t *ret);
/* The value of an HTML attribute, entities undone, in the arena; NULL: none. At most 64 KiB. */
const char *web_page_attribute(const char *body, const char *name, struct arena *a);

/* Appends as application/x-www-form-urlencoded has it (also good in a query). */
void web_page_encode(struct buf *to, const char *text);
/* The partner's account id and the token of a trade URL; the token is at most 16 characters. False: it is none. */
bool web_page_trade_url(const char *url, uint32_t *ret_account, char ret_token[static 17]);
