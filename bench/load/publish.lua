-- POST of one body, each request with an Idempotency-Key of its own. Arguments: a tag unique to the run, the key file or "-", the body.
dofile(debug.getinfo(1, 'S').source:sub(2):match('^(.*/)') .. 'report.lua')

local before, after
local count = 0

function init(args)
	local key = ''
	if args[2] ~= '-' then
		local file = assert(io.open(args[2]))
		key = 'Authorization: Bearer ' .. file:read('*l') .. '\r\n'
		file:close()
	end
	before = 'POST ' .. wrk.path .. ' HTTP/1.1\r\nHost: ' .. wrk.headers['Host'] .. '\r\n' .. key ..
		'Content-Type: application/json\r\nContent-Length: ' .. #args[3] .. '\r\nIdempotency-Key: ' .. args[1] .. '-'
	after = '\r\n\r\n' .. args[3]
end

function request()
	count = count + 1
	return before .. count .. after
end
