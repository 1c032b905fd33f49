/* fetch_env: what all downloads of an agent share; lives as long as it. */
#pragma once

struct fetch_home;

struct fetch_env {
	struct fetch_home *home;
	const char *ca_file, *http_proxy; /* for what is fetched from anywhere; NULL: none */
};
