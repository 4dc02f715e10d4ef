-- max_requests: replace processes that have served many clients, one at a time.
--
-- As gunicorn's max_requests with its jitter, which keeps workers that began together from going together; the jitter
-- is drawn once per process, not at each look (Circus's mistake), and the next one goes only when nobody starts or
-- drains (gunicorn recycles them all at once under even load).
--
-- options: n = 1000 clients, jitter = 0.1 (up to this share more)
local ROWS = { n = { 1000, 1 }, jitter = { 0.1, 0, 1 } }

return function(given)
  local o = options("max_requests", given, ROWS, "n")
  return {
    on = { "start", "reload", "tick" },
    run = function(s)
      local vote = { wake = math.floor(s.now) + 1 }
      if s.draining > 0 or s.starting > 0 then return vote end
      local worn
      for _, p in ipairs(s.processes) do
        local at_work = (p.state == "idle" or p.state == "busy") and p.served
        local over = at_work and p.served - o.n * (1 + o.jitter * p.jitter) or -1
        if over >= 0 and (not worn or over > worn.over) then worn = { id = p.id, over = over, served = p.served } end
      end
      if worn then
        vote.retire, vote.why = { [worn.id] = false }, ("process %d has served %d clients"):format(worn.id, worn.served)
      end
      return vote
    end,
  }
end
