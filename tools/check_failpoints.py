#!/usr/bin/env python3
"""Every failpoint of the sources stands in docs/testing.md, and tests/system/kill9_test.c, kek_test.c or remote_test.c dies at it; and nothing else does."""
import pathlib, re, sys
source = set()
for f in pathlib.Path('src').rglob('*.c'):
    source |= set(re.findall(r'FAILPOINT(?:_RC)?\("([^"]+)"', f.read_text()))
listed = set(re.findall(r'^\| `([a-z]+\.[a-z_]+)` \|', pathlib.Path('docs/testing.md').read_text(), re.M))
killed = set()
for name in ('kill9', 'kek', 'remote'):
    killed |= set(re.findall(r'"([a-z]+\.[a-z_]+)(?::kill(?::(?:\d+|%ld))?)?"', pathlib.Path(f'tests/system/{name}_test.c').read_text())) & (source | listed)
bad = [f'{n}: not in docs/testing.md' for n in sorted(source - listed)]
bad += [f'{n}: in docs/testing.md and not in the sources' for n in sorted(listed - source)]
bad += [f'{n}: none of kill9_test, kek_test and remote_test dies there' for n in sorted(source - killed)]
print('\n'.join(bad) or f'failpoints: {len(source)}, each in docs/testing.md and in kill9_test, kek_test or remote_test')
sys.exit(bool(bad))
