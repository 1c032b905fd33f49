/*
 * cdn_steam: content servers as our client meets them: those of steamsim on sockets, with the faults of each. What Steam says over a session
 * is said by the same simulated Steam, without the session: `ask_steam` is the test's own. For the tests of cdn; one file each.
 */
#pragma once

#include "agent/actions/ask.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/loop.h"
#include "proto/steam/depot.pb-c.h"
#include "sim/cdn/cdn.h"
#include "sim/load.h"
#include "sim/web/site.h"
#include "sim/web/tls_files.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVERS 5
#define DEPOT   500
#define APP     480

static void no_line(void *to, const char *line, size_t n) { (void)to, (void)line, (void)n; }
static const struct log quiet = { .level = LOG_LEVEL_ERROR, .now_ms = clock_wall_ms, .write = no_line };
static struct sim sim = { .log = &quiet, .heartbeat_s = 9, .part_bytes = 100000, .cell_id = 1, .poll_ms = 100 };
static struct site *site;
static struct loop *loop;
static pthread_t loop_thread;
static char tmp[] = "/tmp/cdn_test_XXXXXX";
static atomic_uint tokens_asked, codes_asked, keys_asked, servers_asked;
static bool no_tokens;

/* ---- Steam, without a session ---- */

static enum rc answer(struct ask *q, struct arena *a, const struct buf *b)
{
	return pb_unpack(q->out, b->p, b->n, a, &q->got, NULL);
}

static int32_t say_code(struct ask *q, struct buf *to)
{
	const CContentServerDirectoryGetManifestRequestCodeRequest *m = (const void *)q->in;
	CContentServerDirectoryGetManifestRequestCodeResponse out =
		CCONTENT_SERVER_DIRECTORY__GET_MANIFEST_REQUEST_CODE__RESPONSE__INIT;
	const struct cdn_ask ask = { .app = m->app_id,
		.depot = m->depot_id,
		.manifest = m->manifest_id,
		.branch = m->app_branch,
		.now_s = sim_time(&sim) };

	codes_asked++;
	int32_t eresult = cdn_request_code(sim.cdn, &ask, &out.manifest_request_code);
	out.has_manifest_request_code = 1;
	pb_pack(to, &out.base);
	return eresult;
}

static int32_t say_token(struct ask *q, struct buf *to)
{
	const CContentServerDirectoryGetCDNAuthTokenRequest *m = (const void *)q->in;
	CContentServerDirectoryGetCDNAuthTokenResponse out =
		CCONTENT_SERVER_DIRECTORY__GET_CDNAUTH_TOKEN__RESPONSE__INIT;
	const struct cdn_ask ask = {
		.app = m->app_id, .depot = m->depot_id, .host = m->host_name, .now_s = sim_time(&sim)
	};
	struct buf token = { 0 };

	tokens_asked++;
	if (no_tokens)
		return 15;
	int32_t eresult = cdn_auth_token(sim.cdn, &ask, &token, &out.expiration_time);
	out.has_expiration_time = 1;
	out.token = (char *)buf_text(&token);
	pb_pack(to, &out.base);
	buf_done(&token);
	return eresult;
}

static int32_t say_key(struct ask *q, struct buf *to)
{
	const CMsgClientGetDepotDecryptionKey *m = (const void *)q->in;
	CMsgClientGetDepotDecryptionKeyResponse out = CMSG_CLIENT_GET_DEPOT_DECRYPTION_KEY_RESPONSE__INIT;
	const struct cdn_ask ask = { .app = m->app_id, .depot = m->depot_id };
	uint8_t key[32];

	keys_asked++;
	out.has_eresult = 1;
	out.eresult = cdn_depot_key(sim.cdn, &ask, key);
	out.has_depot_encryption_key = out.eresult == 1;
	out.depot_encryption_key = (ProtobufCBinaryData){ sizeof(key), key };
	pb_pack(to, &out.base);
	return 1;
}

enum rc ask_steam(struct action_task *t, struct ask *q, struct fault *f)
{
	const char *hosts[SIM_CDN_MAX];
	struct buf b = { 0 };
	int32_t eresult = 1;

	for (unsigned i = 0; i < sim.cdn_hosts_n; i++)
		hosts[i] = sim.cdn_hosts[i];
	if (!q->method)
		eresult = say_key(q, &b);
	else if (strstr(q->method, "GetManifestRequestCode"))
		eresult = say_code(q, &b);
	else if (strstr(q->method, "GetCDNAuthToken"))
		eresult = say_token(q, &b);
	else {
		servers_asked++;
		cdn_servers(hosts, sim.cdn_hosts_n, 1, &b);
	}
	t->eresult = eresult == 1 ? 0 : eresult;
	enum rc rc = eresult == 1 ? answer(q, t->arena, &b) : fault_set(f, RC_REFUSED, "refused");
	buf_done(&b);
	return rc;
}

/* ---- its servers ---- */

static void *run_loop(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void write_world(const char *path)
{
	FILE *w = fopen(path, "w");
	CHECK(w);
	fprintf(w, "change 1\n"
		   "depot 500 app=480 manifest=77 key=auto generate=8,60000000,9 kind=vsz\n"
		   "depot 501 app=481 manifest=78 key=auto generate=2,100000,3 token\n"
		   "depot 502 app=482 manifest=79 key=auto generate=2,3000000,4 kind=zip\n"
		   "depot 600 app=600 manifest=8 key=auto generate=1,100,1 package=61\n");
	CHECK(fclose(w) == 0);
}

static void steam_start(void)
{
	struct fault f = { 0 };
	struct tls_files tls;
	char world[100], dir[100];
	const char *const none[] = { NULL };

	CHECK(mkdtemp(tmp));
	snprintf(world, sizeof(world), "%s/world", tmp);
	snprintf(dir, sizeof(dir), "%s/tls", tmp);
	write_world(world);
	CHECK(sim_load(&sim, world, &f) == RC_OK && tls_files_make(dir, none, &tls, &f) == RC_OK);
	CHECK(loop_new(&quiet, &loop, &f) == RC_OK);
	CHECK(site_new(loop,
		      &(struct site_conf){ .sim = &sim,
			      .host = "127.0.0.1",
			      .cms = 1,
			      .plain_port = 0,
			      .content = SERVERS,
			      .tls_cert = tls.cert,
			      .tls_key = tls.key },
		      &site, &f) == RC_OK);
	CHECK(pthread_create(&loop_thread, NULL, run_loop, loop) == 0);
}

static void steam_end(void)
{
	char command[100];

	loop_stop(loop);
	pthread_join(loop_thread, NULL);
	site_free(site);
	loop_free(loop);
	sim_done(&sim);
	snprintf(command, sizeof(command), "rm -r %s", tmp);
	CHECK(system(command) == 0);
}
