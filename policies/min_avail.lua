-- min_avail: keep process_min_avail processes able to take clients. Built in.
--
-- Dovecot's service_monitor_start_extra_avail: a floor on processes with room for a client, new ones counted from
-- their fork. Dovecot starts at most 10 of them at a time and yields to starts on demand; here the master starts the
-- missing ones at once. A service of type startup gets one process when the daemon starts, until one has ended well
-- (which the master's pool sees first, so that a quick job does not run twice). With `every` the vote stands and the
-- master's pool says when it counts again. log and anvil always have one: the others write to their pipes.
local ALWAYS = { log = "reads the log of all others", anvil = "counts the clients of all others" }

return function()
  local function floor(s, st)
    local vote = { spare = s.settings.process_min_avail }
    if s.type == "startup" and not st.done then vote.at_least, vote.why = 1, "runs once at the start" end
    if ALWAYS[s.type] then vote.at_least, vote.why = 1, ALWAYS[s.type] end
    if vote.spare > 0 then vote.why = ("process_min_avail = %d"):format(vote.spare) end
    return vote
  end

  return {
    on = { "start", "reload", "exit", "operator" },
    run = function(s, ev, st)
      if ev.kind == "exit" then
        if s.type ~= "startup" or s.settings.every ~= math.huge then return nil end
        if st.done or not ev.ok or ev.asked then return nil end
        st.done = true
      elseif ev.kind == "operator" and (ev.verb == "start" or ev.verb == "restart") then
        st.done = nil
      end
      return floor(s, st)
    end,
  }
end
