#include "flow/steam_logon.h"

#include "proto/steam/pics.pb-c.h"
#include "proto/steam/session.pb-c.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/frame.h"
#include "wire/steam/steamid.h"

#include <stdlib.h>
#include <string.h>

#define OS_LINUX      ((uint32_t)-203)
#define CHAT_MODE_NEW 2
#define LOGIN_ID_MASK 0xbaadf00du /* Steam's clients hide their address with it */

struct row {
	enum eresult eresult;
	enum steam_logon_next next;
};

/* Every result that is not listed is taken for a trouble of that server. */
static const struct row anonymous[] = {
	{ ERESULT_OK, STEAM_LOGON_DONE },
	{ ERESULT_INVALID_PASSWORD, STEAM_LOGON_PERMANENT },
	{ ERESULT_INVALID_PROTOCOL_VER, STEAM_LOGON_PERMANENT },
	{ ERESULT_INVALID_PARAM, STEAM_LOGON_PERMANENT },
	{ ERESULT_ACCESS_DENIED, STEAM_LOGON_THROTTLED },
	{ ERESULT_BANNED, STEAM_LOGON_PERMANENT },
	{ ERESULT_ACCOUNT_NOT_FOUND, STEAM_LOGON_PERMANENT },
	{ ERESULT_INVALID_STEAM_ID, STEAM_LOGON_PERMANENT },
	{ ERESULT_ACCOUNT_DISABLED, STEAM_LOGON_PERMANENT },
	{ ERESULT_SUSPENDED, STEAM_LOGON_PERMANENT },
	{ ERESULT_ACCOUNT_LOCKED_DOWN, STEAM_LOGON_PERMANENT },
	{ ERESULT_RATE_LIMIT_EXCEEDED, STEAM_LOGON_THROTTLED },
	{ ERESULT_ACCOUNT_LOGIN_DENIED_THROTTLE, STEAM_LOGON_THROTTLED },
	{ ERESULT_IP_BANNED, STEAM_LOGON_PERMANENT },
	{ ERESULT_STEAM_REALM_MISMATCH, STEAM_LOGON_PERMANENT },
};

/* With a refresh token, a refusal of who it is speaks of the token. */
static const struct row account[] = {
	{ ERESULT_OK, STEAM_LOGON_DONE },
	{ ERESULT_INVALID_PASSWORD, STEAM_LOGON_TOKEN },
	{ ERESULT_ACCESS_DENIED, STEAM_LOGON_TOKEN },
	{ ERESULT_BANNED, STEAM_LOGON_PERMANENT },
	{ ERESULT_ACCOUNT_NOT_FOUND, STEAM_LOGON_PERMANENT },
	{ ERESULT_EXPIRED, STEAM_LOGON_TOKEN },
	{ ERESULT_ACCOUNT_DISABLED, STEAM_LOGON_PERMANENT },
	{ ERESULT_SUSPENDED, STEAM_LOGON_PERMANENT },
	{ ERESULT_ACCOUNT_LOGON_DENIED, STEAM_LOGON_TOKEN },
	{ ERESULT_INVALID_LOGIN_AUTH_CODE, STEAM_LOGON_TOKEN },
	{ ERESULT_ACCOUNT_LOCKED_DOWN, STEAM_LOGON_PERMANENT },
	{ ERESULT_RATE_LIMIT_EXCEEDED, STEAM_LOGON_THROTTLED },
	{ ERESULT_ACCOUNT_LOGIN_DENIED_NEED_TWO_FACTOR, STEAM_LOGON_TOKEN },
	{ ERESULT_ACCOUNT_LOGIN_DENIED_THROTTLE, STEAM_LOGON_THROTTLED },
	{ ERESULT_TWO_FACTOR_CODE_MISMATCH, STEAM_LOGON_TOKEN },
	{ ERESULT_ACCOUNT_DELETED, STEAM_LOGON_PERMANENT },
};

static const struct row off[] = {
	{ ERESULT_LOGGED_IN_ELSEWHERE, STEAM_LOGON_REPLACED },
	{ ERESULT_BANNED, STEAM_LOGON_PERMANENT },
	{ ERESULT_EXPIRED, STEAM_LOGON_TOKEN },
	{ ERESULT_LOGON_SESSION_REPLACED, STEAM_LOGON_REPLACED },
	{ ERESULT_ACCOUNT_DISABLED, STEAM_LOGON_PERMANENT },
	{ ERESULT_SUSPENDED, STEAM_LOGON_PERMANENT },
	{ ERESULT_ACCOUNT_LOCKED_DOWN, STEAM_LOGON_PERMANENT },
	{ ERESULT_RATE_LIMIT_EXCEEDED, STEAM_LOGON_THROTTLED },
	{ ERESULT_ACCOUNT_LOGIN_DENIED_THROTTLE, STEAM_LOGON_THROTTLED },
};

#define FIND(rows, eresult) find(rows, sizeof(rows) / sizeof((rows)[0]), eresult)

