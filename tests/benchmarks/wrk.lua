-- Posts the lines of the file that BENCH_BODIES names, in turn.
local requests, place = {}, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

function init(args)
  for line in io.lines(os.getenv("BENCH_BODIES")) do
    requests[#requests + 1] = wrk.format(nil, nil, nil, line)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end
