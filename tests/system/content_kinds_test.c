/*
 * Each kind of content that Steam has, by a real agent from a simulated Steam: an app's depots as they are chosen (system, width, language,
 * DLC, those of another app), branches with a password, items of the Workshop that are one file at a URL, collections and what needs what.
 * What comes is what they were made of, byte by byte; what cannot be had says why.
 */
#include "tests/system/depots.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#define APP  "\"source\":{\"kind\":\"app\",\"appId\":700"
#define ROOM 16384

static struct rig r;

/* ---- the world ---- */

static const char shared_vdf[] = "\"appinfo\"\n{\n\"appid\" \"750\"\n\"depots\"\n{\n\"705\" { \"manifests\" { "
				 "\"public\" { \"gid\" \"9005\" } } }\n"
				 "\"branches\" { \"public\" { \"buildid\" \"1\" } }\n}\n}\n";
static const char dlc_vdf[] = "\"appinfo\"\n{\n\"appid\" \"761\"\n\"depots\"\n{\n"
			      "\"7611\" { \"manifests\" { \"public\" { \"gid\" \"9061\" } } }\n"
			      "\"7612\" { \"config\" { \"oslist\" \"windows\" } \"manifests\" { \"public\" { "
			      "\"gid\" \"9062\" } } }\n}\n}\n";
static const char workshop_vdf[] =
	"\"appinfo\"\n{\n\"appid\" \"770\"\n\"depots\"\n{\n\"workshopdepot\" \"771\"\n}\n}\n";
/* What Steam tells of the branch "secret" to those who know its password. */
static const char secret_vdf[] =
	"\"depots\"\n{\n\"701\" { \"config\" { \"oslist\" \"linux\" } \"manifests\" { \"secret\" { \"gid\" "
	"\"9021\" } } }\n}\n";

/* As older branches hide the number of a manifest: by the key that Steam gives for the password. */
static void hide(const char *password, uint64_t gid, char ret[static 33])
{
	uint8_t key[SHA256_DIGEST_LENGTH], plain[8], box[32];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	char said[100];
	int n = 0, more = 0, said_n = snprintf(said, sizeof(said), "%s key 700 old", password);

	SHA256((const uint8_t *)said, (size_t)said_n, key);
	for (int i = 0; i < 8; i++)
		plain[i] = (uint8_t)(gid >> 8 * i);
	CHECK(EVP_EncryptInit_ex(c, EVP_aes_256_ecb(), NULL, key, NULL) == 1 &&
		EVP_EncryptUpdate(c, box, &n, plain, 8) == 1 && EVP_EncryptFinal_ex(c, box + n, &more) == 1 &&
		n + more == 16);
	EVP_CIPHER_CTX_free(c);
	for (size_t i = 0; i < 16; i++)
		snprintf(ret + 2 * i, 3, "%02x", box[i]);
}

static void write_app(void)
{
	char text[4096], hidden[33];

	hide("long-gone-words", 9031, hidden);
	snprintf(text, sizeof(text),
		"\"appinfo\"\n{\n\"appid\" \"700\"\n\"extended\" { \"listofdlc\" \"760,761,762\" }\n\"depots\"\n{\n"
		"\"hasdepotsindlc\" \"1\"\n"
		"\"701\" { \"config\" { \"oslist\" \"linux\" } \"manifests\" { \"public\" { \"gid\" \"9001\" } }\n"
		"	\"encryptedmanifests\" { \"old\" { \"gid\" \"%s\" } } }\n"
		"\"702\" { \"config\" { \"oslist\" \"windows,macos\" } \"manifests\" { \"public\" \"9002\" } }\n"
		"\"703\" { \"config\" { \"language\" \"german\" } \"manifests\" { \"public\" \"9003\" } }\n"
		"\"704\" { \"config\" { \"language\" \"english\" } \"manifests\" { \"public\" \"9004\" } }\n"
		"\"705\" { \"depotfromapp\" \"750\" \"sharedinstall\" \"1\" }\n"
		"\"706\" { \"dlcappid\" \"760\" \"manifests\" { \"public\" \"9006\" } }\n"
		"\"707\" { \"config\" { \"osarch\" \"32\" } \"manifests\" { \"public\" \"9007\" } }\n"
		"\"708\" { \"config\" { \"osarch\" \"64\" } \"manifests\" { \"public\" \"9008\" } }\n"
		"\"branches\" { \"public\" { \"buildid\" \"1\" } \"secret\" { \"buildid\" \"3\" \"pwdrequired\" "
		"\"1\" }\n"
		"	\"old\" { \"buildid\" \"2\" \"pwdrequired\" \"1\" } }\n}\n}\n",
		hidden);
	depots_text(&r, "700.vdf", text);
	depots_text(&r, "750.vdf", shared_vdf);
	depots_text(&r, "761.vdf", dlc_vdf);
	depots_text(&r, "770.vdf", workshop_vdf);
	depots_text(&r, "secret.vdf", secret_vdf);
}

