/*
 * Contents that come over HTTP from an agent that shares no disk: the ticket, pieces in any order and after kill -9, and what an agent that
 * breaks the rules gets.
 */
#include "agent/content/publish.h"
#include "io/blobs.h"
#include "io/file.h"
#include "tests/system/hostile.h"
#include "wire/listing.h"

#include <openssl/evp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BIG   (5u << 19)
#define PIECE (1u << 19)

static struct rig rig;
static struct hostile agent;
static char store[128];
static uint8_t *big;
static char big_sum[65], listing_sum[65];
static struct buf listing;

static void sum(const void *p, size_t n, char ret[static 65])
{
	uint8_t md[32];

	EVP_Digest(p, n, md, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", md[i]);
}

/* As the agent; *ret_body is the caller's, or NULL. */
static int ask(const char *authorization, const char *method, const char *path, const void *body, size_t n,
	json_t **ret_body)
{
	const struct http_call_header headers[] = { { "Authorization", authorization },
		{ "Content-Type",
			*method == 'P' && method[1] == 'U' ? "application/octet-stream" : "application/json" },
		{ 0 } };
	struct http_answer a = { 0 };
	char url[400];
	struct fault f;

	snprintf(url, sizeof(url), "%s%s", rig.url, path);
	const struct http_ask how = {
		.method = method, .url = url, .headers = headers, .body = body, .body_n = n, .deadline_ms = 60000
	};
	CHECK(http_call(&how, &a, &f) == RC_OK);
	int status = a.status;
	if (ret_body)
		*ret_body = json_loadb((const char *)a.body.p, a.body.n, 0, NULL);
	http_answer_done(&a);
	return status;
}

static const char *shown(void)
{
	static char text[100];
	snprintf(text, sizeof(text), "Ticket %s", agent.ticket);
	return text;
}

/* One piece; where to go on. */
static int64_t piece(const char *sha256, const void *p, size_t from, size_t n, size_t size, int want)
{
	char path[200];
	json_t *j = NULL;

	snprintf(path, sizeof(path), "/v1/arrivals/blobs/%s?offset=%zu&size=%zu", sha256, from, size);
	int status = ask(shown(), "PUT", path, (const uint8_t *)p + from, n, &j);
	if (status != want)
		fprintf(stderr, "%d: %s\n", status, json_str(j, "detail"));
	CHECK(status == want);
	int64_t received = status == 200 ? json_int(j, "received") : -1;
	json_decref(j);
	return received;
}

static int missing(const char *sha256, size_t size, int64_t *ret_received)
{
	char body[200];
	json_t *j = NULL;

	snprintf(body, sizeof(body), "{\"blobs\":[{\"sha256\":\"%s\",\"size\":%zu}]}", sha256, size);
	CHECK(ask(shown(), "POST", "/v1/arrivals/missing", body, strlen(body), &j) == 200);
	const json_t *all = json_object_get(j, "blobs");
	int n = (int)json_array_size(all);
	*ret_received = n ? json_int(json_array_get(all, 0), "received") : -1;
	json_decref(j);
	return n;
}

static int end(const char *content_id, const char *more)
{
	char body[400];

	snprintf(body, sizeof(body), "{\"contentId\":\"%s\",\"kind\":\"app\",%s}", content_id, more);
	return ask(shown(), "POST", "/v1/arrivals/end", body, strlen(body), NULL);
}

static bool in_store(const char *sha256)
{
	char path[BLOBS_PATH_MAX];

	blobs_path(store, sha256, path);
	return access(path, F_OK) == 0;
}

static bool has_sheet(const char *content_id)
{
	char path[BLOBS_PATH_MAX];

	blobs_sheet_path(store, content_id, "none", path);
	return access(path, F_OK) == 0;
}

/* ---- */

static void await_ticket(void)
{
	for (int i = 0; i < 3000 && !*agent.ticket; i++) {
		hostile_pump(&agent);
		rig_sleep_ms(5);
	}
	CHECK(*agent.ticket);
}

static void get_ticket(void)
{
	json_t *region = rig_expect(&rig, 201, "POST", "/v1/regions", "{\"name\":\"here\"}");

	agent.fd = -1;
	agent.lawful = true;
	hostile_enrol(&rig, &agent, json_str(region, "id"), "agent.ping");
	json_decref(region);
	hostile_dial(&rig, &agent);
	json_decref(rig_post_job(&rig, "{\"action\":\"agent.ping\",\"payload\":{}}"));
	for (int i = 0; i < 3000 && !*agent.held.id; i++) {
		hostile_pump(&agent);
		rig_sleep_ms(5);
	}
	CHECK(*agent.held.id);
	/* Of a task that is not there, and of an attempt that is not the one. */
	hostile_say(&agent,
		&(struct tunnel_msg){ .type = TUNNEL_MSG_PUBLISH_ASK, .publish_ask = { "tsk_1", 1, NULL } });
	hostile_say(&agent, &(struct tunnel_msg){ .type = TUNNEL_MSG_PUBLISH_ASK,
				    .publish_ask = { agent.held.id, agent.held.attempt + 1, NULL } });
	for (int i = 0; i < 3000 && agent.denied < 2; i++) {
		hostile_pump(&agent);
		rig_sleep_ms(5);
	}
	CHECK(agent.denied == 2 && !*agent.ticket);
	hostile_say(&agent, &(struct tunnel_msg){ .type = TUNNEL_MSG_PUBLISH_ASK,
				    .publish_ask = { agent.held.id, agent.held.attempt, NULL } });
	await_ticket();
}

static void strangers(void)
{
	char other[100], bearer[100];
	const char *body = "{\"blobs\":[]}";

	snprintf(other, sizeof(other), "%s", shown());
	other[20] = other[20] == 'a' ? 'b' : 'a';
	snprintf(bearer, sizeof(bearer), "Bearer %s", rig.key);
	const char *const each[] = { other, bearer, "Ticket x", "Ticket ", "" };
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
		CHECK(ask(each[i], "POST", "/v1/arrivals/missing", body, strlen(body), NULL) == 401);
		char path[200];
		snprintf(path, sizeof(path), "/v1/arrivals/blobs/%s?offset=0&size=4", big_sum);
		CHECK(ask(each[i], "PUT", path, "abcd", 4, NULL) == 401);
	}
	CHECK(ask(shown(), "POST", "/v1/arrivals/missing", body, strlen(body), NULL) == 200);
	CHECK(ask(shown(), "PUT", "/v1/arrivals/blobs/..%2F..%2Fx?offset=0&size=4", "abcd", 4, NULL) == 404);
}

