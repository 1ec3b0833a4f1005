-- load.lua for wrk: BODIES names a file with one request body per line (METHOD GET: one path per line); each request takes the
-- next. AUTHORIZATION is sent if it is set. With MARK, a Lua pattern, every answer is read, and how often it occurs in all of them is
-- counted: that costs the generator time, so it is for the warming up. The last line of output is for load.py: a JSON object with
-- what was measured.
local path, method, mark = os.getenv("TARGET"), os.getenv("METHOD") or "POST", os.getenv("MARK")
local headers = {}
local requests = {}
local at = 0
local threads = {}
answers, marks = 0, 0 -- global: done() asks each thread for them

function setup(thread)
    threads[#threads + 1] = thread
end

function init(args)
    headers["Authorization"] = os.getenv("AUTHORIZATION")
    if method == "POST" then headers["Content-Type"] = "application/json" end
    for line in io.lines(os.getenv("BODIES")) do
        if method == "POST" then
            requests[#requests + 1] = wrk.format(method, path, headers, line)
        else
            requests[#requests + 1] = wrk.format(method, path .. line, headers)
        end
    end
    at = math.random(#requests)
end

function request()
    at = at % #requests + 1
    return requests[at]
end

if mark then
    function response(status, head, body)
        local _, found = body:gsub(mark, "")
        answers, marks = answers + 1, marks + found
    end
end

function done(summary, latency, _)
    local read, found = 0, 0
    for _, thread in ipairs(threads) do
        read, found = read + thread:get("answers"), found + thread:get("marks")
    end
    io.write(string.format(
        'RESULT {"requests":%d,"duration_us":%d,"bytes":%d,"status_errors":%d,"other_errors":%d,"answers":%d,"marks":%d,' ..
        '"p50_us":%d,"p99_us":%d,"p999_us":%d,"max_us":%d}\n',
        summary.requests, summary.duration, summary.bytes, summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, read, found,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
