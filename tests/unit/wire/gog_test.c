/* GOG's formats: what the content system answers, its manifests and chunks. */
#include "tests/unit/wire/corpus.h"
#include "wire/gog_answers.h"
#include "wire/gog_chunk.h"
#include "wire/gog_manifest.h"
#include "wire/tunnel_auth.h"
#include "wire/zpack.h"

#define MD5A "0123456789abcdef0123456789abcdef"

static void paths(void)
{
	char path[GOG_PATH_MAX];

	CHECK(gog_manifest_path("e518c17d90805e8e3998a35fac8b8505", path));
	CHECK_STR(path, "e5/18/e518c17d90805e8e3998a35fac8b8505");
	CHECK(!gog_manifest_path("e5/18/e518c17d90805e8e3998a35fac8b8505", path));
	CHECK(!gog_manifest_path("../../../../etc/passwd0000000000", path));
	CHECK(!gog_manifest_path("E518C17D90805E8E3998A35FAC8B8505", path) && !gog_manifest_path(NULL, path));
}

static void repository(bool packed)
{
	static const char text[] =
		"{\"baseProductId\":\"1207658924\",\"buildId\":\"51\",\"installDirectory\":\"Game\",\"platform\":"
		"\"windows\","
		"\"version\":2,\"depots\":[{\"productId\":\"1207658924\",\"languages\":[\"*\"],\"manifest\":\"" MD5A
		"\",\"size\":10,\"compressedSize\":5},{\"productId\":\"1207658924\",\"languages\":[\"de-DE\"],"
		"\"osBitness\":[\"64\"],\"manifest\":\"" MD5A "\"}],\"offlineDepot\":{\"productId\":\"1207658924\","
		"\"languages\":[\"Neutral\"],\"manifest\":\"" MD5A "\"}}";
	struct arena a = { 0 };
	struct gog_repository r;
	struct buf in = { 0 };

	if (packed)
		CHECK(zpack_write(text, strlen(text), &in, NULL) == RC_OK);
	else
		buf_str(&in, text);
	CHECK(gog_manifest_repository(in.p, in.n, &a, &r, NULL) == RC_OK && r.depots_n == 3);
	CHECK_STR(r.product, "1207658924");
	CHECK_STR(r.folder, "Game");
	CHECK(gog_manifest_wanted(&r.depots[0], NULL, NULL) && gog_manifest_wanted(&r.depots[0], "pl-PL", "32"));
	CHECK(!gog_manifest_wanted(&r.depots[1], NULL, NULL) && gog_manifest_wanted(&r.depots[1], "de", "64"));
	CHECK(gog_manifest_wanted(&r.depots[1], "de-DE", NULL) &&
		!gog_manifest_wanted(&r.depots[1], "de-DE", "32"));
	CHECK(!gog_manifest_wanted(&r.depots[1], "de-AT", "64") && !gog_manifest_wanted(&r.depots[2], NULL, NULL));
	for (size_t i = 0; packed && i < in.n; i++)
		CHECK(gog_manifest_repository(in.p, i, &a, &r, NULL) != RC_OK);
	buf_done(&in);
	arena_done(&a);
	CHECK(gog_manifest_repository("{\"depots\":[]}", 13, &a, &r, NULL) == RC_MALFORMED);
	arena_done(&a);
}

static void depot(void)
{
	static const char text[] =
		"{\"version\":2,\"depot\":{\"items\":[{\"type\":\"DepotDirectory\",\"path\":\"Data\"},"
		"{\"type\":\"DepotFile\",\"path\":\"Data\\\\game.bin\",\"flags\":[\"executable\"],\"md5\":\"" MD5A
		"\",\"chunks\":[{\"md5\":\"" MD5A "\",\"compressedMd5\":\"" MD5A
		"\",\"size\":10,\"compressedSize\":7},{\"md5\":\"" MD5A "\",\"compressedMd5\":\"" MD5A
		"\",\"size\":4,\"compressedSize\":7}]},{\"type\":\"DepotLink\",\"path\":\"l\",\"target\":\"Data\"}]"
		"}}";
	static const char *const bad[] = { "{}", "[]", "{\"depot\":{\"items\":[{}]}}",
		"{\"depot\":{\"items\":[{\"type\":\"DepotFile\",\"path\":\"a\"}]}}",
		"{\"depot\":{\"items\":[{\"type\":\"DepotFile\",\"path\":\"a\",\"chunks\":[{\"md5\":\"" MD5A
		"\",\"compressedMd5\":\"x\",\"size\":1}]}]}}",
		"{\"depot\":{\"items\":[{\"type\":\"DepotFile\",\"path\":\"a\",\"chunks\":[{\"md5\":\"" MD5A
		"\",\"compressedMd5\":\"" MD5A "\",\"size\":99999999}]}]}}",
		"{\"depot\":{\"items\":[{\"type\":\"DepotLink\",\"path\":\"a\"}]}}" };
	struct arena a = { 0 };
	struct gog_depot_content d;

	CHECK(gog_manifest_depot(text, strlen(text), &a, &d, NULL) == RC_OK && d.items_n == 3);
	CHECK(d.items[0].kind == GOG_FOLDER && d.items[2].kind == GOG_LINK && d.size == 14 && d.packed == 14);
	CHECK(d.items[1].executable && d.items[1].chunks_n == 2 && d.items[1].size == 14 && d.items[1].has_md5);
	CHECK_STR(d.items[1].path, "Data\\game.bin");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(gog_manifest_depot(bad[i], strlen(bad[i]), &a, &d, NULL) != RC_OK);
	arena_done(&a);
}

