/* web_head: how a request to Steam's web goes out for an account: its cookies and its way. Any thread. */
#pragma once

#include "agent/sessions.h"
#include "base/buf.h"
#include "io/http_call.h"

/* Appends the value of the header Cookie. `unlocked`: the cookie of a parental PIN that was accepted, empty or NULL: none. */
void web_head_cookies(const struct sessions_web *w, const struct hush *unlocked, struct buf *to);
/* Fills in proxy and address, which are borrowed from *w. */
void web_head_way(const struct sessions_web *w, struct http_ask *ask);
