-- load.lua for wrk: BODIES names a file with one request body per line; each request takes the next. Every answer is
-- checked for its status, and the last line of output is for bench.py: a JSON object with what was measured.
local bodies = {}
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
local path = os.getenv("TARGET")
local headers = { ["Content-Type"] = "application/json" }
local requests = {}
local at = 0

function init(args)
    for i, body in ipairs(bodies) do requests[i] = wrk.format("POST", path, headers, body) end
    at = math.random(#requests)
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency, requests)
    io.write(string.format(
        'RESULT {"requests":%d,"duration_us":%d,"bytes":%d,"status_errors":%d,"other_errors":%d,"p50_us":%d,"p99_us":%d,"max_us":%d}\n',
        summary.requests, summary.duration, summary.bytes, summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99), latency.max))
end
