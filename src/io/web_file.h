/*
 * web_file: an answer whose body is a piece of a file. It is never in memory as a whole: a worker has the next megabytes read into the page
 * cache while the ones before leave from there (sendfile; with TLS in small pieces). So the loop waits for no disk, and a slow client
 * holds nothing but its place in the file. Loop thread.
 */
#pragma once

#include "io/web.h"

struct web_file {
	int fd; /* taken over */
	uint64_t from, n;
	void *ctx;
	/* All was sent, or the client is gone, or the file had fewer bytes: so many went out. NULL: nobody asks. */
	void (*over)(void *ctx, uint64_t sent);
};

/* Answers and frees the request. To a HEAD, only the head. The file must not change. */
void web_file(
	struct web_request *r, int status, const struct web_header *headers, const struct web_file *take_file);
