#include "sim/web/pages.h"

#include "proto/steam/depot.pb-c.h"
#include "proto/steam/player.pb-c.h"
#include "proto/steam/workshop.pb-c.h"
#include "sim/auth.h"
#include "sim/service.h"
#include "sim/web/api_json.h"
#include "sim/web/content.h"
#include "wire/json.h"
#include "wire/steam/eresult.h"
#include "wire/steam/pb.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define API_METHOD_MAX 96
#define API_IDS_MAX    100 /* of one question about people */

/* Methods that answer in JSON when they are asked without a packed message. */
static const struct {
	const char *name;
	const ProtobufCMessageDescriptor *in, *out;
} in_json[] = {
	{ "Player.GetOwnedGames#1", &cplayer__get_owned_games__request__descriptor,
		&cplayer__get_owned_games__response__descriptor },
	{ "PublishedFile.GetDetails#1", &cpublished_file__get_details__request__descriptor,
		&cpublished_file__get_details__response__descriptor },
};

/* "IAuthenticationService", "GetPasswordRSAPublicKey", "v1" → "Authentication.GetPasswordRSAPublicKey#1" */
static bool method_name(const struct ask *q, char to[static API_METHOD_MAX])
{
	const char *service = q->part[0], *version = q->part[2] + (*q->part[2] == 'v');
	size_t n = strlen(service);
	uint64_t v;

	if (n < 9 || *service != 'I' || strcmp(service + n - 7, "Service") != 0 || !ask_number(version, &v))
		return false;
	int len = snprintf(to, API_METHOD_MAX, "%.*s.%s#%" PRIu64, (int)(n - 8), service + 1, q->part[1], v);
	return len > 0 && len < API_METHOD_MAX;
}

