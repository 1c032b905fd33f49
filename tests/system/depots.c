#include "tests/system/depots.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_MS 50

static void make_folders(char *path, char *from)
{
	for (char *slash = strchr(from, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
}

void depots_file(const struct rig *r, const char *folder, const char *name, size_t n, unsigned seed)
{
	char path[DEPOTS_PATH];
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;

	snprintf(path, sizeof(path), "%s/%s/%s", r->dir, folder, name);
	make_folders(path, path + strlen(r->dir) + 1);
	FILE *f = fopen(path, "w");
	CHECK(f);
	for (size_t i = 0; i < n; i++) {
		if (i % 16 < 8)
			x = x * 6364136223846793005ull + 1442695040888963407ull;
		fputc(i % 16 < 8 ? (int)(x >> 56) : 'x', f);
	}
	CHECK(fclose(f) == 0);
}

void depots_text(const struct rig *r, const char *name, const char *text)
{
	char path[DEPOTS_PATH];

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* ---- asking for it ---- */

int depots_download(const struct rig *r, const char *members, char ret_id[static 64])
{
	static unsigned keys;
	char body[1200], header[80];

	snprintf(body, sizeof(body), "{%s%s,\"limits\":{\"stallSeconds\":60}}", members,
		strstr(members, "\"account\"") ? "" : ",\"account\":{\"mode\":\"anonymous\"}");
	snprintf(header, sizeof(header), "Idempotency-Key: depots-%u", ++keys);
	struct rig_answer a = rig_call(r, "POST", "/v1/downloads", header, body);
	if (a.status / 100 != 2)
		fprintf(stderr, "%d %s\n", a.status, a.text);
	int status = a.status;
	snprintf(ret_id, 64, "%s", json_str(a.body, "id"));
	rig_answer_done(&a);
	return status;
}

json_t *depots_look(const struct rig *r, const char *id)
{
	char path[100];

	snprintf(path, sizeof(path), "/v1/downloads/%s", id);
	return rig_expect(r, 200, "GET", path, NULL);
}

json_t *depots_await(const struct rig *r, const char *id, const char *state, unsigned s)
{
	for (unsigned tries = 0; tries < s * 1000 / LOOK_MS; tries++) {
		json_t *d = depots_look(r, id);
		const char *now = json_str(d, "state");
		if (!strcmp(now, state))
			return d;
		if (!strcmp(now, "failed") || !strcmp(now, "ready") || !strcmp(now, "canceled")) {
			char *text = json_dumps(d, JSON_INDENT(1));
			fprintf(stderr, "it is not %s:\n%s\n", state, text);
			CHECK_NEVER("the download ended otherwise");
		}
		json_decref(d);
		rig_sleep_ms(LOOK_MS);
	}
	CHECK_NEVER("the download does not end");
}

void depots_fails(const struct rig *r, const char *members, const char *code)
{
	char id[64];

	CHECK(depots_download(r, members, id) / 100 == 2);
	json_t *d = depots_await(r, id, "failed", 120);
	if (strcmp(json_str(d, "error.code"), code) != 0)
		fprintf(stderr, "%s\n", members);
	CHECK_STR(json_str(d, "error.code"), code);
	json_decref(d);
}

json_t *depots_ready(const struct rig *r, const char *members)
{
	char id[64];

	CHECK(depots_download(r, members, id) / 100 == 2);
	return depots_await(r, id, "ready", 120);
}

unsigned depots_asked(const struct rig *r, const char *request)
{
	char path[100];

	snprintf(path, sizeof(path), "requests.%s", request);
	json_t *l = rig_sim_get(r, "/sim/ledger");
	unsigned n = (unsigned)json_int(l, path);
	json_decref(l);
	return n;
}

/* ---- what it is ---- */

static bool same(const char *a, const char *b)
{
	static char x[65536], y[65536];
	FILE *f = fopen(a, "r"), *g = fopen(b, "r");
	bool good = f && g;

	if (!good)
		fprintf(stderr, "%s or %s is missing\n", a, b);
	while (good) {
		size_t n = fread(x, 1, sizeof(x), f), k = fread(y, 1, sizeof(y), g);
		good = n == k && memcmp(x, y, n) == 0;
		if (n == 0)
			break;
	}
	if (f)
		fclose(f);
	if (g)
		fclose(g);
	return good;
}

unsigned depots_compare(const char *want, const char *got)
{
	DIR *d = opendir(want);
	unsigned files = 0;

	if (!d)
		fprintf(stderr, "%s is missing\n", want);
	CHECK(d);
	for (const struct dirent *e; (e = readdir(d));) {
		char a[DEPOTS_PATH + 300], b[DEPOTS_PATH + 300];
		struct stat st;
		if (*e->d_name == '.')
			continue;
		snprintf(a, sizeof(a), "%s/%s", want, e->d_name);
		snprintf(b, sizeof(b), "%s/%s", got, e->d_name);
		CHECK(stat(a, &st) == 0);
		if (S_ISDIR(st.st_mode)) {
			files += depots_compare(a, b);
			continue;
		}
		CHECK(same(a, b));
		files++;
	}
	closedir(d);
	return files;
}

unsigned depots_count(const char *folder)
{
	DIR *d = opendir(folder);
	unsigned n = 0;

	CHECK(d);
	for (const struct dirent *e; (e = readdir(d));) {
		char path[DEPOTS_PATH + 300];
		struct stat st;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		CHECK(lstat(path, &st) == 0);
		n += S_ISDIR(st.st_mode) ? depots_count(path) : 1;
	}
	closedir(d);
	return n;
}

void depots_tree(const struct rig *r, const char *content_id, char ret[static DEPOTS_PATH])
{
	char home[200], path[DEPOTS_PATH], text[1000];

	snprintf(home, sizeof(home), "%s/agent-0/agent/content", r->dir);
	DIR *d = opendir(home);
	CHECK(d && *content_id);
	*ret = 0;
	for (const struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%.100s/about", home, e->d_name);
		FILE *f = fopen(path, "r");
		size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
		text[n] = 0;
		if (f)
			fclose(f);
		if (strstr(text, content_id))
			snprintf(ret, DEPOTS_PATH, "%s/%.100s/tree", home, e->d_name);
	}
	closedir(d);
	CHECK(*ret);
}

void depots_are(const struct rig *r, const json_t *download, const char *const *folders)
{
	char tree[DEPOTS_PATH], want[DEPOTS_PATH];
	unsigned files = 0;

	depots_tree(r, json_str(download, "contentId"), tree);
	for (; *folders; folders++) {
		snprintf(want, sizeof(want), "%s/%s", r->dir, *folders);
		files += depots_compare(want, tree);
	}
	if (depots_count(tree) != files)
		fprintf(stderr, "%u files are there, %u should be\n", depots_count(tree), files);
	CHECK(files > 0 && depots_count(tree) == files);
}
