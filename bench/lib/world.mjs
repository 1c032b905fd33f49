// The simulated Steam's world for the product info figure: 2,000 made-up apps with records of 3 to 6 KB of text VDF, the size
// of a small real app's.
import { writeFileSync } from 'node:fs';

const FIRST = 1_000_000;
export const APPS = Array.from({ length: 2000 }, (_, n) => FIRST + n);

export function writeWorld(path) {
	writeFileSync(path, `change 5000\ngenerate apps=${FIRST}-${FIRST + APPS.length - 1} seed=5 min=3000 max=6000\n`);
}
