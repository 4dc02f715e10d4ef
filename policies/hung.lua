-- hung: kill processes that have been busy for too long.
--
-- uWSGI's harakiri with harakiri-queue-threshold: with `backlog`, only while at least that many clients wait, so
-- that slowness is punished only when it hurts. For services with client_limit = 1: a process with more is busy as
-- long as it has any client.
--
-- options: after = 300 (seconds), backlog = 0 (clients waiting)
local ROWS = { after = { 300, 0.001 }, backlog = { 0, 0, whole = true } }

return function(given)
  local o = options("hung", given, ROWS, "after")
  return {
    on = { "start", "reload", "tick" },
    run = function(s)
      local vote = { wake = math.floor(s.now) + 1 }
      if s.waiting < o.backlog or s.settings.client_limit > 1 then return vote end
      for _, p in ipairs(s.processes) do
        if p.state == "busy" and p.busy_for and p.busy_for >= o.after then
          vote.kill = vote.kill or {}
          vote.kill[p.id], vote.why = true, ("busy for more than %g s"):format(o.after)
        end
      end
      return vote
    end,
  }
end