static bool unbase64(struct arena *a, const char *text, uint8_t **ret, size_t *ret_n)
{
	size_t n = strlen(text);
	uint8_t *out = arena_take(a, n + 4);
	char *whole = arena_take(a, n + 4);

	if (!out || !whole)
		return false;
	for (size_t i = 0; i < n; i++) /* a plus that came as a space; the alphabet of URLs */
		whole[i] = (char)(text[i] == ' ' || text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
	while (n % 4)
		whole[n++] = '=';
	int got = EVP_DecodeBlock(out, (const unsigned char *)whole, (int)n);
	if (got < 0)
		return false;
	for (size_t i = n; i > 0 && whole[i - 1] == '='; i--)
		got--;
	*ret = out;
	*ret_n = got < 0 ? 0 : (size_t)got;
	return true;
}

static void not_found(struct answer *a)
{
	answer_html(a, 404);
	buf_str(&a->body, "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>");
}

/* What every answer of a service says in its head. False: there is nothing more to say. */
static bool say_result(struct ask *q, struct answer *a, const struct service_answer *got)
{
	const struct effect *e = &got->effect;

	a->latency_ms = e->latency_ms;
	a->drop = e->drop || e->half_open || e->commit_drop;
	a->cut = e->cm_drop || e->commit_reset;
	q->effect.commit_5xx = e->commit_5xx;
	if (e->retry_after_s)
		answer_header(a, "retry-after", "%u", e->retry_after_s);
	if (e->http || e->retry_after_s) {
		answer_html(a, e->http ? (int)e->http : 429);
		return false;
	}
	answer_header(a, "x-eresult", "%d", got->eresult);
	if (got->error)
		answer_header(a, "x-error_message", "%s", got->error);
	return true;
}

static bool call(struct ask *q, const char *method, const void *p, size_t n, struct service_answer *ret)
{
	*ret = (struct service_answer){ 0 };
	return service_call(
		q->sim, &(struct service_from){ .who = q->who, .ip = q->peer, .web = true }, method, p, n, ret);
}

static void answer_in_json(struct ask *q, struct answer *a, size_t which)
{
	struct buf packed = { 0 };
	struct service_answer got;
	ProtobufCMessage *out;
	const ProtobufCMessage *in = api_json_take(&q->arena, in_json[which].in, q);

	answer_json(a, 200);
	if (!in) {
		a->status = 400;
		return;
	}
	pb_pack(&packed, in);
	if (!call(q, in_json[which].name, packed.p, packed.n, &got)) {
		not_found(a);
	} else if (say_result(q, a, &got)) {
		buf_str(&a->body, "{\"response\":");
		if (got.eresult == ERESULT_OK &&
			pb_unpack(in_json[which].out, got.body.p, got.body.n, &q->arena, &out, NULL) == RC_OK)
			api_json_put(&a->body, out);
		else
			buf_str(&a->body, "{}");
		buf_str(&a->body, "}");
	}
	buf_done(&packed);
	buf_done(&got.body);
}

void api_service(struct ask *q, struct answer *a)
{
	char method[API_METHOD_MAX];
	struct service_answer got;
	uint8_t *p = NULL;
	size_t n = 0;
	const char *packed = ask_either(q, "input_protobuf_encoded");

	if (!method_name(q, method)) {
		not_found(a);
		return;
	}
	if (!*packed && strcmp(ask_either(q, "format"), "protobuf_raw") != 0)
		for (size_t i = 0; i < sizeof(in_json) / sizeof(in_json[0]); i++)
			if (!strcmp(in_json[i].name, method)) {
				answer_in_json(q, a, i);
				return;
			}
	if (!unbase64(&q->arena, packed, &p, &n)) {
		answer_html(a, 400);
		return;
	}
	if (!call(q, method, p, n, &got)) {
		not_found(a);
		return;
	}
	a->status = 200;
	a->type = "application/octet-stream";
	if (say_result(q, a, &got)) {
		buf_done(&a->body);
		a->body = got.body;
		got.body = (struct buf){ 0 };
	}
	buf_done(&got.body);
}

static void put_text(struct buf *to, const char *name, const char *text)
{
	buf_fmt(to, ",\"%s\":", name);
	json_put_str(to, text ? text : "");
}

static void put_file(struct buf *to, const PublishedFileDetails *d)
{
	buf_fmt(to,
		"{\"publishedfileid\":\"%" PRIu64 "\",\"result\":%u,\"creator\":\"%" PRIu64
		"\",\"creator_app_id\":%u,\"consumer_app_id\":%u,\"file_size\":%" PRIu64
		",\"hcontent_file\":\"%" PRIu64 "\",\"time_created\":%u,\"time_updated\":%u,\"visibility\":%u",
		d->publishedfileid, d->result, d->creator, d->creator_appid, d->consumer_appid, d->file_size,
		d->hcontent_file, d->time_created, d->time_updated, d->visibility);
	put_text(to, "filename", d->filename);
	put_text(to, "file_url", d->file_url);
	put_text(to, "preview_url", d->preview_url);
	put_text(to, "title", d->title);
	put_text(to, "description", d->file_description);
	buf_str(to, "}");
}

/* The older question, which needs no key: publishedfileids[0]=... and creator_app_id in the answer. */
void api_files_keyless(struct ask *q, struct answer *a)
{
	struct buf packed = { 0 };
	struct service_answer got;
	ProtobufCMessage *out;
	const ProtobufCMessage *in =
		api_json_take(&q->arena, &cpublished_file__get_details__request__descriptor, q);

	answer_json(a, in ? 200 : 400);
	if (!in)
		return;
	pb_pack(&packed, in);
	bool known = call(q, "PublishedFile.GetDetails#1", packed.p, packed.n, &got);
	if (!known)
		not_found(a);
	if (known && say_result(q, a, &got) &&
		pb_unpack(&cpublished_file__get_details__response__descriptor, got.body.p, got.body.n, &q->arena,
			&out, NULL) == RC_OK) {
		const CPublishedFileGetDetailsResponse *r = (const void *)out;
		buf_fmt(&a->body, "{\"response\":{\"result\":1,\"resultcount\":%zu,\"publishedfiledetails\":[",
			r->n_publishedfiledetails);
		for (size_t i = 0; i < r->n_publishedfiledetails; i++) {
			buf_str(&a->body, i ? "," : "");
			put_file(&a->body, r->publishedfiledetails[i]);
		}
		buf_str(&a->body, "]}}");
	}
	buf_done(&packed);
	buf_done(&got.body);
}

void api_time(struct ask *q, struct answer *a)
{
	answer_json(a, 200);
	answer_header(a, "x-eresult", "1");
	buf_fmt(&a->body,
		"{\"response\":{\"server_time\":\"%" PRId64
		"\",\"skew_tolerance_seconds\":\"60\",\"large_time_jink\":\"86400\","
		"\"probe_frequency_seconds\":3600,\"adjusted_time_probe_frequency_seconds\":300,"
		"\"hint_probe_frequency_seconds\":60,\"sync_timeout\":60,\"try_again_seconds\":900,\"max_"
		"attempts\":3}}",
		q->now + q->effect.clock_skew_s);
}

void api_content_servers(struct ask *q, struct answer *a)
{
	const char *format = ask_either(q, "format");
	struct buf packed = { 0 };
	ProtobufCMessage *m;

	a->status = 200;
	answer_header(a, "x-eresult", "1");
	if (!strcmp(format, "vdf")) {
		a->type = "text/vdf; charset=UTF-8";
		content_server_list(q->sim, true, &a->body);
		return;
	}
	if (*ask_either(q, "input_protobuf_encoded") || !strcmp(format, "protobuf_raw")) {
		a->type = "application/octet-stream";
		content_server_list(q->sim, false, &a->body);
		return;
	}
	answer_json(a, 200);
	content_server_list(q->sim, false, &packed);
	buf_str(&a->body, "{\"response\":");
	if (pb_unpack(&ccontent_server_directory__get_servers_for_steam_pipe__response__descriptor, packed.p,
		    packed.n, &q->arena, &m, NULL) == RC_OK)
		api_json_put(&a->body, m);
	buf_str(&a->body, "}");
	buf_done(&packed);
}

/* ---- people ---- */

/* The next of "ID64,ID64"; NULL at the end. Unknown ones are left out. */
static struct person *next_person(struct ask *q, const char **at, unsigned *n)
{
	char id[24];
	uint64_t v;

	while (**at && (*n)++ < API_IDS_MAX) {
		size_t len = strcspn(*at, ",");
		snprintf(id, sizeof(id), "%.*s", (int)(len < sizeof(id) ? len : 0), *at);
		*at += len + ((*at)[len] == ',');
		struct person *p = ask_number(id, &v) ? people_by_id(&q->sim->people, v) : NULL;
		if (p)
			return p;
	}
	return NULL;
}

void api_player_bans(struct ask *q, struct answer *a)
{
	const char *at = ask_either(q, "steamids");
	unsigned n = 0, told = 0;

	answer_json(a, 200);
	buf_str(&a->body, "{\"players\":[");
	for (const struct person *p; (p = next_person(q, &at, &n));)
		buf_fmt(&a->body,
			"%s{\"SteamId\":\"%" PRIu64
			"\",\"CommunityBanned\":false,\"VACBanned\":%s,\"NumberOfVACBans\":%d,"
			"\"DaysSinceLastBan\":0,\"NumberOfGameBans\":%u,\"EconomyBan\":\"%s\"}",
			told++ ? "," : "", p->steamid, p->vac ? "true" : "false", p->vac, p->game_bans,
			p->trade_ban ? "banned" : "none");
	buf_str(&a->body, "]}");
}

void api_player_summaries(struct ask *q, struct answer *a)
{
	const char *at = ask_either(q, "steamids");
	unsigned n = 0, told = 0;

	answer_json(a, 200);
	buf_str(&a->body, "{\"response\":{\"players\":[");
	for (const struct person *p; (p = next_person(q, &at, &n));) {
		buf_fmt(&a->body,
			"%s{\"steamid\":\"%" PRIu64 "\",\"communityvisibilitystate\":3,\"profilestate\":1,"
			"\"profileurl\":\"https://steamcommunity.com/profiles/%" PRIu64 "/\",\"personastate\":%u,"
			"\"loccountrycode\":\"%s\",",
			told++ ? "," : "", p->steamid, p->steamid, p->persona_state, p->country);
		if (p->playing_n)
			buf_fmt(&a->body, "\"gameid\":\"%u\",", p->playing[0]);
		buf_str(&a->body, "\"personaname\":");
		json_put_str(&a->body, *p->persona ? p->persona : p->name);
		buf_str(&a->body, "}");
	}
	buf_str(&a->body, "]}}");
}

void api_steam_level(struct ask *q, struct answer *a)
{
	uint64_t id = 0;
	const struct person *p =
		ask_number(ask_either(q, "steamid"), &id) ? people_by_id(&q->sim->people, id) : NULL;

	answer_json(a, 200);
	answer_header(a, "x-eresult", "1");
	if (p)
		buf_fmt(&a->body, "{\"response\":{\"player_level\":%u}}", p->level);
	else
		buf_str(&a->body, "{\"response\":{}}");
}
