/*
 * publish_bring: brings blobs to a control plane over HTTP, by a ticket that it asks for over the tunnel: first what the store has not, in
 * pieces, each answered before the next leaves; then the end. What breaks off goes on where it was, also in a later attempt. Part of publish.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PUBLISH_BRING_PIECE (512u << 10)
#define PUBLISH_BRING_ASK   500 /* blobs of one question */
#define PUBLISH_BRING_TRIES 12  /* of one request, with pauses from half a second to eight */

struct action_task;
struct publish_bring;

must_check enum rc publish_bring_new(
	struct action_task *t, const _Atomic bool *stop, struct publish_bring **ret, struct fault *f);
void publish_bring_free(struct publish_bring *b); /* takes NULL */
OWN_DEFINE(publish_bring)

/* One that is to be there at the end; its bytes are opened when it is missing. Asked about with others. */
struct publish_bring_blob {
	const char *sha256;
	uint64_t size;
	int folder_fd; /* AT_FDCWD: path is whole */
	const char *path;
};
must_check enum rc publish_bring_add(
	struct publish_bring *b, const struct publish_bring_blob *blob, struct fault *f);

struct publish_bring_end {
	const char *content_id, *kind, *format, *package_sha256; /* NULL: no package */
	uint64_t package_bytes;
};
/* All that was added is there after it. */
must_check enum rc publish_bring_end(struct publish_bring *b, const struct publish_bring_end *end, struct fault *f);
