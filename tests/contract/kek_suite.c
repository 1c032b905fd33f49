#include "tests/contract/kek_suite.h"
#include "tests/unit/check.h"

#include <string.h>

static struct kek *opened(const struct kek_rig *rig)
{
	struct kek *k = NULL;
	struct fault f = { 0 };
	if (rig->open(rig->ctx, &k, &f) != RC_OK) {
		fprintf(stderr, "%s\n", f.text);
		exit(1);
	}
	return k;
}

static int64_t add(const struct kek_rig *rig, struct kek *k)
{
	struct kek_health h = { 0 };
	struct fault f = { 0 };
	int64_t version = 0;

	if (rig->add) {
		CHECK(kek_add(k, &version, &f) == RC_INVALID && *f.text);
		rig->add(rig->ctx);
	} else {
		CHECK(kek_add(k, &version, &f) == RC_OK);
	}
	CHECK(kek_health(k, &h, &f) == RC_OK && h.newest >= h.oldest);
	CHECK(rig->add || h.newest == version);
	return h.newest;
}

static int64_t version_of(struct kek *k, const char *text)
{
	const char *rest = "";
	int64_t v = kek_version_of(text, k->impl->name, &rest);
	CHECK(v > 0 && *rest);
	return v;
}

static void opens(struct kek *k, const char *text, const struct hush *key)
{
	struct hush got = { 0 };
	struct fault f = { 0 };
	if (kek_unwrap(k, "place 1", text, &got, &f) != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(hush_same(&got, key->p, key->n));
	hush_done(&got);
}

/* Nothing but the whole text opens, and that in its own place. */
static void refuses(struct kek *k, const char *text)
{
	struct hush got = { 0 };
	struct fault f = { 0 };
	char changed[KEK_WRAPPED_MAX];
	size_t n = strlen(text);

	CHECK(kek_unwrap(k, "place 2", text, &got, &f) == RC_DENIED && !got.p && *f.text);
	for (size_t i = n - 24; i < n - 2; i++) {
		memcpy(changed, text, n + 1);
		changed[i] = changed[i] == 'a' ? 'b' : 'a';
		CHECK(kek_unwrap(k, "place 1", changed, &got, &f) != RC_OK && !got.p);
	}
	memcpy(changed, text, n + 1);
	changed[n - 4] = 0;
	CHECK(kek_unwrap(k, "place 1", changed, &got, &f) != RC_OK && !got.p);
	CHECK(kek_unwrap(k, "place 1", "other:1:00", &got, &f) == RC_CONFLICT && !got.p);
	CHECK(kek_unwrap(k, "place 1", "", &got, &f) == RC_CONFLICT && !got.p);
	snprintf(
		changed, sizeof(changed), "%s:999%s", k->impl->name, strchr(text + strlen(k->impl->name) + 1, ':'));
	CHECK(kek_unwrap(k, "place 1", changed, &got, &f) == RC_CONFLICT && *f.text);
}

void kek_suite(const struct kek_rig *rig)
{
	struct kek *k = opened(rig), *other = opened(rig);
	uint8_t bytes[KEK_KEY];
	struct hush key = { 0 }, longer = { 0 };
	struct buf one = { 0 }, again = { 0 }, two = { 0 };
	struct fault f = { 0 };

	for (uint8_t i = 0; i < KEK_KEY; i++)
		bytes[i] = (uint8_t)(i * 37 + 5);
	CHECK(hush_set(&key, bytes, sizeof(bytes)) == RC_OK && hush_set(&longer, "too short", 9) == RC_OK);
	CHECK(kek_wrap(k, "place 1", &key, &one, &f) == RC_OK && kek_wrap(k, "place 1", &key, &again, &f) == RC_OK);
	CHECK(one.n < KEK_WRAPPED_MAX && strcmp(buf_text(&one), buf_text(&again)) != 0);
	CHECK(!memmem(one.p, one.n, bytes, 8));
	opens(k, buf_text(&one), &key);
	refuses(k, buf_text(&one));
	CHECK(kek_wrap(k, "place 1", &longer, &two, &f) != RC_OK && two.n == 0);

	/* A new version wraps; what the old one wrapped opens, here and in a process that knew nothing of it. */
	int64_t was = version_of(k, buf_text(&one)), now = add(rig, k);
	CHECK(now > was);
	CHECK(kek_wrap(k, "place 1", &key, &two, &f) == RC_OK && version_of(k, buf_text(&two)) == now);
	opens(k, buf_text(&one), &key);
	opens(k, buf_text(&two), &key);
	opens(other, buf_text(&two), &key);
	kek_free(other);
	kek_free(k);
	k = opened(rig);
	opens(k, buf_text(&one), &key);
	opens(k, buf_text(&two), &key);
	kek_free(k);
	hush_done(&key);
	hush_done(&longer);
	buf_done(&one);
	buf_done(&again);
	buf_done(&two);
}
