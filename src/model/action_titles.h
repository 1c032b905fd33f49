/*
 * action_titles: the declaration of titles.poll, and its shapes: what stores say of titles, in one form for all of them. product.md 5.8.
 *
 * A source is one way to ask one store: "steam.pics", "steam.store_http", "steam.workshop", "epic.launcher", "epic.catalog_http",
 * "gog.content_system", "gog.product_http". A title's ref is the store's own id: "730", a published file id, "NAMESPACE:CATALOG_ITEM:APP",
 * a GOG product id.
 */
#pragma once

#include "model/action.h"

extern const struct action action_titles_poll;

#define ACTION_TITLES_MAX  5000 /* with metadataOnly; else ACTION_TITLES_FULL */
#define ACTION_TITLES_FULL 2000

struct action_titles {
	const char *source;
	struct field_list refs; /* of const char * */
	bool metadata_only;     /* change numbers and hashes alone, where the source has such */
};

struct action_title_branch {
	const char *name, *os;          /* "public", "" */
	const char *build_id, *version; /* version NULL: none is told */
	int64_t updated_ms;             /* 0: not told */
	bool locked;                    /* it wants a password */
};

struct action_title_depot {
	const char *depot, *branch, *manifest; /* as texts: 64 bits */
	uint64_t size, download_size;
	const char *os, *arch, *language; /* NULL: all */
	const char *from_app;             /* the app that has it (depotfromapp); NULL: this one */
	const char *dlc_app;              /* NULL: none */
};

/* What changes by itself: "common", "extended", "config", "depots", "price", "visibility", "store_page" … */
struct action_title_section {
	const char *name, *sha1; /* of the section as canonical JSON */
};

struct action_title {
	const char *ref;
	const char *status; /* "known" or "unknown" */
	const char *
		reason; /* unknown: missing, timeout, empty, missing_token, denied, license, login_required, rate_limited, parse. Else NULL */
	const char *access;                   /* public, token, denied; NULL: not told */
	uint32_t change_number;               /* 0: the source has none */
	const char *sha1;                     /* of the whole record; NULL: not told */
	const char *name, *kind, *visibility; /* NULL: not told */
	int64_t updated_ms;                   /* 0: not told */
	uint64_t size;                        /* of a workshop item */
	const char *manifest;                 /* of a workshop item; NULL */
	struct field_list branches;           /* of struct action_title_branch */
	struct field_list depots;             /* of struct action_title_depot */
	struct field_list sections;           /* of struct action_title_section */
	struct field_list children;           /* of const char *: refs of a collection's items */
};

/*
 * In the order asked for; every ref once. Progress (task_progress) is the same shape with those that were answered since the last one, so
 * that what is known early is used early: {"titles":[…],"calls":N}.
 */
struct action_titles_result {
	struct field_list titles; /* of struct action_title */
	uint32_t calls;           /* questions that were put to the store */
	bool alive;               /* some answer came, even if to nothing of it */
};
