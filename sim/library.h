/*
 * library: what packages hold, what is free, and what hides behind a branch's password. Lines of a world file:
 *
 *      free APP package=ID                    the app can be had for nothing; it comes with this package
 *      beta APP BRANCH password=P [depots=FILE]   a branch with a password. FILE: text VDF, its root "depots"; without it the
 *                                             app's own depots are told
 *
 * A package whose billing type is 12 gives its apps for nothing too. One thread.
 */
#pragma once

#include "sim/sim.h"

#define LIBRARY_FREE_MAX  2000
#define LIBRARY_BETAS_MAX 500
#define LIBRARY_BETA_KEY  32

struct library;

struct beta {
	uint32_t app;
	char branch[64], password[64];
	uint8_t key[LIBRARY_BETA_KEY];
	struct buf depots; /* text VDF; empty: the app's own */
};

must_check enum rc library_line(struct sim *s, const char *folder, const char *line, struct fault *f);
void library_free(struct library *l);

/* The apps of a package. Valid until the world ends. */
const uint32_t *library_apps(struct sim *s, uint32_t package, size_t *ret_n);
bool library_owns_app(struct sim *s, const struct person *p, uint32_t app);
/* The package that an app is given away with; false: it is not free. */
bool library_free_package(struct sim *s, uint32_t app, uint32_t *ret_package);
/* The name of an app in its product info; "" when it has none. Valid until the arena ends. */
const char *library_app_name(struct sim *s, uint32_t app, struct arena *a);

/* The branch of that app with this password or this name; NULL: none. */
const struct beta *library_beta(struct sim *s, uint32_t app, const char *password, const char *branch);
