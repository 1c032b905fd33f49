-- POST /v1/jobs, each request with an Idempotency-Key of its own. Arguments: a tag unique to the run, the key file, the body.
dofile(debug.getinfo(1, 'S').source:sub(2):match('^(.*/)') .. 'report.lua')

local body
local before, after
local count = 0

function init(args)
	local file = assert(io.open(args[2]))
	local key = file:read('*l')
	file:close()
	body = args[3] or '{"action":"pics.product_info","payload":{"apps":[440]}}'
	before = 'POST /v1/jobs HTTP/1.1\r\nHost: ' .. wrk.headers['Host'] .. '\r\nAuthorization: Bearer ' .. key ..
		'\r\nContent-Type: application/json\r\nContent-Length: ' .. #body .. '\r\nIdempotency-Key: ' .. args[1] .. '-'
	after = '\r\n\r\n' .. body
end

function request()
	count = count + 1
	return before .. count .. after
end
