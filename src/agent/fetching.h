/* fetching: what all downloads of an agent share, made and freed with it. */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

struct cdn;
struct fetch_env;
struct log;
struct pace;
struct publish_conf;
struct steam_content;

struct fetching {
	struct steam_content *content;
	struct cdn *cdn;
	struct pace *pace;
	struct fetch_env *env;
	struct publish_conf *publish;
};

struct fetching_conf {
	const struct log *log;
	const char *ca_file, *http_proxy; /* for Steam; borrowed */
	const char *cache_dir, *data_dir;
	/* For agent/content/publish; borrowed. artifacts_dir NULL: the store is elsewhere. */
	const char *artifacts_dir, *server_url, *server_ca_file;
	uint32_t cache_mib, cache_percent, node_mbit;
};

/* On failure what was made is in *ret: fetching_done. */
must_check enum rc fetching_init(const struct fetching_conf *conf, struct fetching *ret, struct fault *f);
void fetching_done(struct fetching *x);