static enum steam_logon_next find(const struct row *rows, size_t n, int32_t eresult)
{
	for (size_t i = 0; i < n; i++)
		if ((int32_t)rows[i].eresult == eresult)
			return rows[i].next;
	return STEAM_LOGON_OTHER_CM;
}

enum steam_logon_next steam_logon_next(int32_t eresult) { return FIND(anonymous, eresult); }
enum steam_logon_next steam_logon_next_account(int32_t eresult) { return FIND(account, eresult); }
enum steam_logon_next steam_logon_after_off(int32_t eresult) { return FIND(off, eresult); }

static void say(struct buf *to, uint32_t emsg, uint64_t steamid, int32_t session, uint64_t job,
	const ProtobufCMessage *body)
{
	steam_frame_write_message(to,
		&(struct steam_frame){ .emsg = emsg,
			.steamid = steamid,
			.session = session,
			.job_source = job,
			.job_target = STEAM_JOB_NONE },
		body);
}

void steam_logon_hello(struct buf *to)
{
	CMsgClientHello m = CMSG_CLIENT_HELLO__INIT;
	m.has_protocol_version = 1;
	m.protocol_version = STEAM_LOGON_PROTOCOL;
	say(to, EMSG_CLIENT_HELLO, 0, 0, STEAM_JOB_NONE, &m.base);
}

void steam_logon_anonymous(struct buf *to, uint32_t cell_id, uint32_t login_id)
{
	CMsgIPAddress ip = CMSG_IPADDRESS__INIT;
	CMsgClientLogon m = CMSG_CLIENT_LOGON__INIT;

	ip.has_v4 = 1;
	ip.v4 = login_id ^ LOGIN_ID_MASK;
	m.has_protocol_version = m.has_cell_id = m.has_client_os_type = m.has_chat_mode = 1;
	m.protocol_version = STEAM_LOGON_PROTOCOL;
	m.cell_id = cell_id;
	m.client_language = (char *)"english";
	m.client_os_type = OS_LINUX;
	m.obfuscated_private_ip = &ip;
	m.chat_mode = CHAT_MODE_NEW;
	m.anon_user_target_account_name = (char *)"anonymous";
	say(to, EMSG_CLIENT_LOGON, STEAMID_ANON_TEMPLATE, 0, STEAM_JOB_NONE, &m.base);
}

void steam_logon_account(struct buf *to, uint32_t cell_id, uint32_t login_id, const struct steam_logon_as *as)
{
	CMsgIPAddress ip = CMSG_IPADDRESS__INIT;
	CMsgClientLogon m = CMSG_CLIENT_LOGON__INIT;
	char *token = calloc(1, as->token->n + 1);

	if (!token) {
		to->bad = true;
		return;
	}
	memcpy(token, as->token->p, as->token->n);
	ip.has_v4 = 1;
	ip.v4 = login_id ^ LOGIN_ID_MASK;
	m.has_protocol_version = m.has_cell_id = m.has_client_os_type = m.has_chat_mode = 1;
	m.protocol_version = STEAM_LOGON_PROTOCOL;
	m.cell_id = cell_id;
	m.client_language = (char *)"english";
	m.client_os_type = OS_LINUX;
	m.obfuscated_private_ip = &ip;
	m.chat_mode = CHAT_MODE_NEW;
	m.has_should_remember_password = m.should_remember_password = 1;
	m.has_supports_rate_limit_response = m.supports_rate_limit_response = 1;
	m.has_machine_id = 1;
	m.machine_id = (ProtobufCBinaryData){ .data = (uint8_t *)as->machine_id, .len = as->machine_id_n };
	m.machine_name = (char *)as->machine_name;
	m.access_token = token;
	say(to, EMSG_CLIENT_LOGON, as->steamid, 0, STEAM_JOB_NONE, &m.base);
	hush_wipe(token, as->token->n);
	free(token);
}

void steam_logon_beat(struct buf *to, uint64_t steamid, int32_t session)
{
	CMsgClientHeartBeat m = CMSG_CLIENT_HEART_BEAT__INIT;
	say(to, EMSG_CLIENT_HEART_BEAT, steamid, session, STEAM_JOB_NONE, &m.base);
}

void steam_logon_off(struct buf *to, uint64_t steamid, int32_t session)
{
	CMsgClientLogOff m = CMSG_CLIENT_LOG_OFF__INIT;
	say(to, EMSG_CLIENT_LOG_OFF, steamid, session, STEAM_JOB_NONE, &m.base);
}

void steam_logon_probe(struct buf *to, uint64_t steamid, int32_t session, uint64_t job)
{
	CMsgClientPICSChangesSinceRequest m = CMSG_CLIENT_PICSCHANGES_SINCE_REQUEST__INIT;
	m.has_since_change_number = 1;
	say(to, EMSG_CLIENT_PICS_CHANGES_SINCE_REQUEST, steamid, session, job, &m.base);
}
