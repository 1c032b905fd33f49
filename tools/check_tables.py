#!/usr/bin/env python3
"""Tables whose order has no meaning are sorted, so that a row has one place and two branches seldom meet."""
import re, sys
bad = []
def rows(path, pattern): return [m.group(1) for m in re.finditer(pattern, open(path).read(), re.M)]
for path, pattern in (('src/base/metrics.def', r'^METRIC\((\w+)'), ('src/control/events/types.def', r'^EVENT\("([^"]+)"'), ('src/model/scopes.def', r'^SCOPE\(\w+,\s*"([^"]+)"'), ('src/control/access/objects.def', r'^OBJECT\((\w+)')):
    names = rows(path, pattern)
    if not names: bad.append(f'{path}: no rows found')
    for a, b in zip(names, names[1:]):
        if a >= b: bad.append(f'{path}: {b} stands after {a}')
print('\n'.join(bad) or 'tables: sorted')
sys.exit(bool(bad))
