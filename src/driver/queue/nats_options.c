#include "driver/queue/nats_options.h"

#include <string.h>

#define SERVERS_MAX 16

/* The words of the library's errors are not repeated: they may hold the address. */
static enum rc set_servers(natsOptions *o, const char *url, struct fault *f)
{
	const char *servers[SERVERS_MAX];
	char *text = strdup(url), *save = NULL;
	bool secure = false;
	int n = 0;

	if (!text)
		return RC_NOMEM;
	for (char *one = strtok_r(text, ", ", &save); one && n < SERVERS_MAX; one = strtok_r(NULL, ", ", &save)) {
		secure |= !strncmp(one, "tls://", 6);
		servers[n++] = one;
	}
	natsStatus s = n ? natsOptions_SetServers(o, servers, n) : NATS_INVALID_ARG;
	if (s == NATS_OK && secure)
		s = natsOptions_SetSecure(o, true);
	explicit_bzero(text, strlen(url));
	free(text);
	return s == NATS_OK ? RC_OK
			    : fault_set(f, RC_INVALID, "queue.url is no list of nats://[USER:PASSWORD@]HOST:PORT");
}

static bool set_rest(natsOptions *o, const char *name)
{
	return natsOptions_SetName(o, name) == NATS_OK && natsOptions_SetSendAsap(o, true) == NATS_OK &&
	       natsOptions_SetTimeout(o, NATS_CALL_MS) == NATS_OK &&
	       natsOptions_SetMaxReconnect(o, -1) == NATS_OK &&
	       natsOptions_SetReconnectWait(o, 2L * NATS_WAIT_MS) == NATS_OK &&
	       natsOptions_SetReconnectJitter(o, NATS_WAIT_MS, NATS_WAIT_MS) == NATS_OK &&
	       natsOptions_SetPingInterval(o, 5000) == NATS_OK && natsOptions_SetMaxPingsOut(o, 2) == NATS_OK &&
	       natsOptions_SetFailRequestsOnDisconnect(o, true) == NATS_OK &&
	       natsOptions_UseGlobalMessageDelivery(o, true) == NATS_OK;
}

enum rc nats_options_new(
	const struct nats_queue_conf *conf, const char *name, natsOptions **ret_options, struct fault *f)
{
	natsOptions *o = NULL;

	if (natsOptions_Create(&o) != NATS_OK)
		return fault_set(f, RC_NOMEM, "the NATS library does not start");
	*ret_options = o;
	enum rc rc = set_servers(o, conf->url, f);
	if (rc != RC_OK)
		return rc;
	if (conf->ca_file && natsOptions_LoadCATrustedCertificates(o, conf->ca_file) != NATS_OK)
		return fault_set(f, RC_INVALID, "queue.ca_file: %s holds no certificate", conf->ca_file);
	if (conf->credentials && natsOptions_SetUserCredentialsFromFiles(o, conf->credentials, NULL) != NATS_OK)
		return fault_set(f, RC_INVALID, "queue.credentials: %s cannot be used", conf->credentials);
	return set_rest(o, name) ? RC_OK : fault_set(f, RC_INTERNAL, "the NATS library refuses its options");
}
