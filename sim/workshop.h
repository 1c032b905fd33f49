/*
 * workshop: items of the Workshop. Lines of a world file:
 *
 *      workshop FILE                a JSON answer of IPublishedFileService/GetDetails or ISteamRemoteStorage/GetPublishedFileDetails
 *      workshop ID app=APP [manifest=GID] [url=URL] [filename=NAME] [title=TEXT] [size=BYTES] [children=ID,ID] [updated=SECONDS]
 *              [private|removed|public]
 *
 * A line about an item that is there changes the words that it has.
 *
 * One thread.
 */
#pragma once

#include "proto/steam/workshop.pb-c.h"
#include "sim/sim.h"

#define WORKSHOP_ITEMS_MAX 20000
#define WORKSHOP_FILE_MAX  (4u << 20)

struct workshop;

must_check enum rc workshop_line(struct sim *s, const char *folder, const char *line, struct fault *f);
void workshop_free(struct workshop *w);

/* NULL: there is none. */
PublishedFileDetails *workshop_item(const struct sim *s, uint64_t id);
/* The item whose content has this UGC handle and a URL. */
PublishedFileDetails *workshop_by_handle(const struct sim *s, uint64_t handle);
