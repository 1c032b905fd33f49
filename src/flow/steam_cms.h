/*
 * steam_cms: the connection managers that are known, and which of them failed lately. One pool serves all sessions of a loop
 * thread, so that what one session learned spares the others; it must outlive them.
 *
 * The list comes from the caller (wire/steam/cm_list), best first. A server that failed is passed over for STEAM_CMS_BAD_MS,
 * twice as long for each further failure in a row, at most STEAM_CMS_BAD_MAX_MS.
 *
 * A name may begin with "tcp://": such a server speaks over TCP (flow/steam_channel), the others over WebSocket. Which kinds are in the
 * list is the caller's choice.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEAM_CMS_MAX        1000
#define STEAM_CMS_NAME_MAX   256
#define STEAM_CMS_CHOICE     5 /* one of so many of the best is taken at random */
#define STEAM_CMS_BAD_MS     120000u
#define STEAM_CMS_BAD_MAX_MS 1920000u

struct steam_cms;
struct steam_dice;

struct steam_cms *steam_cms_new(void); /* empty; NULL without memory */
void steam_cms_free(struct steam_cms *c);
OWN_DEFINE(steam_cms)

#define STEAM_CMS_TCP "tcp://"

/* Whether this name of the list is one of TCP. What follows STEAM_CMS_TCP is its host and port. */
bool steam_cms_is_tcp(const char *name);

/* Replaces the list ("host:port" each, copied). What is known about servers that are in the new one too is kept. */
must_check enum rc steam_cms_set(struct steam_cms *c, const char *const *endpoints, size_t n, struct fault *f);
size_t steam_cms_count(const struct steam_cms *c);

/* One of the best that are not passed over now; when all are, the one whose time ends first. NULL when the list is empty.
 * Borrowed until steam_cms_set. */
const char *steam_cms_pick(const struct steam_cms *c, uint64_t now_ms, struct steam_dice *dice);

void steam_cms_failed(struct steam_cms *c, const char *endpoint, uint64_t now_ms);
void steam_cms_worked(struct steam_cms *c, const char *endpoint);