static void in_pieces(void)
{
	int64_t received;

	CHECK(missing(big_sum, BIG, &received) == 1 && received == 0);
	CHECK(piece(big_sum, big, PIECE, PIECE, BIG, 200) == 0); /* not the next one: not taken */
	CHECK(piece(big_sum, big, 0, PIECE, BIG, 200) == PIECE);
	CHECK(piece(big_sum, big, 0, PIECE, BIG, 200) == PIECE); /* again: not taken twice */
	CHECK(piece(big_sum, big, PIECE, 1000, BIG, 200) == PIECE + 1000);

	/* The control plane dies, and goes on where it was. */
	rig_stop(&rig.server, SIGKILL);
	hostile_hang_up(&agent);
	CHECK(!in_store(big_sum));
	rig_serve(&rig, (const char *const[]){ "--no-agent", NULL });
	CHECK(missing(big_sum, BIG, &received) == 1 && received == PIECE + 1000);
	for (size_t at = (size_t)received; at < BIG; at = (size_t)received) {
		CHECK(!in_store(big_sum));
		size_t n = BIG - at < PIECE ? BIG - at : PIECE;
		received = piece(big_sum, big, at, n, BIG, 200);
		CHECK((size_t)received == at + n);
	}
	CHECK(in_store(big_sum) && missing(big_sum, BIG, &received) == 0);
	CHECK(missing(big_sum, BIG - 1, &received) == 1);
	CHECK(piece(big_sum, big, 0, 10, BIG, 200) == BIG); /* it is there already */
}

