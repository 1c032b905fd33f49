/*
 * safety: headers of answers that keep browsers from doing what nobody asked for (control-plane.md SE-15), and the pages of
 * other origins that may use the API (CORS, Fetch Standard): those of server.cors_origins, with a bearer token; never with a
 * cookie, for Access-Control-Allow-Credentials is not sent. Loop thread.
 */
#pragma once

#include "control/control.h"
#include "io/web.h"

#define SAFETY_HEADERS_MAX 12

/* Adds them behind the first *n of `to`, which has room for SAFETY_HEADERS_MAX more; they live as long as the request. */
void safety_headers(const struct control *c, const struct web_request *r, struct web_header *to, size_t *n);

/* Answers the question of a browser whether a page may ask (an OPTIONS request). False: it is none, or the page may not. */
must_check bool safety_preflight(const struct control *c, struct web_request *r);

/* Are these origins, as they stand in an Origin header, parted by commas? NULL is. */
must_check enum rc safety_check(const char *origins, struct fault *f);