static void chunks(void)
{
	struct buf text = { 0 }, box = { 0 }, plain = { 0 };
	struct gog_chunk c;

	for (int i = 0; i < 4000; i++)
		buf_fmt(&text, "piece %d;", i * i);
	CHECK(gog_chunk_pack(&c, text.p, text.n, &box, NULL) == RC_OK && c.packed == box.n && c.size == text.n);
	CHECK(gog_chunk_open(&c, box.p, box.n, &plain, NULL) == RC_OK && corpus_same(&plain, text.p, text.n));
	for (size_t i = 0; i < box.n; i += 11) {
		box.p[i] ^= 8;
		CHECK(gog_chunk_open(&c, box.p, box.n, &plain, NULL) == RC_MALFORMED && plain.n == text.n);
		box.p[i] ^= 8;
	}
	c.md5[0] ^= 1; /* a stream that is what its name says, and holds something else */
	CHECK(gog_chunk_open(&c, box.p, box.n, &plain, NULL) == RC_MALFORMED && plain.n == text.n);
	c.md5[0] ^= 1;
	c.size--;
	CHECK(gog_chunk_open(&c, box.p, box.n, &plain, NULL) == RC_MALFORMED && plain.n == text.n);
	c.size = GOG_CHUNK_MAX + 1;
	CHECK(gog_chunk_open(&c, box.p, box.n, &plain, NULL) == RC_TOO_LARGE);
	uint8_t want[16], got[16];
	CHECK(tunnel_auth_of_hex("900150983cd24fb0d6963f7d28e17f72", want, 16) && gog_chunk_md5("abc", 3, got));
	CHECK(!memcmp(want, got, 16)); /* RFC 1321 */
	buf_done(&text);
	buf_done(&box);
	buf_done(&plain);
}

/* A stream that unfolds to very much. */
static void bomb(void)
{
	struct buf zeros = { 0 }, box = { 0 }, out = { 0 };

	memset(buf_room(&zeros, 8 << 20), 0, 8 << 20);
	zeros.n = 8 << 20;
	CHECK(zpack_write(zeros.p, zeros.n, &box, NULL) == RC_OK && zpack_is(box.p, box.n));
	CHECK(zpack_open(box.p, box.n, 0, 1 << 20, &out, NULL) == RC_TOO_LARGE && out.n == 0 && out.room < 4 << 20);
	CHECK(zpack_open(box.p, box.n, 0, 8 << 20, &out, NULL) == RC_OK && out.n == 8 << 20);
	CHECK(zpack_open(box.p, box.n, (8 << 20) - 1, 8 << 20, &out, NULL) == RC_MALFORMED);
	CHECK(zpack_open(box.p, box.n, 9 << 20, 8 << 20, &out, NULL) == RC_TOO_LARGE);
	buf_done(&zeros);
	buf_done(&box);
	buf_done(&out);
}

static void builds(void)
{
	static const char text[] =
		"{\"total_count\":3,\"items\":[{\"build_id\":\"3\",\"product_id\":\"9\",\"os\":\"windows\","
		"\"branch\":\"beta\","
		"\"version_name\":\"1.2b\",\"date_published\":\"2024-03-01T00:00:00+0000\",\"generation\":2,"
		"\"link\":\"https://x/3\"},{\"build_id\":\"1\",\"branch\":null,\"version_name\":\"1.0\","
		"\"date_published\":\"2024-01-01T01:00:00+0100\",\"link\":\"https://x/"
		"1\"},{\"build_id\":\"2\",\"branch\":null,"
		"\"date_published\":\"2024-02-01T00:00:00+0000\",\"link\":\"https://x/2\"}]}";
	struct arena a = { 0 };
	struct field_list list;

	CHECK(gog_answers_builds(text, strlen(text), &a, &list, NULL) == RC_OK && list.n == 3);
	CHECK_STR(gog_answers_newest(&list, NULL)->id, "2");
	CHECK_STR(gog_answers_newest(&list, "beta")->id, "3");
	CHECK(gog_answers_newest(&list, "other") == NULL);
	CHECK(((struct gog_build *)list.at)[1].published_ms == 1704067200000);
	CHECK(gog_answers_builds("{\"error\":1}", 11, &a, &list, NULL) == RC_MALFORMED);
	arena_done(&a);
}

