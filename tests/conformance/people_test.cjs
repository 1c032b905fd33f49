// npm steam-user, as it is, as accounts of steamsim: passwords, codes, tokens, what Steam tells after a logon, friends, messages.
// also: tcp
'use strict';
const SteamUser = require('steam-user');
const SteamCommunity = require('steamcommunity');
const { codeOf, logOff, logOn, newClient, once, until } = require('./account.cjs');
const { ask, assert, main, ok } = require('./sim.cjs');

const { EResult, EFriendRelationship, EPersonaState } = SteamUser;
const person = async (name) => JSON.parse(await ask('GET', `/sim/person/${name}`));

async function passwords() {
	const plain = await logOn({ accountName: 'plain', password: 'plain-pass' });
	await until('the burst', () => ['accountInfo', 'emailInfo', 'accountLimitations', 'vacBans', 'wallet', 'licenses', 'gifts',
		'friendsList', 'nicknameList', 'friendsGroupList', 'webSession', 'newItems', 'newComments'].every((n) => plain.told[n]));
	assert.strictEqual(plain.steamID.getSteamID64(), (await person('plain')).steamId);
	assert.deepStrictEqual([plain.told.accountInfo[0], plain.told.accountInfo[1]], ['plain', 'DE']);
	assert.deepStrictEqual(plain.told.emailInfo, ['plain@mail.example', true]);
	assert.deepStrictEqual(plain.told.accountLimitations.slice(0, 3), [false, false, false]);
	assert.deepStrictEqual(plain.told.vacBans.slice(0, 2), [0, []]);
	assert.deepStrictEqual(plain.told.wallet, [true, 3, 12.34]);
	assert.deepStrictEqual(plain.told.licenses[0].map((l) => l.package_id).sort(), [0, 90001]);
	ok('a name and a password: logged on, and told of itself');
	assert.ok(plain.told.webSession[1].some((c) => c.startsWith('steamLoginSecure=')));
	const community = new SteamCommunity();
	community.setCookies(plain.told.webSession[1]);
	const [loggedIn] = await new Promise((resolve, reject) => community.loggedIn((e, ...got) => (e ? reject(e) : resolve(got))));
	assert.strictEqual(loggedIn, true);
	ok('a web session came, and steamcommunity is logged in with it');
	return plain;
}

async function tokens(plain) {
	const guarded = newClient();
	guarded.logOn({ accountName: 'guarded', password: 'guarded-pass', twoFactorCode: codeOf('guarded') });
	const [token] = await once(guarded, 'refreshToken');
	await once(guarded, 'loggedOn');
	await logOff(guarded);
	ok('a password and a code of the app');
	const again = await logOn({ refreshToken: token });
	assert.deepStrictEqual((await person('guarded')).logons, 2);
	await until('bans', () => again.told.vacBans);
	assert.strictEqual(again.told.vacBans[0], 1);
	ok('a refresh token');
	await until('personas', () => plain.users[again.steamID.getSteamID64()]);
	return { again, token };
}

async function refusals() {
	const wrong = newClient();
	wrong.logOn({ accountName: 'plain', password: 'no' });
	assert.strictEqual((await once(wrong, 'error'))[0].eresult, EResult.InvalidPassword);
	const unknown = newClient();
	unknown.logOn({ accountName: 'nobody-here', password: 'no' });
	assert.strictEqual((await once(unknown, 'error'))[0].eresult, EResult.InvalidPassword);
	const off = newClient();
	off.logOn({ accountName: 'off', password: 'off-pass' });
	assert.strictEqual((await once(off, 'error'))[0].eresult, EResult.AccountDisabled);
	ok('a wrong password, an unknown name, a disabled account');
	const mailed = newClient();
	mailed.logOn({ accountName: 'mailed', password: 'mailed-pass' });
	const [domain, callback, lastWrong] = await once(mailed, 'steamGuard');
	assert.deepStrictEqual([domain, lastWrong], ['mail.example', false]);
	callback('WRONG');
	const [, callAgain] = await once(mailed, 'steamGuard');
	const { code } = JSON.parse(await ask('GET', '/sim/mail?name=mailed'));
	assert.strictEqual(code, 'B2C4D');
	const machine = once(mailed, 'machineAuthToken');
	callAgain(code);
	const [machineAuthToken] = await machine;
	await once(mailed, 'loggedOn');
	await logOff(mailed);
	ok('a code from an e-mail, wrong and right');
	const known = await logOn({ accountName: 'mailed', password: 'mailed-pass', machineAuthToken });
	assert.strictEqual(known.told.steamGuard, undefined);
	await logOff(known);
	ok('a known machine is not asked again');
}

