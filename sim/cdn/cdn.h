/*
 * cdn: the content servers of this Steam: depots, their manifests and chunks, and who may have them. Lines of a world file:
 *
 *      depot ID app=APP manifest=GID key=HEX|auto dir=FOLDER|generate=FILES,BYTES,SEED|large=FILES,MIB,SEED
 *              [kind=vz|vsz|zip] [branch=B] [package=ID[,ID]] [time=SECONDS] [clear] [token]
 *
 * A line is one manifest; a depot may have many (their `key`, `app`, `package` and `token` are those of its first line). `dir` is
 * a folder whose files are the content, `generate` makes files (text, their sizes about BYTES in all). `large` keeps none of its bytes:
 * a chunk is made each time it is asked for (cdn_large); its files are MIB mebibytes in all. `kind` is the chunks' container. Without `package` everybody may have the depot, anonymous users too; with it, only who owns one of these packages.
 * `clear`: names in the manifest are not encrypted. `token`: the content servers want a CDN token.
 *
 *      depotfile ID app=APP manifest=GID key=HEX file=MANIFEST [chunk=FILE …] [package=…] [branch=B] [token]
 *
 * serves bytes as they are: a manifest that is not zipped yet, and encrypted chunks; a chunk's id is found by decrypting it.
 *
 * One thread. Moments are seconds of the sim's time. Source: steam-protocol facts, section 4.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "sim/cdn/cdn_limits.h"

#include <stdbool.h>
#include <stdint.h>

struct cdn;
struct person;

must_check enum rc cdn_sim_new(struct cdn **ret, struct fault *f);
void cdn_sim_free(struct cdn *c);

/* One line of a world file, its first word included; relative paths begin in `folder` ("" or ending in '/'). RC_MISSING: not one
 * of these lines. */
must_check enum rc cdn_line(struct cdn *c, const char *line, const char *folder, struct fault *f);

/* An answer over HTTP. `body` is borrowed until the next call. */
struct cdn_answer {
	int status;       /* 200, 401, 403, 404 */
	const char *type; /* content type */
	const void *body;
	size_t n;
	bool again; /* a chunk that was asked for before */
};

/* Answers GET. `path` begins with '/'; `query` is what follows its '?', or "". False: not a path of content servers. */
bool cdn_http(struct cdn *c, const char *path, const char *query, int64_t now_s, struct cdn_answer *ret);

/* What a client asks for. `who` NULL: anonymous. */
struct cdn_ask {
	const struct person *who;
	uint32_t app, depot;
	uint64_t manifest;
	const char *branch;        /* NULL and "": public */
	const char *password_hash; /* of a branch; looked at by nobody here yet: the caller checks it. NULL */
	const char *host;
	int64_t now_s;
};

/* All give an EResult: 1; 9: no such depot; 15: not theirs. */
int32_t cdn_depot_key(const struct cdn *c, const struct cdn_ask *ask, uint8_t ret_key[static CDN_KEY]);
/* 0 in *ret_code and EResult 1 when this branch has no such manifest, as Steam answers. */
int32_t cdn_request_code(const struct cdn *c, const struct cdn_ask *ask, uint64_t *ret_code);
/* A text that begins with '?', to be added to a URL of this depot. */
int32_t cdn_auth_token(
	const struct cdn *c, const struct cdn_ask *ask, struct buf *ret_token, uint32_t *ret_expires);

/* The content servers: `hosts` are "127.0.0.1:8080" of plain HTTP servers that call cdn_http. As the text VDF that the Web API
 * gives, and as the body of ContentServerDirectory.GetServersForSteamPipe's answer. Both append. */
void cdn_servers_vdf(const char *const *hosts, size_t n, uint32_t cell, struct buf *to);
void cdn_servers(const char *const *hosts, size_t n, uint32_t cell, struct buf *to);