static void write_content(void)
{
	static const struct {
		const char *folder, *name;
		size_t n;
	} files[] = { { "linux", "bin/tool", 1300000 }, { "windows", "tool.exe", 90000 },
		{ "german", "text/de", 1000 }, { "english", "text/en", 1000 },
		{ "shared", "lib/runtime.so", 100000 }, { "dlc", "dlc.pak", 1000 },
		{ "dlc_apart", "apart.pak", 2000 }, { "dlc_win", "apart.exe", 2000 }, { "narrow", "lib32", 500 },
		{ "wide", "lib64", 600 }, { "secret", "hidden", 2000 }, { "old", "older", 3000 },
		{ "item1", "map.bsp", 200000 }, { "item2", "skin.vpk", 150000 }, { "item3", "base.vpk", 1200000 },
		{ "ugc", "map.bsp", 2500000 }, { "ugc_cut", "cut.bsp", 2600000 },
		{ "ugc_whole", "whole.bsp", 2700000 } };

	for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++)
		depots_file(&r, files[i].folder, files[i].name, files[i].n, i);
}

static const char lines[] =
	"app 700 700.vdf\napp 750 750.vdf\napp 761 761.vdf\napp 770 770.vdf\n"
	"account owner password=owner-words packages=88001\n"
	"beta 700 secret password=open-sesame depots=secret.vdf\n"
	"beta 700 old password=long-gone-words\n"
	"depot 701 app=700 manifest=9001 key=auto dir=linux kind=vsz\n"
	"depot 701 app=700 manifest=9021 key=auto dir=secret kind=vsz branch=secret\n"
	"depot 701 app=700 manifest=9031 key=auto dir=old kind=vsz branch=old\n"
	"depot 702 app=700 manifest=9002 key=auto dir=windows kind=vz\n"
	"depot 703 app=700 manifest=9003 key=auto dir=german kind=zip\n"
	"depot 704 app=700 manifest=9004 key=auto dir=english kind=zip\n"
	"depot 705 app=750 manifest=9005 key=auto dir=shared kind=vz\n"
	"depot 706 app=700 manifest=9006 key=auto dir=dlc package=88001\n"
	"depot 707 app=700 manifest=9007 key=auto dir=narrow\n"
	"depot 708 app=700 manifest=9008 key=auto dir=wide token\n"
	"depot 7611 app=761 manifest=9061 key=auto dir=dlc_apart package=88001\n"
	"depot 7612 app=761 manifest=9062 key=auto dir=dlc_win package=88001\n"
	"depot 771 app=770 manifest=9071 key=auto dir=item1 kind=vsz\n"
	"depot 771 app=770 manifest=9072 key=auto dir=item2 kind=vsz\n"
	"depot 780 app=780 manifest=9073 key=auto dir=item3 kind=vsz\n"
	/* one file at a URL: whole, cut short, from a server that knows no ranges, shorter than told */
	"workshop 5101 app=770 file=ugc/map.bsp filename=mymaps/map.bsp size=2500000 title=Map\n"
	"workshop 5102 app=770 file=ugc_cut/cut.bsp filename=cut.bsp size=2600000\n"
	"workshop 5103 app=770 file=ugc_whole/whole.bsp unranged filename=whole.bsp size=2700000\n"
	"workshop 5104 app=770 file=ugc/map.bsp filename=map.bsp size=2500001\n"
	/* a collection; 5203 needs 5206, and that 5203 */
	"workshop 5201 app=770 title=All children=5202,5203,5204,5205,5101\n"
	"workshop 5202 app=770 manifest=9071 size=200000\n"
	"workshop 5203 app=770 manifest=9072 size=150000 children=5206\n"
	"workshop 5204 app=770 private\n"
	"workshop 5206 app=780 manifest=9073 size=1200000 children=5203\n"
	"workshop 5207 app=770 children=5204,5205\n";

