// The simulated Steam's world for the product info figure: 2,000 apps with records of about 4.5 KiB, the size of a small
// real app's. A record is a tree of strings, as text VDF is; steamsim writes it as the client expects it.
import { writeFileSync } from 'node:fs';

export const APPS = Array.from({ length: 2000 }, (_, n) => 1_000_000 + n * 10);

const LANGUAGES = ['english', 'german', 'french', 'italian', 'spanish', 'polish', 'russian', 'japanese', 'koreana', 'schinese'];
const DEPOTS = 8;

/** Digits that differ from app to app and run to the same each time. */
const digits = (seed, n) => Array.from({ length: n }, (_, k) => (seed * 7919 + k * k * 104729 + k) % 10).join('').replace(/^0/, '1');
const numbered = (values) => Object.fromEntries(values.map((value, n) => [String(n), value]));

function depot(app, n) {
	const id = app + n;
	return {
		config: { oslist: ['windows', 'linux', 'macos'][n % 3], osarch: '64' },
		manifests: {
			public: { gid: digits(id, 19), size: digits(id + 1, 10), download: digits(id + 2, 9) },
			beta: { gid: digits(id + 3, 19), size: digits(id + 4, 10), download: digits(id + 5, 9) },
		},
	};
}

function record(app) {
	return {
		appid: String(app),
		common: {
			name: `Simulated game ${app}`, type: 'Game', releasestate: 'released', oslist: 'windows,linux,macos', osarch: '64', gameid: String(app),
			controller_support: 'full', metacritic_score: '81', review_score: '8', review_percentage: '90', steam_release_date: '1500000000',
			store_tags: numbered(Array.from({ length: 15 }, (_, n) => digits(app + n, 5))),
			genres: numbered(['1', '3', '23']),
			category: Object.fromEntries([1, 2, 9, 22, 23, 29, 30].map((n) => [`category_${n}`, '1'])),
			languages: Object.fromEntries(LANGUAGES.map((name) => [name, '1'])),
			associations: numbered([{ type: 'developer', name: 'Bench House' }, { type: 'publisher', name: 'Bench House' }]),
		},
		extended: { developer: 'Bench House', publisher: 'Bench House', homepage: `https://example.invalid/${app}`, isfreeapp: '0' },
		config: {
			installdir: `Simulated game ${app}`,
			launch: numbered([
				{ executable: 'game.exe', type: 'default', config: { oslist: 'windows' } },
				{ executable: 'game.sh', type: 'default', config: { oslist: 'linux' } },
			]),
		},
		depots: {
			...Object.fromEntries(Array.from({ length: DEPOTS }, (_, n) => [String(app + n + 1), depot(app, n + 1)])),
			branches: {
				public: { buildid: digits(app, 8), timeupdated: '1700000000' },
				beta: { buildid: digits(app + 9, 8), description: 'next', pwdrequired: '0', timeupdated: '1700000100' },
			},
		},
	};
}

export function writeWorld(path) {
	writeFileSync(path, JSON.stringify({ apps: APPS.map((app, n) => ({ id: app, changeNumber: 30_000_000 + n, info: record(app) })) }));
}
