/*
 * artifact_links: an artifact's package, or one of its files, for whoever has the link: no credential is asked for. The link's token is an HMAC of
 * its id under a key of the installation (control_secrets.links), so it is stored nowhere; a link ends with its time, its uses, its
 * artifact, or when it is deleted.
 *
 * A use is an answer from the beginning. Who asks for pieces (Range) from the same address as a use that was counted goes on with that
 * use, for at most ARTIFACT_LINKS_TIMES the size in all: so a download that broke off goes on, and nobody has the whole again and again.
 */
#pragma once

#include "control/http/route.h"

#define ARTIFACT_LINKS_SECONDS_MAX 86400
#define ARTIFACT_LINKS_USES_MAX    1000000
#define ARTIFACT_LINKS_MAX         1000 /* of one artifact */
#define ARTIFACT_LINKS_TIMES       4

extern const struct route artifact_links_routes[];
