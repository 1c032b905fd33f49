/*
 * publish_way: how what is published gets into the store: by links on a disk that both share, or over HTTP. Part of publish.
 */
#pragma once

#include "agent/content/publish.h"
#include "io/blobs.h"

#define PUBLISH_WAY_LISTING "listing"
#define PUBLISH_WAY_PACKAGE "package"

struct publish_way {
	const struct publish_conf *conf;
	const struct publish *p;
	char arrival[BLOBS_PATH_MAX]; /* folder of listing and package, and of links; "": none was made */
	int folder_fd;
};

must_check enum rc publish_way_begin(struct publish_way *w, const struct publish *p, struct fault *f);
/* The i-th file's bytes, as they will be published, to be read by the caller. */
must_check enum rc publish_way_take(
	struct publish_way *w, size_t i, const struct publish_file *file, int *ret_fd, struct fault *f);
/* They were read, and have this SHA-256. */
must_check enum rc publish_way_has(
	struct publish_way *w, size_t i, const struct publish_file *file, const char *sha256, struct fault *f);
/* Listing and package are written: all comes into its place, the sheet last. */
must_check enum rc publish_way_end(struct publish_way *w, const struct publish_done *done, struct fault *f);
void publish_way_drop(struct publish_way *w);