/* A chain of collections that is too deep, and one of too many items. */
static void write_collections(struct buf *to)
{
	for (unsigned i = 0; i < 40; i++)
		buf_fmt(to, "workshop %u app=770 children=%u\n", 5300 + i, 5301 + i);
	buf_str(to, "workshop 5400 app=770 children=5401,5402,5403,5404,5405,5406\n");
	for (unsigned i = 1; i <= 6; i++) {
		buf_fmt(to, "workshop %u app=770 children=", 5400 + i);
		for (unsigned k = 0; k < 90; k++)
			buf_fmt(to, "%s%u", k ? "," : "", 600000 + i * 100 + k);
		buf_str(to, "\n");
	}
}

/* ---- cases ---- */

#define IS(members, ...)                                    \
	do {                                                \
		json_t *d_ = depots_ready(&r, members);     \
		depots_are(&r, d_, DEPOTS_OF(__VA_ARGS__)); \
		json_decref(d_);                            \
	} while (0)

static void apps(void)
{
	IS(APP "}", "linux", "english", "wide", "shared");
	IS(APP ",\"os\":\"windows\",\"arch\":\"32\",\"lang\":\"german\"}", "windows", "german", "narrow", "shared");
	IS(APP ",\"os\":\"macos\",\"lang\":\"french\"}", "windows", "wide", "shared");
	/* Whom no DLC belongs to, nobody's session, gets none of them; to name one without owning it is refused. */
	IS(APP ",\"allDlc\":true}", "linux", "english", "wide", "shared");
	depots_fails(&r, "\"source\":{\"kind\":\"depot\",\"appId\":700,\"depots\":[{\"id\":706}]}", "no_license");
	depots_fails(&r, "\"source\":{\"kind\":\"depot\",\"appId\":700,\"depots\":[{\"id\":709}]}", "not_found");
}

static void make_owner(char ret_id[static 64])
{
	char path[128];
	json_t *a = rig_expect(&r, 201, "POST", "/v1/accounts", "{\"login\":\"owner\"}");

	snprintf(ret_id, 64, "%s", json_str(a, "id"));
	json_decref(a);
	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", ret_id);
	json_decref(rig_expect(&r, 204, "PUT", path, "{\"value\":\"owner-words\"}"));
	snprintf(path, sizeof(path), "/v1/accounts/%s/desired-state", ret_id);
	json_decref(rig_expect(&r, 200, "PUT", path, "{\"mode\":\"online\"}"));
}

static void dlc(const char *owner)
{
	char members[300];

	snprintf(members, sizeof(members), APP ",\"allDlc\":true},\"account\":{\"mode\":\"id\",\"id\":\"%s\"}",
		owner);
	IS(members, "linux", "english", "wide", "shared", "dlc", "dlc_apart");
	snprintf(members, sizeof(members), APP "},\"account\":{\"mode\":\"id\",\"id\":\"%s\"}", owner);
	IS(members, "linux", "english", "wide", "shared");
}

static void private_branches(void)
{
	char id[64];

	IS(APP ",\"branch\":\"secret\"},\"branchPassword\":\"open-sesame\"", "secret");
	IS(APP ",\"branch\":\"old\"},\"branchPassword\":\"long-gone-words\"", "old", "english", "wide", "shared");
	depots_fails(&r, APP ",\"branch\":\"secret\"},\"branchPassword\":\"long-gone-words\"", "access_denied");
	depots_fails(&r, APP ",\"branch\":\"secret\"},\"branchPassword\":\"guess\"", "access_denied");
	/* Without its password there is no public build in a locked branch's name. */
	depots_fails(&r, APP ",\"branch\":\"secret\"}", "access_denied");
	depots_fails(&r, APP ",\"branch\":\"old\"}", "access_denied");
	CHECK(depots_download(&r, APP "},\"branchPassword\":\"open-sesame\"", id) == 422);
}

#define ITEM(id)       "\"source\":{\"kind\":\"workshop_item\",\"id\":\"" id "\"}"
#define COLLECTION(id) "\"source\":{\"kind\":\"workshop_collection\",\"id\":\"" id "\""

/* Two whose first answer is cut half way: what is missing comes in the next round, which begins after some seconds. */
static void begin_cut(char cut[static 64], char whole[static 64])
{
	rig_sim_say(&r, "/sim/faults", "cdn_file@1-2:cdn_truncate");
	CHECK(depots_download(&r, ITEM("5102"), cut) / 100 == 2);
	CHECK(depots_download(&r, ITEM("5103"), whole) / 100 == 2);
	for (unsigned i = 0; depots_asked(&r, "cdn_file") < 2; i++) {
		CHECK(i < 600);
		rig_sleep_ms(50);
	}
}