/* Bytes that are not those of the hash never get a place. */
static void false_bytes(void)
{
	char hash[65];
	int64_t received;

	sum("right", 5, hash);
	piece(hash, "wrong", 0, 5, 5, 422);
	CHECK(!in_store(hash) && missing(hash, 5, &received) == 1 && received == 0);
	piece(hash, "right-and-more", 0, 14, 5, 422);
	CHECK(!in_store(hash));
	CHECK(piece(hash, "right", 0, 3, 5, 200) == 3);
	CHECK(piece(hash, "right", 3, 2, 5, 200) == 5);
	CHECK(in_store(hash));
}

static void put_whole(const void *p, size_t n, char ret_sum[static 65])
{
	sum(p, n, ret_sum);
	CHECK(piece(ret_sum, p, 0, n, n, 200) == (int64_t)n);
}

/* A listing that is not one, or leads out of the tree, makes no content. */
static void false_listings(void)
{
	static const char *const bad[] = { "{}", "{\"files\":[\n]}\n",
		"{\"files\":[\n{\"mode\":\"0644\",\"path\":\"../x\",\"sha256\":\"%s\",\"size\":2621440}\n]}\n",
		"{\"files\":[\n{\"mode\":\"0644\",\"path\":\"/x\",\"sha256\":\"%s\",\"size\":2621440}\n]}\n",
		"{\"files\":[\n{\"link\":\"/etc\",\"mode\":\"0777\",\"path\":\"x\"}\n]}\n",
		"{\"files\":[\n{\"link\":\"y\",\"mode\":\"0777\",\"path\":\"x\"},\n"
		"{\"mode\":\"0644\",\"path\":\"x/z\",\"sha256\":\"%s\",\"size\":2621440}\n]}\n",
		"{\"files\":[\n{\"mode\":\"4755\",\"path\":\"x\",\"sha256\":\"%s\",\"size\":2621440}\n]}\n",
		"{\"files\":[\n{\"path\":\"x\",\"mode\":\"0644\",\"sha256\":\"%s\",\"size\":2621440}\n]}\n",
		"{\"files\":[\n{\"mode\":\"0644\",\"path\":\"x\",\"sha256\":\"%s\",\"size\":2621440},\n"
		"{\"mode\":\"0644\",\"path\":\"x\",\"sha256\":\"%s\",\"size\":2621440}\n]}\n" };
	char text[600], hash[65];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int n = snprintf(text, sizeof(text), bad[i], big_sum, big_sum);
		put_whole(text, (size_t)n, hash);
		int status = end(hash, "\"packageFormat\":\"none\"");
		CHECK(status == 400 || status == 422);
		CHECK(!has_sheet(hash));
	}
	sum("never sent", 10, hash);
	CHECK(end(hash, "\"packageFormat\":\"none\"") == 409);
	int n = snprintf(text, sizeof(text),
		"{\"files\":[\n{\"mode\":\"0644\",\"path\":\"x\",\"sha256\":\"%s\",\"size\":10}\n]}\n", hash);
	put_whole(text, (size_t)n, hash);
	CHECK(end(hash, "\"packageFormat\":\"none\"") == 409); /* a file of it is not there */
	CHECK(!has_sheet(hash));
}

/* ---- the agent's own code ---- */

/* In the place of agent/task's, which asks over a tunnel of its own. */
enum rc task_ticket(struct action_task *t, char ret[static TASK_TICKET], struct fault *f)
{
	(void)t, (void)f;
	snprintf(ret, TASK_TICKET, "%s", agent.ticket);
	return RC_OK;
}

static const struct publish_file tree_files[] = { { .path = "big.bin", .size = BIG },
	{ .path = "same.bin", .size = BIG }, { .path = "sub/small", .size = 5 }, { .path = "sub/empty", .size = 0 },
	{ .path = "link", .link = "sub/small" } };

static enum rc publish(const _Atomic bool *stop, struct publish_done *ret, struct fault *f)
{
	char work[100], tree[100];
	struct arena a = { 0 };
	const struct publish_conf conf = { .work_dir = work, .server_url = rig.url };
	struct action_task t = { .arena = &a, .publish = &conf };

