/*
 * publish: a tree that was fetched goes into the control plane's store (io/blobs), as a content: its files by their SHA-256, its listing
 * (wire/listing), whose SHA-256 is the content's id, and a package when one was asked for. Each file is read once: hashed, checked and
 * packed on the way.
 *
 * An agent that shares the store's disk links its files into it (copies them, when the tree is on another disk); so a published tree is
 * never changed in place, but removed and made anew. Nothing counts before the content's sheet is there, which is written last:
 * what was killed half way leaves files that the store's cleaner takes away.
 *
 * On the task's worker.
 */
#pragma once

#include "agent/action_run.h"
#include "agent/content/publish_way.h"

#include <stdbool.h>

struct publish {
	struct action_task *task;
	const char *download_id;
	const char *folder;
	const char *kind; /* of the content: what it was the source of: "app", "workshop_item" … */
	const struct publish_file *files;
	size_t n;
	const char *package_format; /* "none" or NULL: none */
	uint32_t package_level;     /* 0: the format's own default */
	const _Atomic bool *stop;   /* set by another thread: RC_CANCELED. NULL: nobody does */
	/* Told now and then: bytes of the tree that were read, and of the package so far. NULL: nobody asks. */
	void (*told)(void *ctx, uint64_t read, uint64_t packed);
	void *ctx;
};

/* Makes it whole. RC_INVALID: a path is not allowed, or a file is not what it should be; RC_CANCELED: stop. */
must_check enum rc publish_tree(const struct publish *p, struct publish_done *ret, struct fault *f);
