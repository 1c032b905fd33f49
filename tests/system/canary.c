#include "tests/system/canary.h"
#include "base/buf.h"
#include "tests/unit/check.h"
#include "wire/base64.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATTERNS_MAX 16384
#define BUCKETS      65536
#define WINDOW       8 /* bytes that are looked up at each place */
#define WHAT_MAX     48
#define PATTERN_MAX  512

static struct pattern {
	struct pattern *next; /* of its bucket */
	char *text;
	size_t n;
	char what[WHAT_MAX];
	bool told; /* once is enough */
} patterns[PATTERNS_MAX], *buckets[BUCKETS];
static size_t patterns_n, secrets_n;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Files that hold secrets because a test, or the rig, put them there for a program to read, or that are meant to. */
static const char *const canary_files[] = { "world", "admin.key", "token", "password", "secret", "pin", "maFile",
	".csv", NULL };

static size_t bucket_of(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return (size_t)(v * 0x9e3779b97f4a7c15u >> 48);
}

/* Under the lock. */
static bool add_pattern(const char *what, const char *form, const char *p, size_t n)
{
	if (n < WINDOW || n > PATTERN_MAX)
		return false;
	size_t b = bucket_of(p);
	for (const struct pattern *x = buckets[b]; x; x = x->next)
		if (x->n == n && !memcmp(x->text, p, n))
			return false;
	if (patterns_n == PATTERNS_MAX)
		return false;
	struct pattern *x = &patterns[patterns_n++];
	*x = (struct pattern){ .next = buckets[b], .text = strndup(p, n), .n = n };
	snprintf(x->what, sizeof(x->what), "%s%s", what, form);
	buckets[b] = x;
	return true;
}

void canary_add(const char *what, const char *secret)
{
	size_t n = strlen(secret);
	struct buf b64 = { 0 }, hex = { 0 };

	if (n < CANARY_MIN)
		return;
	base64_put(&b64, secret, n / 3 * 3); /* the rest would depend on what follows */
	for (size_t i = 0; i < n; i++)
		buf_fmt(&hex, "%02x", (unsigned char)secret[i]);
	pthread_mutex_lock(&lock);
	if (add_pattern(what, "", secret, n)) {
		secrets_n++;
		add_pattern(what, " in base64", (const char *)b64.p, b64.n);
		add_pattern(what, " in hexadecimal", (const char *)hex.p, hex.n);
	}
	pthread_mutex_unlock(&lock);
	buf_done(&b64);
	buf_done(&hex);
}

void canary_add_world(const char *world)
{
	static const char *const names[] = { "password=", "shared=", "identity=" };
	char value[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (const char *p = strstr(world, names[i]); p; p = strstr(p + 1, names[i])) {
			const char *v = p + strlen(names[i]);
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(v, " \t\n"), v);
			canary_add(names[i], value);
		}
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(name, *names) != 0)
		names++;
	return *names != NULL;
}

static void add_members(const json_t *j, const char *const *names)
{
	const char *name;
	json_t *v;
	size_t i;

	json_array_foreach(j, i, v) add_members(v, names);
	json_object_foreach((json_t *)(uintptr_t)j, name, v)
	{
		if (json_is_string(v) && is_one_of(name, names))
			canary_add(name, json_string_value(v));
		else
			add_members(v, names);
	}
}

void canary_add_asked(const char *method, const char *path, const char *body)
{
	static const char *const names[] = { "password", "newPassword", "currentPassword", "clientSecret",
		"bindPassword", NULL };
	static const char *const value[] = { "value", NULL };
	bool secret = !strcmp(method, "PUT") && (strstr(path, "/secrets/") || strstr(path, "/secret"));
	json_t *j = body ? json_loads(body, 0, NULL) : NULL;

	add_members(j, names);
	if (secret)
		add_members(j, value);
	json_decref(j);
}

void canary_add_answered(const char *body)
{
	static const char *const names[] = { "key", "token", "secret", "accessToken", "refreshToken", NULL };
	json_t *j = body && *body == '{' ? json_loads(body, 0, NULL) : NULL;

	if (j && (strstr(body, "\"fp_") || strstr(body, "\"whsec_") || strstr(body, "\"accessToken\"")))
		add_members(j, names);
	json_decref(j);
}

size_t canary_count(void) { return secrets_n; }

unsigned canary_look(const char *where, const void *bytes, size_t n)
{
	const char *p = bytes;
	unsigned found = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i + WINDOW <= n; i++)
		for (struct pattern *x = buckets[bucket_of(p + i)]; x; x = x->next)
			if (x->n <= n - i && p[i] == *x->text && !memcmp(p + i, x->text, x->n)) {
				if (!x->told)
					fprintf(stderr, "%s holds a secret in the clear: %s (at %zu)\n", where,
						x->what, i);
				x->told = true;
				found++;
			}
	pthread_mutex_unlock(&lock);
	return found;
}

static unsigned look_file(const char *path, off_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p = fd < 0 || size == 0 ? MAP_FAILED : mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	unsigned found = p == MAP_FAILED ? 0 : canary_look(path, p, (size_t)size);

	if (p != MAP_FAILED)
		munmap(p, (size_t)size);
	if (fd >= 0)
		close(fd);
	return found;
}

static bool is_left_out(const char *name)
{
	for (size_t i = 0; canary_files[i]; i++)
		if (strstr(name, canary_files[i]))
			return true;
	return !strncmp(name, "sim", 3);
}

unsigned canary_look_folder(const char *path)
{
	char below[512];
	unsigned found = 0;
	struct stat st;
	DIR *d = opendir(path);

	for (struct dirent *e; d && (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || is_left_out(e->d_name))
			continue;
		snprintf(below, sizeof(below), "%.250s/%.250s", path, e->d_name);
		if (lstat(below, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			found += canary_look_folder(below);
		else if (S_ISREG(st.st_mode))
			found += look_file(below, st.st_size);
	}
	if (d)
		closedir(d);
	return found;
}

unsigned canary_look_process(pid_t pid)
{
	static const char *const files[] = { "cmdline", "environ" };
	char path[64], bytes[65536];
	unsigned found = 0;

	for (size_t i = 0; pid > 0 && i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes));
		if (n > 0)
			found += canary_look(path, bytes, (size_t)n);
		if (fd >= 0)
			close(fd);
	}
	return found;
}