	snprintf(work, sizeof(work), "%s/work", rig.dir);
	snprintf(tree, sizeof(tree), "%s/tree", rig.dir);
	const struct publish p = { .task = &t,
		.folder = tree,
		.kind = "app",
		.files = tree_files,
		.n = sizeof(tree_files) / sizeof(*tree_files),
		.package_format = "tar.zst",
		.stop = stop };
	*f = (struct fault){ 0 };
	*ret = (struct publish_done){ 0 };
	enum rc rc = publish_tree(&p, ret, f);
	arena_done(&a);
	return rc;
}

static void put(const char *name, const void *p, size_t n)
{
	char path[200];
	struct fault f;

	snprintf(path, sizeof(path), "%s/tree/sub", rig.dir);
	CHECK(file_mkdirs(path, 0755, &f) == RC_OK);
	snprintf(path, sizeof(path), "%s/tree/%s", rig.dir, name);
	CHECK(file_write(path, p, n, 0644, &f) == RC_OK);
}

static pid_t killer_of_server;

/* The control plane goes in the middle, and comes again; what was brought is not brought twice. */
static void by_publish(void)
{
	struct publish_done done;
	_Atomic bool stop = true;
	char path[BLOBS_PATH_MAX], cmd[BLOBS_PATH_MAX + 800];
	struct fault f;

	big[0] ^= 1; /* another file than the one that is there */
	put("big.bin", big, BIG);
	put("same.bin", big, BIG);
	put("sub/small", "small", 5);
	put("sub/empty", "", 0);
	CHECK(publish(&stop, &done, &f) == RC_CANCELED);

	killer_of_server = fork();
	CHECK(killer_of_server >= 0);
	if (killer_of_server == 0) {
		rig_sleep_ms(60);
		kill(rig.server, SIGSTOP); /* silent for a while, in the middle of a request */
		rig_sleep_ms(1500);
		kill(rig.server, SIGCONT);
		_exit(0);
	}
	enum rc rc = publish(NULL, &done, &f);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(rc == RC_OK && done.files == 5 && done.bytes == 2 * (uint64_t)BIG + 5 && done.package_bytes > 0);
	rig_stop(&killer_of_server, 0);
	CHECK(in_store(done.content_id) && in_store(done.package_sha256));
	blobs_sheet_path(store, done.content_id, "tar.zst", path);
	CHECK(access(path, F_OK) == 0);
	blobs_path(store, done.package_sha256, path);
	snprintf(cmd, sizeof(cmd),
		"mkdir %1$s/out && zstd -dc %2$s | tar -xf - -C %1$s/out && cmp %1$s/out/same.bin "
		"%1$s/tree/big.bin && test $(readlink %1$s/out/link) = sub/small",
		rig.dir, path);
	CHECK(system(cmd) == 0);
	snprintf(cmd, sizeof(cmd), "test -z \"$(ls %s/work/arriving)\"", rig.dir);
	CHECK(system(cmd) == 0);
}

/* A task that it holds, and a ticket for it. */
static void again(void)
{
	char old[65];

	snprintf(old, sizeof(old), "%s", agent.ticket);
	*agent.ticket = 0;
	agent.held = (struct hostile_task){ 0 };
	hostile_hang_up(&agent);
	hostile_dial(&rig, &agent);
	json_decref(rig_post_job(&rig, "{\"action\":\"agent.ping\",\"payload\":{}}"));
	for (int i = 0; i < 3000 && !*agent.held.id; i++) {
		hostile_pump(&agent);
		rig_sleep_ms(5);
	}
	hostile_say(&agent, &(struct tunnel_msg){ .type = TUNNEL_MSG_PUBLISH_ASK,
				    .publish_ask = { agent.held.id, agent.held.attempt, NULL } });
	await_ticket();
	CHECK(strcmp(old, agent.ticket) != 0);
}

static int shows(void) { return ask(shown(), "POST", "/v1/arrivals/missing", "{\"blobs\":[]}", 12, NULL); }