static void links(void)
{
	static const char text[] = "{\"product_id\":9,\"urls\":[{\"endpoint_name\":\"edgecast\",\"url_format\":"
				   "\"{base_url}/token={token}{path}\",\"parameters\":{\"base_url\":\"https://"
				   "cdn\",\"path\":\"/content\","
				   "\"token\":\"abc\"}},{\"endpoint_name\":\"broken\",\"url_format\":\"{nothing}/"
				   "{path}\",\"parameters\":{"
				   "\"path\":\"/p\"}}]}";
	struct arena a = { 0 };
	struct gog_links l;
	struct buf url = { 0 };

	CHECK(gog_answers_links(text, strlen(text), &a, &l, NULL) == RC_OK && l.n == 2);
	CHECK(gog_answers_url(&l.at[0], "ab/cd/abcd", &url));
	CHECK_STR(buf_text(&url), "https://cdn/token=abc/content/ab/cd/abcd");
	size_t n = url.n;
	CHECK(!gog_answers_url(&l.at[1], "ab/cd/abcd", &url) && url.n == n);
	CHECK(gog_answers_links("{\"urls\":[]}", 11, &a, &l, NULL) == RC_MISSING);
	buf_done(&url);
	arena_done(&a);
}

static void product(void)
{
	static const char text[] =
		"{\"id\":9,\"title\":\"Game\",\"game_type\":\"game\",\"slug\":\"game\",\"is_secret\":false,"
		"\"content_system_compatibility\":{\"windows\":true,\"osx\":false,\"linux\":false},\"changelog\":"
		"null,"
		"\"downloads\":{\"installers\":[{\"id\":\"installer_windows_en\",\"os\":\"windows\",\"language\":"
		"\"en\","
		"\"version\":\"1.0\",\"total_size\":5,\"files\":[{\"id\":\"en1installer0\",\"size\":5,\"downlink\":"
		"\"https://x\"}]}]}}";
	struct arena a = { 0 };
	struct gog_product p, other;
	struct buf changed = { 0 };

	CHECK(gog_answers_product(text, strlen(text), &a, &p, NULL) == RC_OK && p.installers_n == 1);
	CHECK_STR(p.id, "9");
	CHECK_STR(p.installers[0].parts[0].link, "https://x");
	CHECK(p.on_windows && !p.on_linux && !p.secret);
	buf_str(&changed, text);
	char *version = strstr((char *)(uintptr_t)buf_text(&changed), "\"1.0\"");
	version[1] = '2';
	CHECK(gog_answers_product((char *)changed.p, changed.n, &a, &other, NULL) == RC_OK);
	CHECK_STR(other.store_sha1, p.store_sha1);
	CHECK(strcmp(other.downloads_sha1, p.downloads_sha1) != 0);
	CHECK(gog_answers_product("{\"message\":\"no\"}", 16, &a, &p, NULL) == RC_MALFORMED);
	buf_done(&changed);
	arena_done(&a);
}

static void sums(void)
{
	static const char text[] =
		"<file name=\"setup.exe\" available=\"1\" notavailablemsg=\"\" md5=\"" MD5A
		"\" chunks=\"2\" timestamp=\"2015-07-30 17:11:12\" total_size=\"15\">\n <chunk id=\"0\" from=\"0\" "
		"to=\"9\" "
		"method=\"md5\">" MD5A "</chunk>\n <chunk id=\"1\" from=\"10\" to=\"14\" method=\"md5\">" MD5A
		"</chunk>\n</file>";
	struct arena a = { 0 };
	struct gog_sums s;
	struct buf in = { 0 };

	CHECK(gog_answers_sums(text, strlen(text), &a, &s, NULL) == RC_OK && s.ranges_n == 2 && s.size == 15);
	CHECK_STR(s.name, "setup.exe");
	CHECK(s.ranges[1].from == 10 && s.ranges[1].n == 5);
	for (size_t i = 0; i < strlen(text) - strlen("</chunk>\n</file>"); i++)
		CHECK(gog_answers_sums(text, i, &a, &s, NULL) != RC_OK);
	buf_str(&in, text);
	strstr((char *)(uintptr_t)buf_text(&in), "from=\"10")[7] = '1'; /* a hole */
	CHECK(gog_answers_sums((char *)in.p, in.n, &a, &s, NULL) == RC_MALFORMED);
	CHECK(gog_answers_sums("", 0, &a, &s, NULL) == RC_MALFORMED);
	buf_done(&in);
	arena_done(&a);
}

int main(void)
{
	paths();
	repository(false);
	repository(true);
	depot();
	chunks();
	bomb();
	builds();
	links();
	product();
	sums();
	return 0;
}
