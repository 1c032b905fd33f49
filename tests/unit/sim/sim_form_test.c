/* Forms: what is in a query, in an urlencoded body and in a multipart one. */
#include "base/buf.h"
#include "sim/web/ask_form.h"
#include "tests/unit/check.h"

static struct ask_pairs read_url(struct arena *a, const char *text)
{
	struct ask_pairs p = { 0 };
	CHECK(ask_form_urlencoded(a, &p, text, strlen(text)));
	return p;
}

static void urlencoded(void)
{
	struct arena a = { 0 };
	struct ask_pairs p = read_url(&a, "a=1&b=%7C%7c+x&&c&d=&cid%5B%5D=7&cid%5B%5D=8&e=100%&f=%4");

	CHECK(p.n == 8);
	CHECK_STR(p.at[0].name, "a");
	CHECK_STR(p.at[1].value, "|| x");
	CHECK_STR(p.at[2].value, "");
	CHECK_STR(p.at[4].name, "cid[]");
	CHECK_STR(p.at[5].value, "8");
	CHECK_STR(p.at[6].value, "100%");
	CHECK_STR(p.at[7].value, "%4");
	p = read_url(&a, "n=a%00b");
	CHECK(p.at[0].n == 3 && !memcmp(p.at[0].value, "a\0b", 4));
	arena_done(&a);
}

static void too_many(void)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct ask_pairs p = { 0 };

	for (int i = 0; i < ASK_FORM_PAIRS_MAX; i++)
		buf_str(&b, "a=1&");
	CHECK(ask_form_urlencoded(&a, &p, (const char *)b.p, b.n));
	p = (struct ask_pairs){ 0 };
	buf_str(&b, "a=1");
	CHECK(!ask_form_urlencoded(&a, &p, (const char *)b.p, b.n));
	buf_done(&b);
	arena_done(&a);
}

static bool body(struct arena *a, struct ask_pairs *p, const char *type, const char *text)
{
	*p = (struct ask_pairs){ 0 };
	return ask_form_body(a, p, type, text, strlen(text));
}

static void multipart(void)
{
	static const char type[] = "multipart/form-data; boundary=-x1";
	static const char good[] = "---x1\r\nContent-Disposition: form-data; name=\"nonce\"\r\n\r\neyA.b\r\n"
				   "---x1\r\nContent-Disposition: form-data; filename=\"f\"; "
				   "name=\"e\"\r\nContent-Type: text/plain\r\n\r\n"
				   "\r\n---x1--\r\n";
	static const char *const bad[] = { "", "---x1", "---x1\r\n", "---x1\r\nname=\"a\"\r\n\r\nx",
		"---x1\r\n name=\"a\"\r\n\r\nx\r\n---x1",
		"---x1\r\nContent-Disposition: form-data\r\n\r\nx\r\n---x1--",
		"---x2\r\n name=\"a\"\r\n\r\nx\r\n---x2--", "---x1\r\n name=\"a\r\n\r\nx\r\n---x1--" };
	struct arena a = { 0 };
	struct ask_pairs p;

	CHECK(body(&a, &p, type, good) && p.n == 2);
	CHECK_STR(p.at[0].name, "nonce");
	CHECK_STR(p.at[0].value, "eyA.b");
	CHECK_STR(p.at[1].name, "e");
	CHECK(p.at[1].n == 0);
	CHECK(body(&a, &p, "multipart/form-data; boundary=\"-x1\"", good) && p.n == 2);
	for (size_t i = 1; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!body(&a, &p, type, bad[i]));
	CHECK(!body(&a, &p, "multipart/form-data", good));
	CHECK(body(&a, &p, "application/json", good) && p.n == 0);
	CHECK(body(&a, &p, "application/x-www-form-urlencoded; charset=utf-8", "a=b") && p.n == 1);
	arena_done(&a);
}

int main(void)
{
	urlencoded();
	too_many();
	multipart();
	puts("sim_form: ok");
	return 0;
}