/* A ticket counts as long as the attempt that it is for, and nobody else gets one for that. */
static void ended_tickets(void)
{
	struct hostile other;
	char path[128], id[64];

	again();
	CHECK(shows() == 200);
	json_t *region = rig_expect(&rig, 200, "GET", "/v1/regions", NULL);
	hostile_enrol(
		&rig, &other, json_str(json_array_get(json_object_get(region, "items"), 0), "id"), "pics.changes");
	json_decref(region);
	hostile_dial(&rig, &other);
	for (int i = 0; i < 3000 && !other.open; i++) {
		hostile_pump(&other);
		rig_sleep_ms(5);
	}
	hostile_say(&other, &(struct tunnel_msg){ .type = TUNNEL_MSG_PUBLISH_ASK,
				    .publish_ask = { agent.held.id, agent.held.attempt, NULL } });
	for (int i = 0; i < 3000 && !other.denied; i++) {
		hostile_pump(&other);
		rig_sleep_ms(5);
	}
	CHECK(other.denied == 1 && !*other.ticket && shows() == 200);
	hostile_hang_up(&other);

	snprintf(path, sizeof(path), "SELECT job_id FROM tasks WHERE id = '%s'", agent.held.id);
	snprintf(id, sizeof(id), "%s", rig_sql(&rig, path));
	snprintf(path, sizeof(path), "/v1/jobs/%s/cancel", id);
	struct rig_answer a = rig_call(&rig, "POST", path, "If-Match: *", NULL);
	CHECK(a.status / 100 == 2);
	rig_answer_done(&a);
	CHECK(shows() == 401);

	again(); /* its time is over */
	rig_sql(&rig, "UPDATE arrivals SET expires_at = 5 WHERE content_id IS NULL");
	CHECK(shows() == 401);

	again(); /* it does not know of the task any more: the next attempt's ticket is another */
	hostile_hang_up(&agent);
	agent.forgets = true;
	hostile_dial(&rig, &agent);
	for (int i = 0; i < 400 && shows() == 200; i++) {
		hostile_pump(&agent);
		rig_sleep_ms(20);
	}
	CHECK(shows() == 401);

	again(); /* who is revoked brings nothing more */
	CHECK(shows() == 200);
	snprintf(path, sizeof(path), "/v1/agents/%s/revoke", agent.who.agent_id);
	a = rig_call(&rig, "POST", path, NULL, NULL);
	CHECK(a.status / 100 == 2);
	rig_answer_done(&a);
	CHECK(shows() == 401);
	hostile_hang_up(&agent);
}

static void whole(void)
{
	const struct listing_file file = { .path = "big.bin", .sha256 = big_sum, .size = BIG, .mode = 0644 };
	char more[200];

	listing_begin(&listing);
	listing_put(&listing, &file, true);
	listing_end(&listing);
	put_whole(listing.p, listing.n, listing_sum);
	CHECK(end(listing_sum, "\"packageFormat\":\"rar\"") == 422);
	CHECK(end(listing_sum, "\"packageFormat\":\"zip\"") == 422);
	snprintf(more, sizeof(more), "\"packageFormat\":\"zip\",\"packageBytes\":7,\"packageSha256\":\"%s\"",
		big_sum);
	CHECK(end(listing_sum, more) == 409); /* not so long */
	CHECK(!has_sheet(listing_sum));
	CHECK(end(listing_sum, "\"packageFormat\":\"none\"") == 204);
	CHECK(has_sheet(listing_sum));
	/* The ticket is used. */
	CHECK(end(listing_sum, "\"packageFormat\":\"none\"") == 401);
	CHECK(ask(shown(), "POST", "/v1/arrivals/missing", "{\"blobs\":[]}", 12, NULL) == 401);
}

int main(void)
{
	char cmd[400];

	rig_init(&rig);
	snprintf(store, sizeof(store), "%s/data/artifacts", rig.dir);
	rig_serve(&rig, (const char *const[]){ "--no-agent", "--log-level", "debug", NULL });
	big = malloc(BIG);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (uint8_t)(i * 2654435761u >> 11);
	sum(big, BIG, big_sum);
	get_ticket();
	strangers();
	in_pieces();
	false_bytes();
	false_listings();
	whole();
	again();
	by_publish();
	snprintf(cmd, sizeof(cmd), "! grep -rq '%s' %s", agent.ticket, rig.dir); /* in no log, in no database */
	CHECK(system(cmd) == 0);
	ended_tickets();
	rig_check_events(&rig);
	rig_check_audit(&rig);
	rig_done(&rig);
	buf_done(&listing);
	free(big);
	return 0;
}
