-- The same GET over and over.
dofile(debug.getinfo(1, 'S').source:sub(2):match('^(.*/)') .. 'report.lua')
