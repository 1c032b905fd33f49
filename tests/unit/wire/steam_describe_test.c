/* Packets and documents as JSON: another's JSON reader finds in it what is known to be in the real bytes. */
#include "wire/steam/describe.h"

#include "tests/unit/wire/corpus.h"
#include "wire/steam/channel.h"
#include "wire/steam/describe_depot.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"
#include "wire/tunnel_auth.h"

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
	CHECK(json_array_size(json_object_get(json_object_get(j, "body"), "bans")) == 0);
	json_decref(j);
}

/* Bodies of service methods are known by the method's name. */
static void services(void)
{
	json_t *j = packet("many_025_out_151_ServiceMethodCallFromClient_FriendMessages_SendMessage_1.bin");
	json_t *body = json_object_get(j, "body");
	CHECK(json_is_object(body) && str(body, "message") && str(body, "steamid"));
	json_decref(j);
	j = packet(
		"anon_004_out_151_ServiceMethodCallFromClient_ContentServerDirectory_GetManifestRequestCode_1.bin");
	body = json_object_get(j, "body");
	CHECK_STR(str(body, "app_branch"), "public");
	CHECK(json_integer_value(json_object_get(body, "depot_id")) == 440);
	json_decref(j);
	j = packet("session_002_out_9804_ServiceMethodCallFromClientNonAuthed_Authentication_"
		   "GetPasswordRSAPublicKey_1.bin");
	CHECK(str(json_object_get(j, "body"), "account_name"));
	json_decref(j);
}

static json_t *said(enum rc rc, struct buf *out)
{
	CHECK(rc == RC_OK);
	json_t *j = json_loadb((const char *)out->p, out->n, JSON_REJECT_DUPLICATES, NULL);
	CHECK(j != NULL);
	buf_done(out);
	return j;
}

static void depots(void)
{
	struct buf in = corpus_read("tests/corpus/manifest/depot_440_1118032470228587934.manifest"), out = { 0 };
	uint8_t key[32];
	json_t *j;

	CHECK(tunnel_auth_of_hex("44ce5c5297a415a1a6f69c856037a5a2fdd82cd474fa659edfb4d59b2abc55fc", key, 32));
	j = said(describe_depot_manifest(in.p, in.n, key, &out, NULL), &out);
	CHECK_STR(str(j, "gid"), "1118032470228587934");
	json_t *file = json_array_get(json_object_get(j, "files"), 6);
	CHECK_STR(str(file, "name"), "tf\\media\\startupvids.txt");
	CHECK_STR(str(json_array_get(json_object_get(file, "chunks"), 0), "sha1"),
		"94020bde145a521edec9a9424e7a90fd042481e9");
	json_decref(j);
	j = said(describe_depot_manifest(in.p, in.n, NULL, &out, NULL), &out);
	CHECK(strchr(str(json_array_get(json_object_get(j, "files"), 0), "name"), '\n'));
	json_decref(j);
	CHECK(describe_depot_chunk(in.p, in.n, NULL, &out, NULL) == RC_MALFORMED && out.n == 0);
	buf_done(&in);
}

static void streams(void)
{
	static const uint8_t key[32] = { 5 }, salt[CHANNEL_SALT] = { 1 }, challenge[CHANNEL_CHALLENGE] = { 2 };
	struct buf in = corpus_read(FOLDER "many_052_out_703_ClientHeartBeat.bin"), box = { 0 }, stream = { 0 },
		   out = { 0 };
	struct buf asked = { 0 }, body = { 0 };
	struct steam_frame fr = { .kind = STEAM_FRAME_CHANNEL, .emsg = EMSG_CHANNEL_ENCRYPT_REQUEST };

	channel_request_write(&body, challenge);
	fr.body = body.p;
	fr.body_n = body.n;
	steam_frame_write(&asked, &fr);
	channel_put(&stream, asked.p, asked.n);
	CHECK(channel_encrypt(key, salt, in.p, in.n, &box) == RC_OK);
	channel_put(&stream, box.p, box.n);
	json_t *j = said(describe_depot_stream(stream.p, stream.n, key, &out, NULL), &out);
	json_t *all = json_object_get(j, "packets");
	CHECK(json_array_size(all) == 2);
	CHECK_STR(str(json_array_get(all, 0), "name"), "ChannelEncryptRequest");
	CHECK_STR(str(json_array_get(all, 1), "name"), "ClientHeartBeat");
	json_decref(j);
	j = said(describe_depot_stream(stream.p, stream.n, NULL, &out, NULL), &out);
	CHECK(json_is_string(json_array_get(json_object_get(j, "packets"), 1)));
	json_decref(j);
	CHECK(describe_depot_stream(stream.p, stream.n - 1, key, &out, NULL) == RC_MALFORMED && out.n == 0);
	buf_done(&in);
	buf_done(&box);
	buf_done(&stream);
	buf_done(&asked);
	buf_done(&body);
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
	services();
	depots();
	streams();
	multis();
	documents();
	return 0;
}
