/*
 * titles_facts: what an app's record (appinfo, see pics) says that anybody waits for: branches with their builds, depots with their
 * manifests, and a digest of each section, so that a change can be placed.
 *
 *      branches/NAME                buildid, timeupdated, pwdrequired
 *      ID/manifests/NAME            a text (the manifest), or gid, size, download
 *      ID/config                    oslist, osarch, language; ID: dlcappid, depotfromapp
 *
 * A digest is the SHA-1 of the section as JSON without blanks and with members sorted by name: two records that differ in order
 * alone have the same. Encrypted manifests, of branches with a password, are left out: their ids say nothing. Pure.
 * Source: steam-protocol facts, section 3.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct vdf;

#define TITLES_FACTS_BRANCHES_MAX 2000
#define TITLES_FACTS_DEPOTS_MAX   20000 /* manifests of all depots */
#define TITLES_FACTS_SECTIONS_MAX 64

struct titles_facts_branch {
	const char *name, *build_id; /* build_id "": none is told */
	int64_t updated_ms;          /* 0: not told */
	bool locked;                 /* it wants a password */
};

struct titles_facts_depot {
	const char *depot;
	const char *branch, *manifest;                         /* "": the depot has none of its own; see from_app */
	uint64_t size, download;                               /* 0: not told */
	const char *os, *arch, *language, *dlc_app, *from_app; /* NULL: not told */
	bool shared;                                           /* installed beside, once for all apps */
};

struct titles_facts_section {
	const char *name;
	char sha1[41];
};

struct titles_facts {
	const char *name, *kind, *state; /* kind in lower case; state: "released", …; NULL: not told */
	int64_t updated_ms;              /* of the branch "public"; 0: not told */
	struct titles_facts_branch *branches;
	struct titles_facts_depot *depots;
	struct titles_facts_section *sections;
	size_t branches_n, depots_n, sections_n;
};

/* Of the record's document, as pics_parse gives it. All that *ret points to lives in `a`, texts of the document itself too. RC_TOO_LARGE
 * past the limits above, RC_MALFORMED when it is no record of an app. */
must_check enum rc titles_facts_read(
	const struct vdf *doc, struct arena *a, struct titles_facts *ret, struct fault *f);
