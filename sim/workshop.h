/*
 * workshop: items of the Workshop. Lines of a world file:
 *
 *      workshop FILE                a JSON answer of IPublishedFileService/GetDetails or ISteamRemoteStorage/GetPublishedFileDetails
 *      workshop ID app=APP [manifest=GID] [url=URL] [filename=NAME] [title=TEXT] [size=BYTES] [children=ID,ID] [updated=SECONDS]
 *              [file=FILE] [unranged] [private|removed|public]
 *
 * A line about an item that is there changes the words that it has. `file`: the item is that one file, which the content servers have at
 * a URL of its own, as those of older games do; `unranged`: they give it whole, whatever range is asked for.
 *
 * One thread.
 */
#pragma once

#include "proto/steam/workshop.pb-c.h"
#include "sim/sim.h"

#define WORKSHOP_ITEMS_MAX 20000
#define WORKSHOP_FILE_MAX  (4u << 20)
#define WORKSHOP_UGC_MAX   100         /* items that have a file here */
#define WORKSHOP_UGC_BYTES (64u << 20) /* of one */

struct workshop;

/* The one file of an item. */
struct workshop_ugc {
	uint64_t id;
	struct buf body;
	bool unranged;
};

must_check enum rc workshop_line(struct sim *s, const char *folder, const char *line, struct fault *f);
void workshop_free(struct workshop *w);

/* What stands at the path of a content server; NULL: nothing. */
const struct workshop_ugc *workshop_ugc(const struct sim *s, const char *path);

/* NULL: there is none. */
PublishedFileDetails *workshop_item(const struct sim *s, uint64_t id);
/* The item whose content has this UGC handle and a URL. */
PublishedFileDetails *workshop_by_handle(const struct sim *s, uint64_t handle);
