-- GET /v1/jobs/{id} over a list of ids in turn. Arguments: a tag (not used), the key file, the file of ids.
dofile(debug.getinfo(1, 'S').source:sub(2):match('^(.*/)') .. 'report.lua')

local requests = {}
local at = 0

function init(args)
	local file = assert(io.open(args[2]))
	local key = file:read('*l')
	file:close()
	for id in io.lines(args[3]) do
		requests[#requests + 1] = 'GET /v1/jobs/' .. id .. ' HTTP/1.1\r\nHost: ' .. wrk.headers['Host'] ..
			'\r\n' .. (key:find('^cookie ') and 'Cookie: ' .. key:sub(8) or 'Authorization: Bearer ' .. key) .. '\r\n\r\n'
	end
end

function request()
	at = at % #requests + 1
	return requests[at]
end