async function sessions(plain, token) {
	const one = await logOn({ refreshToken: token, logonID: 7001 });
	const two = await logOn({ refreshToken: token, logonID: 7002 });
	assert.strictEqual((await person('guarded')).sessions, 3);
	const replaced = once(one, 'error');
	const three = await logOn({ refreshToken: token, logonID: 7001 });
	assert.strictEqual((await replaced)[0].eresult, EResult.LogonSessionReplaced);
	ok('another session with the same login id replaces the first; others stay');
	const blocked = once(three, 'playingState');
	two.gamesPlayed([480]);
	assert.deepStrictEqual(await blocked, [true, 480]);
	const elsewhere = once(two, 'error');
	three.gamesPlayed([440]);
	assert.strictEqual((await elsewhere)[0].eresult, EResult.LoggedInElsewhere);
	assert.deepStrictEqual((await person('guarded')).playing, [440]);
	ok('who plays elsewhere is logged off');
	const seen = () => plain.users[three.steamID.getSteamID64()];
	await until('what a friend plays', () => String(seen().gameid) === '440' && seen().game_played_app_id === 440);
	ok('friends see what is played');
	three.gamesPlayed([]);
	await until('nothing played', () => three.playingState && three.playingState.appid === 0);
	await logOff(three);
}

async function friends(plain, guarded) {
	const id = guarded.steamID.getSteamID64();
	const { personas } = await plain.getPersonas([id]);
	assert.strictEqual(personas[id].player_name, 'Guarded');
	guarded.setPersona(EPersonaState.Online, 'Renamed');
	await until('the new name', () => plain.users[id].player_name === 'Renamed');
	ok('states and names reach friends');
	const other = await logOn({ accountName: 'other', password: 'other-pass' });
	const asked = once(guarded, 'friendRelationship');
	const added = await other.addFriend(guarded.steamID);
	assert.strictEqual(added.personaName, 'Renamed');
	assert.strictEqual((await asked)[1], EFriendRelationship.RequestRecipient);
	const accepted = once(other, 'friendRelationship');
	await guarded.addFriend(other.steamID);
	assert.strictEqual((await accepted)[1], EFriendRelationship.Friend);
	await assert.rejects(() => other.addFriend(guarded.steamID), (e) => e.eresult === EResult.DuplicateName);
	const removed = once(guarded, 'friendRelationship');
	other.removeFriend(guarded.steamID);
	assert.strictEqual((await removed)[1], EFriendRelationship.None);
	ok('friends: asked, accepted, twice, removed; both sides hear of it');
	await other.blockUser(guarded.steamID);
	await assert.rejects(() => guarded.addFriend(other.steamID), (e) => e.eresult === EResult.Blocked);
	await other.unblockUser(guarded.steamID);
	await plain.setNickname(guarded.steamID, 'Gee');
	await until('a nickname', () => plain.myNicknames[id] === 'Gee');
	assert.deepStrictEqual((await other.getSteamLevels([plain.steamID])).users[plain.steamID.getSteamID64()], 12);
	ok('blocked, nicknames, levels');
	await logOff(other);
}

async function messages(plain, guarded) {
	const heard = once(guarded.chat, 'friendMessage');
	const sent = await plain.chat.sendFriendMessage(guarded.steamID, 'hello there');
	const [message] = await heard;
	assert.strictEqual(message.message, 'hello there');
	assert.strictEqual(message.steamid_friend.getSteamID64(), plain.steamID.getSteamID64());
	assert.ok(sent.server_timestamp instanceof Date);
	const typing = once(guarded.chat, 'friendTyping');
	plain.chat.sendFriendTyping(guarded.steamID);
	await typing;
	const history = await guarded.chat.getFriendMessageHistory(plain.steamID);
	assert.deepStrictEqual(history.messages.map((m) => m.message), ['hello there']);
	const active = await guarded.chat.getActiveFriendMessageSessions();
	assert.strictEqual(active.sessions.length, 1);
	assert.strictEqual(active.sessions[0].unread_message_count, 1);
	guarded.chat.ackFriendMessage(plain.steamID, history.messages[0].server_timestamp);
	assert.strictEqual((await guarded.chat.getActiveFriendMessageSessions()).sessions[0].unread_message_count, 0);
	const stranger = await logOn({ accountName: 'bot001', password: 'bot-pass', twoFactorCode: codeOf('bot001') });
	await assert.rejects(() => stranger.chat.sendFriendMessage(plain.steamID, 'buy'), (e) => e.eresult === EResult.AccessDenied);
	await logOff(stranger);
	assert.deepStrictEqual((await person('guarded')).messages.map((m) => m.text), ['hello there']);
	ok('messages: sent, heard, read, remembered; not from strangers');
}

main(async () => {
	const plain = await passwords();
	plain.setPersona(EPersonaState.Online);
	const { again, token } = await tokens(plain);
	await refusals();
	await friends(plain, again);
	await messages(plain, again);
	await sessions(plain, token);
	const log = JSON.parse(await ask('GET', '/sim/logons'));
	assert.ok(log.length > 10 && log.every((l) => l.ip === '127.0.0.1' && l.timeMs > 1e12));
	assert.ok(log.some((l) => l.name === 'plain' && l.kind === 'auth' && l.eresult === EResult.InvalidPassword));
	ok('every try to log on is remembered');
	const lost = once(again, 'error');
	await ask('POST', '/sim/kick?name=guarded&eresult=48');
	assert.strictEqual((await lost)[0].eresult, EResult.TryAnotherCM);
	ok('kicked by name');
});
