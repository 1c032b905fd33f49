/* The directory's real answer, and answers that are none. */
#include "wire/steam/cm_list.h"

#include "tests/unit/wire/corpus.h"

static void real_answer(void)
{
	struct buf in = corpus_read("tests/corpus/cm_list/GetCMListForConnect.vdf");
	struct arena a = { 0 };
	struct cm_list l;
	struct fault f = { 0 };
	unsigned websockets = 0;

	CHECK(cm_list_parse(in.p, in.n, &a, &l, &f) == RC_OK);
	for (size_t i = 0; i < l.n; i++) {
		websockets += l.at[i].type == CM_WEBSOCKETS;
		CHECK(i == 0 || l.at[i - 1].wtd_load <= l.at[i].wtd_load);
	}
	CHECK(l.n == 80 && websockets == 74);
	CHECK_STR(l.at[0].endpoint, "ext1-ord1.steamserver.net:27024");
	buf_done(&in);
	arena_done(&a);
}

static enum rc answer(const char *s, struct cm_list *ret, struct arena *a, struct fault *f)
{
	return cm_list_parse(s, strlen(s), a, ret, f);
}

#define ENTRY(endpoint, type, realm) \
	"x { endpoint \"" endpoint "\" type " type " realm " realm " wtd_load 3.5 load 7 }"
#define LIST(entries) "response { serverlist { " entries " } success 1 }"

static void entries(void)
{
	struct arena a = { 0 };
	struct cm_list l;
	struct fault f = { 0 };

	CHECK(answer(LIST(ENTRY("a.b-c:443", "websockets", "steamglobal")
				     ENTRY("d:27017", "netfilter", "steamglobal")),
		      &l, &a, &f) == RC_OK);
	CHECK(l.n == 2 && l.at[0].type == CM_WEBSOCKETS && l.at[1].type == CM_NETFILTER);
	CHECK(l.at[0].load == 7 && l.at[0].wtd_load > 3.4 && l.at[0].wtd_load < 3.6);
	CHECK(answer(LIST(ENTRY("a:1", "websockets", "steamchina") ENTRY("a:1", "pigeon", "steamglobal")), &l, &a,
		      &f) == RC_OK);
	CHECK(l.n == 0);

	static const char *const bad[] = { LIST(ENTRY("a", "websockets", "steamglobal")),
		LIST(ENTRY("a:0", "websockets", "steamglobal")),
		LIST(ENTRY("a:65536", "websockets", "steamglobal")),
		LIST(ENTRY("a:1/x", "websockets", "steamglobal")),
		LIST(ENTRY("a@b:1", "websockets", "steamglobal")), LIST(ENTRY(":1", "websockets", "steamglobal")),
		"response { success 1 }", "other { }", "}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(answer(bad[i], &l, &a, &f) == RC_MALFORMED);
	CHECK(answer("response { success 0 message nope }", &l, &a, &f) == RC_REFUSED);
	CHECK_STR(f.text, "the CM directory refused: nope");
	arena_done(&a);
}

static void too_many(void)
{
	struct buf b = { 0 };
	struct arena a = { 0 };
	struct cm_list l;
	struct fault f = { 0 };

	buf_str(&b, "response { serverlist { ");
	for (int i = 0; i < CM_LIST_MAX + 1; i++)
		buf_str(&b, ENTRY("a:1", "websockets", "steamglobal"));
	buf_str(&b, " } }");
	CHECK(cm_list_parse(b.p, b.n, &a, &l, &f) == RC_TOO_LARGE);
	buf_done(&b);
	arena_done(&a);
}

int main(void)
{
	real_answer();
	entries();
	too_many();
	return 0;
}
