-- Plays requests that were written beforehand, each once: every thread reads a file of its own.
-- wrk -s load.lua URL -- FILES EXPECT   plays FILES1, FILES2, …; EXPECT is the status of a right answer.

local ffi = require("ffi")
ffi.cdef("typedef struct { long sec; long usec; } moment; int gettimeofday(moment *, void *);")
local moment = ffi.new("moment")
local threads = {}

-- wrk itself always lasts as long as it was told to, even when there is nothing left to send.
local function now()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.sec) + tonumber(moment.usec) / 1e6
end

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

-- A file is "<length>\n<request>" again and again; a request is raw HTTP.
local function read(path)
  local found, file = {}, assert(io.open(path, "rb"))
  local length = file:read("*n")
  while length do
    file:read(1)
    table.insert(found, file:read(length))
    length = file:read("*n")
  end
  file:close()
  return found
end

function init(args)
  requests, expected = read(args[1] .. number), tonumber(args[2])
  sent, answered, wrong, first_wrong = 0, 0, 0, ""
  began, ended = 0, 0
  rehearsing = number == 1 -- wrk asks the first thread once before it begins, and sends nothing
end

function request()
  if rehearsing then
    rehearsing = false
    return requests[1]
  end
  if sent == #requests then
    return "" -- nothing goes out, and this connection rests
  end
  if sent == 0 then
    began = now()
  end
  sent = sent + 1
  return requests[sent]
end

function response(status, headers, body)
  answered = answered + 1
  ended = now()
  if status ~= expected then
    wrong = wrong + 1
    if wrong == 1 then
      first_wrong = status .. " " .. body:sub(1, 300)
    end
  end
  if answered == #requests then
    wrk.thread:stop()
  end
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(sign) return string.format("\\u%04x", sign:byte()) end) .. '"'
end

function done(summary, latency)
  local sum, first, from, till = { sent = 0, answered = 0, wrong = 0 }, "", math.huge, 0
  for _, thread in ipairs(threads) do
    for name in pairs(sum) do
      sum[name] = sum[name] + thread:get(name)
    end
    if thread:get("answered") > 0 then
      from, till = math.min(from, thread:get("began")), math.max(till, thread:get("ended"))
    end
    first = first == "" and thread:get("first_wrong") or first
  end
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  print(string.format(
    '\n{"sent": %d, "answered": %d, "wrong": %d, "lost": %d, "seconds": %.3f, "p50_ms": %.2f, "p99_ms": %.2f, "first": %s}',
    sum.sent, sum.answered, sum.wrong, lost, math.max(till - from, 0.001),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, quoted(first)))
end
