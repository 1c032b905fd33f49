export const APPS = Array.from({ length: 2000 }, (_, n) => 1000 + n * 10);
export function writeWorld() {}
