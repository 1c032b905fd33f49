/*
 * publish_way: how what is published gets into the store: by links on a disk that both share, or over HTTP. Part of publish.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "io/blobs.h"
#include "wire/listing.h"

#define PUBLISH_WAY_LISTING "listing"
#define PUBLISH_WAY_PACKAGE "package"

#define PUBLISH_SHA1 20

struct action_task;
struct publish_conf;

struct publish_file {
	const char *path;    /* below `folder`, and in the content */
	uint64_t size;       /* RC_INVALID with another one on the disk */
	const uint8_t *sha1; /* of PUBLISH_SHA1 bytes, checked; NULL: not known */
	uint32_t mode;       /* 0644, or 0755 when it is to be run */
	const char *link; /* where a symbolic link leads; NULL: a file. Nothing need be in the folder for a link */
};

struct publish_done {
	char content_id[LISTING_HEX];
	uint64_t files, bytes;
	uint64_t package_bytes;           /* 0: no package */
	char package_sha256[LISTING_HEX]; /* "": no package */
};

struct publish_way {
	struct action_task *task;
	const struct publish_conf *conf; /* the task's */
	const _Atomic bool *stop;
	const char *folder, *kind, *package_format; /* as publish has them */
	char arrival[BLOBS_PATH_MAX]; /* folder of listing and package, and of links; "": none was made */
	int folder_fd;
};

/* task, conf, stop, folder, kind and package_format are filled in. */
must_check enum rc publish_way_begin(struct publish_way *w, struct fault *f);
/* The i-th file's bytes, as they will be published, to be read by the caller. */
must_check enum rc publish_way_take(
	struct publish_way *w, size_t i, const struct publish_file *file, int *ret_fd, struct fault *f);
/* They were read, and have this SHA-256. */
must_check enum rc publish_way_has(
	struct publish_way *w, size_t i, const struct publish_file *file, const char *sha256, struct fault *f);
/* Listing and package are written: all comes into its place, the sheet last. */
must_check enum rc publish_way_end(struct publish_way *w, const struct publish_done *done, struct fault *f);
void publish_way_drop(struct publish_way *w);
