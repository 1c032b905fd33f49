/* Packets and documents as JSON: another's JSON reader finds in it what is known to be in the real bytes. */
#include "wire/steam/describe.h"

#include "tests/unit/wire/corpus.h"

#include <dirent.h>
#include <jansson.h>

#define FOLDER "tests/corpus/steam_frame/"

static json_t *packet(const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), FOLDER "%s", name);
	struct buf in = corpus_read(path), out = { 0 };
	struct fault f = { 0 };
	json_error_t e;

	if (describe_packet(in.p, in.n, &out, &f) != RC_OK)
		fprintf(stderr, "%s: %s\n", name, f.text);
	CHECK(f.rc == RC_OK);
	json_t *j = json_loadb((const char *)out.p, out.n, JSON_REJECT_DUPLICATES, &e);
	if (!j)
		fprintf(stderr, "%s: %s\n", name, e.text);
	CHECK(j != NULL);
	buf_done(&in);
	buf_done(&out);
	return j;
}

static const char *str(const json_t *j, const char *key) { return json_string_value(json_object_get(j, key)); }

static void every_packet(void)
{
	DIR *d = opendir(FOLDER);
	CHECK(d != NULL);
	for (struct dirent *e; (e = readdir(d));)
		if (strstr(e->d_name, ".bin"))
			json_decref(packet(e->d_name));
	closedir(d);
}

static void known_ones(void)
{
	json_t *j = packet("anon_001_out_5514_ClientLogon.bin");
	CHECK_STR(str(j, "name"), "ClientLogon");
	CHECK_STR(str(json_object_get(j, "header"), "steamid"), "117093590311632896");
	json_t *body = json_object_get(j, "body");
	CHECK(json_integer_value(json_object_get(body, "client_os_type")) == 4294967093);
	CHECK_STR(str(body, "machine_name"), "");
	CHECK(json_is_false(json_object_get(body, "should_remember_password")));
	CHECK(json_integer_value(json_object_get(json_object_get(body, "obfuscated_private_ip"), "v4")) == 0);
	CHECK(!json_object_get(body, "cell_id"));
	json_decref(j);

	j = packet("ClientPICSChangesSinceResponse.bin");
	json_t *apps = json_object_get(json_object_get(j, "body"), "app_changes");
	CHECK(json_array_size(apps) == 31);
	CHECK(json_integer_value(json_object_get(json_array_get(apps, 0), "appid")) > 0);
	CHECK(json_integer_value(json_object_get(json_object_get(j, "body"), "current_change_number")) == 4216262);
	json_decref(j);

	j = packet("ClientVACBanStatus.bin");
	CHECK_STR(str(j, "kind"), "struct");
	CHECK_STR(str(j, "body"), "00000000");
	json_decref(j);
}

static void multis(void)
{
	static const char *const names[] = { "multi_plain.bin", "multi_gzip.bin" };
	for (int i = 0; i < 2; i++) {
		json_t *j = packet(names[i]);
		json_t *inner = json_object_get(j, "messages");
		CHECK(json_array_size(inner) == 4);
		CHECK_STR(str(json_array_get(inner, 1), "name"), "ClientPICSProductInfoResponse");
		json_decref(j);
	}
}

static void documents(void)
{
	static const char *const paths[] = { "tests/corpus/vdf_text/app_440_steam_440.vdf",
		"tests/corpus/vdf_binary/package_0.bin", "tests/corpus/vdf_binary/machine_id.bin" };
	static const char *const roots[] = { "appinfo", "0", "MessageObject" };
	struct fault f = { 0 };

	for (int i = 0; i < 3; i++) {
		struct buf in = corpus_read(paths[i]), out = { 0 };
		CHECK(describe_vdf(in.p, in.n, &out, &f) == RC_OK);
		json_t *j = json_loadb((const char *)out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
		CHECK(json_is_object(json_object_get(j, roots[i])));
		json_decref(j);
		out.n = 0;
		CHECK(i == 0 || describe_vdf(in.p, in.n - 1, &out, &f) == RC_MALFORMED);
		CHECK(out.n == 0);
		buf_done(&in);
		buf_done(&out);
	}
	/* A package's buffer has four bytes in front. */
	struct buf in = corpus_read(paths[1]), whole = { 0 }, out = { 0 };
	buf_le32(&whole, 1);
	buf_put(&whole, in.p, in.n);
	CHECK(describe_vdf(whole.p, whole.n, &out, &f) == RC_OK);
	CHECK(!strncmp(buf_text(&out), "{\"0\":{\"packageid\":0,", 20));
	buf_done(&in);
	buf_done(&whole);
	buf_done(&out);
}

int main(void)
{
	every_packet();
	known_ones();
	multis();
	documents();
	return 0;
}