static void end_cut(const char *cut, const char *whole)
{
	json_t *d = depots_await(&r, cut, "ready", 60);
	depots_are(&r, d, DEPOTS_OF("ugc_cut"));
	json_decref(d);
	d = depots_await(&r, whole, "ready", 60);
	depots_are(&r, d, DEPOTS_OF("ugc_whole"));
	json_decref(d);
	/* Of the one, two chunks came alone; of the other, whose server knows no ranges, all once more. 5101 came for two collections. */
	unsigned asked = depots_asked(&r, "cdn_file");
	printf("files at URLs were asked for %u times\n", asked);
	CHECK(asked == 1 + 2 + 1 + 2 + 2);
	rig_sim_clear(&r);
}

static void files_at_urls(void)
{
	char line[300];

	IS(ITEM("5101"), "ugc");
	depots_fails(&r, ITEM("5104"), "integrity");
	snprintf(line, sizeof(line), "workshop 5105 app=770 url=%s/ugc/1/file filename=gone.bsp size=100\n",
		r.sim_url);
	rig_sim_say(&r, "/sim/lines", line);
	depots_fails(&r, ITEM("5105"), "not_found");
}

/* Each item has a folder. */
static void has_items(const char *members, const char *const *items)
{
	json_t *d = depots_ready(&r, members);
	char tree[DEPOTS_PATH], want[DEPOTS_PATH], got[DEPOTS_PATH + 20];
	unsigned files = 0;

	depots_tree(&r, json_str(d, "contentId"), tree);
	for (; *items; items += 2, files++) {
		snprintf(want, sizeof(want), "%s/%s", r.dir, items[1]);
		snprintf(got, sizeof(got), "%s/%s", tree, items[0]);
		CHECK(depots_compare(want, got) == 1);
	}
	CHECK(depots_count(tree) == files);
	json_decref(d);
}

static void collections(void)
{
	has_items(COLLECTION("5201") "}", DEPOTS_OF("5202", "item1", "5203", "item2", "5101", "ugc"));
	has_items(COLLECTION("5201") ",\"includeDependencies\":true}",
		DEPOTS_OF("5202", "item1", "5203", "item2", "5101", "ugc", "5206", "item3"));
	has_items("\"source\":{\"kind\":\"workshop_item\",\"id\":\"5203\",\"includeDependencies\":true}",
		DEPOTS_OF("5203", "item2", "5206", "item3"));
	has_items(COLLECTION("5201") ",\"maxItems\":2}", DEPOTS_OF("5202", "item1", "5203", "item2"));
	IS(ITEM("5203"), "item2");
	depots_fails(&r, COLLECTION("5207") "}", "not_found"); /* all of it is gone or hidden */
	depots_fails(&r, COLLECTION("5204") "}", "private");
	depots_fails(&r, COLLECTION("5300") "}", "payload_too_large");
	depots_fails(&r, COLLECTION("5400") "}", "payload_too_large");
}

int main(void)
{
	char owner[64], cut[64], whole[64], body[200];
	struct buf world = { 0 };

	rig_init(&r);
	write_app();
	write_content();
	buf_str(&world, lines);
	write_collections(&world);
	rig_sim(&r, buf_text(&world), NULL);
	/* Logons by one address are 10 s apart, as Steam wants it; that is not what is tested here. */
	rig_serve(&r, (const char *const[]){ "--no-agent", "--set", "lanes.unsafe=true", "--set",
			      "lanes.limits=cm.connect=0,cm.login=0,pics.info=0,cm.job=0", "--set",
			      "steam.pics_interval_ms=0", NULL });
	json_t *region = rig_expect(&r, 201, "POST", "/v1/regions", "{\"name\":\"far\"}");
	snprintf(body, sizeof(body), "%s", json_str(region, "id"));
	json_decref(region);
	rig_agent(&r, 0, body,
		(const char *const[]){ "--log-level", "warn", "--set", "lanes.unsafe=true", "--set",
			"lanes.limits=cm.connect=0,cm.login=0,pics.info=0,cm.job=0", "--set",
			"steam.pics_interval_ms=0", NULL });
	rig_await_agents(&r, 1);
	make_owner(owner);
	begin_cut(cut, whole);
	apps();
	private_branches();
	collections();
	dlc(owner);
	end_cut(cut, whole);
	files_at_urls();
	buf_done(&world);
	rig_done(&r);
	return 0;
}
