/* action_pics: the declarations of pics.* and workshop.details, and their shapes. product.md 5.5. */
#pragma once

#include "model/action.h"

extern const struct action action_pics_changes, action_pics_product_info, action_pics_workshop_details;

struct action_changes {
	uint32_t since;
};

struct action_change {
	uint32_t id, change_number;
	bool needs_token;
};

struct action_changes_result {
	uint32_t current, since;
	bool gap;                         /* Steam does not tell what changed since then: look at everything */
	struct field_list apps, packages; /* of struct action_change */
};

struct action_product_info {
	struct field_list apps, packages; /* of uint32_t */
	bool metadata_only;
};
#define ACTION_PRODUCTS_MAX 5000 /* ids of one task, apps and packages each */

struct action_product {
	uint32_t id, change_number, size;
	bool missing_token;
	const char *sha1; /* 40 hexadecimal characters */
	const char *name; /* NULL: not in the data */
	const char *data; /* JSON: Steam's tree of keys and values; NULL with metadata_only */
};

struct action_product_info_result {
	struct field_list apps, packages;                 /* of struct action_product */
	struct field_list unknown_apps, unknown_packages; /* of uint32_t */
};

struct action_workshop {
	struct field_list ids; /* of const char * */
};
#define ACTION_WORKSHOP_MAX 100

struct action_workshop_item {
	uint64_t id;
	const char *status; /* "ok", "not_found", "private", "error" */
	uint32_t eresult;   /* Steam's, of this item */
	uint32_t app;       /* whose workshop it is in */
	const char *title, *file_url, *filename;
	int64_t updated_ms;
	uint64_t size, manifest;    /* manifest 0: none, it is the one file of file_url */
	const char *visibility;     /* "public", "friends", "private", "unlisted" */
	struct field_list children; /* of const char *: ids of a collection's items */
};

struct action_workshop_result {
	struct field_list items; /* of struct action_workshop_item, in the order asked for */
};
