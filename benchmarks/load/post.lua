-- wrk: posts the pictures that it is given, each under a name of its own; the service knows a sheet by name and digest.
-- wrk ... -s post.lua URL -- NAME PICTURE...
local threads = {}
local boundary = "sheet-boundary"

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  name, bodies, posted = arguments[1], {}, 0
  told, refused, other = 0, 0, 0
  for position = 2, #arguments do
    local file = assert(io.open(arguments[position], "rb"))
    table.insert(bodies, file:read("*a"))
    file:close()
  end
end

function request()
  posted = posted + 1
  local filename = string.format("%s-%d-%d.jpg", name, number, posted)
  local head = "--" .. boundary .. '\r\nContent-Disposition: form-data; name="image"; filename="' .. filename
    .. '"\r\nContent-Type: image/jpeg\r\n\r\n'
  local body = head .. bodies[posted % #bodies + 1] .. "\r\n--" .. boundary .. "--\r\n"
  return wrk.format("POST", nil, { ["Content-Type"] = "multipart/form-data; boundary=" .. boundary }, body)
end

function response(status)
  if status == 200 or status == 201 then told = told + 1
  elseif status == 503 then refused = refused + 1
  else other = other + 1 end
end

function done(summary, latency)
  local told, refused, other = 0, 0, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do
    told, refused = told + thread:get("told"), refused + thread:get("refused")
    other = other + thread:get("other")
  end
  io.write(string.format('\n{"told": %d, "refused": %d, "other": %d, "seconds": %f, "p50": %f, "p95": %f, "p99": %f, "most": %f}\n',
    told, refused, other, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3))
end
