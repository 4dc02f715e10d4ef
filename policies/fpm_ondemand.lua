-- fpm_ondemand: php-fpm's pm = ondemand. Use it as `only { fpm_ondemand {...} }`.
--
-- One process for each client that finds nobody; once a second at most one goes: the idle one that was started first,
-- once it has been idle for process_idle_timeout.
--
-- options: process_idle_timeout = 10 (seconds), max_children = process_limit
local ROWS = { process_idle_timeout = { 10, 1 }, max_children = { nil, 1, whole = true } }

return function(given)
  local o = options("fpm_ondemand", given, ROWS)
  return {
    on = { "start", "reload", "tick" },
    run = function(s)
      local vote = { on_demand = true, at_most = o.max_children, wake = math.floor(s.now) + 1 }
      if not s.idle then return vote end -- this contract does not tell idle from busy
      for _, p in ipairs(s.processes) do
        if p.state == "idle" then
          if p.idle_for >= o.process_idle_timeout then
            vote.retire, vote.why = { [p.id] = false }, "process_idle_timeout"
          end
          return vote -- the first idle one alone is looked at
        end
      end
      return vote
    end,
  }
end
