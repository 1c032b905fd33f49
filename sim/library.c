#include "sim/library.h"

#include "io/file.h"
#include "wire/steam/vdf_text.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BILLING_FREE_ON_DEMAND 12
#define DEPOTS_MAX             (1u << 20)

struct library {
	struct {
		uint32_t app, package;
	} free[LIBRARY_FREE_MAX];
	size_t free_n;
	struct beta betas[LIBRARY_BETAS_MAX];
	size_t betas_n;
};

void library_free(struct library *l)
{
	for (size_t i = 0; l && i < l->betas_n; i++)
		buf_done(&l->betas[i].depots);
	free(l);
}

/* ---- lines ---- */

static bool number(const char *s, uint32_t *ret)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);
	*ret = (uint32_t)v;
	return *s >= '0' && *s <= '9' && !*end && v <= UINT32_MAX;
}

static enum rc free_line(struct library *l, char *rest, struct fault *f)
{
	char *app = strtok_r(NULL, " \t", &rest), *package = strtok_r(NULL, " \t", &rest);
	if (l->free_n == LIBRARY_FREE_MAX || !app || !package || strncmp(package, "package=", 8) != 0 ||
		!number(app, &l->free[l->free_n].app) || !number(package + 8, &l->free[l->free_n].package))
		return fault_set(f, RC_INVALID, "free: write APP package=ID, at most %d times", LIBRARY_FREE_MAX);
	l->free_n++;
	return RC_OK;
}

static enum rc beta_line(struct library *l, const char *folder, char *rest, struct fault *f)
{
	char *app = strtok_r(NULL, " \t", &rest), *branch = strtok_r(NULL, " \t", &rest);
	char *password = strtok_r(NULL, " \t", &rest), *file = strtok_r(NULL, " \t", &rest), path[1024];
	struct beta b = { 0 };

	if (l->betas_n == LIBRARY_BETAS_MAX || !app || !number(app, &b.app) || !branch || !password ||
		strncmp(password, "password=", 9) != 0 || strlen(branch) >= sizeof(b.branch) ||
		strlen(password + 9) >= sizeof(b.password))
		return fault_set(f, RC_INVALID, "beta: write APP BRANCH password=P [depots=FILE]");
	snprintf(b.branch, sizeof(b.branch), "%s", branch);
	snprintf(b.password, sizeof(b.password), "%s", password + 9);
	snprintf(path, sizeof(path), "%s key %u %s", b.password, b.app, b.branch);
	SHA256((const unsigned char *)path, strlen(path), b.key);
	if (file && !strncmp(file, "depots=", 7)) {
		snprintf(path, sizeof(path), "%s%s", folder, file + 7);
		enum rc rc = file_read(path, DEPOTS_MAX, &b.depots, f);
		if (rc != RC_OK)
			return rc;
	}
	l->betas[l->betas_n++] = b;
	return RC_OK;
}

enum rc library_line(struct sim *s, const char *folder, const char *line, struct fault *f)
{
	auto_free char *text = strdup(line);
	char *rest = NULL, *word = text ? strtok_r(text, " \t", &rest) : NULL;

	if (!word || (strcmp(word, "free") != 0 && strcmp(word, "beta") != 0))
		return RC_MISSING;
	if (!s->library)
		s->library = calloc(1, sizeof(*s->library));
	if (!s->library)
		return fault_set(f, RC_NOMEM, "no memory for the library");
	return *word == 'f' ? free_line(s->library, rest, f) : beta_line(s->library, folder, rest, f);
}

/* ---- packages ---- */

static void learn(struct product *p)
{
	struct arena a = { 0 };
	struct vdf *doc;
	uint64_t v = 0;

	p->apps_known = true;
	if (world_ready(p, NULL) == RC_OK &&
		pics_parse(p->kind, p->buffer.p, p->buffer.n, &a, &doc, NULL) == RC_OK) {
		const struct vdf *root = doc->first, *apps = vdf_get(root, "appids");
		p->billing = vdf_number_at(root, "billingtype", &v) ? (uint32_t)v : 0;
		p->apps = apps && apps->children ? calloc(apps->children, sizeof(*p->apps)) : NULL;
		for (const struct vdf *c = p->apps ? apps->first : NULL; c; c = c->next)
			if (c->kind == VDF_I32)
				p->apps[p->apps_n++] = (uint32_t)c->i32;
	}
	arena_done(&a);
}

const uint32_t *library_apps(struct sim *s, uint32_t package, size_t *ret_n)
{
	struct product *p = world_find(&s->world, PICS_PACKAGE, package);
	if (p && !p->apps_known)
		learn(p);
	*ret_n = p ? p->apps_n : 0;
	return p ? p->apps : NULL;
}

static bool holds(struct sim *s, uint32_t package, uint32_t app)
{
	size_t n;
	const uint32_t *apps = library_apps(s, package, &n);
	for (size_t i = 0; i < n; i++)
		if (apps[i] == app)
			return true;
	return false;
}

bool library_owns_app(struct sim *s, const struct person *p, uint32_t app)
{
	for (size_t i = 0; i < p->licences_n; i++)
		if (holds(s, p->licences[i].package, app))
			return true;
	for (size_t i = 0; s->library && i < s->library->free_n; i++)
		if (s->library->free[i].app == app && people_owns(p, s->library->free[i].package))
			return true;
	return false;
}

bool library_free_package(struct sim *s, uint32_t app, uint32_t *ret_package)
{
	for (size_t i = 0; s->library && i < s->library->free_n; i++)
		if (s->library->free[i].app == app) {
			*ret_package = s->library->free[i].package;
			return true;
		}
	for (size_t i = 0; i < s->world.n; i++) {
		const struct product *p = &s->world.at[i];
		if (p->kind != PICS_PACKAGE || !holds(s, p->id, app) || p->billing != BILLING_FREE_ON_DEMAND)
			continue;
		*ret_package = p->id;
		return true;
	}
	return false;
}

const char *library_app_name(struct sim *s, uint32_t app, struct arena *a)
{
	struct product *p = world_find(&s->world, PICS_APP, app);
	struct vdf *doc;
	const char *name = NULL;

	if (p && world_ready(p, NULL) == RC_OK &&
		pics_parse(p->kind, p->buffer.p, p->buffer.n, a, &doc, NULL) == RC_OK)
		name = vdf_text_at(doc, "appinfo/common/name");
	return name ? name : "";
}

const struct beta *library_beta(struct sim *s, uint32_t app, const char *password, const char *branch)
{
	for (size_t i = 0; s->library && i < s->library->betas_n; i++) {
		const struct beta *b = &s->library->betas[i];
		if (b->app == app && (!password || !strcmp(b->password, password)) &&
			(!branch || !strcmp(b->branch, branch)))
			return b;
	}
	return NULL;
}
