-- min_avail: keep process_min_avail processes able to take clients. Built in.
--
-- Dovecot's service_monitor_start_extra_avail: a floor on processes with room for a client, new ones counted from
-- their fork. Dovecot starts at most 10 of them at a time and yields to starts on demand; here the master starts the
-- missing ones at once. A service of type startup gets one process when the daemon starts; the vote stands, and the
-- master's pool sees to it that a job that has ended well does not run twice, or only after `every`. log and anvil
-- always have one: the others write to their pipes.
local ALWAYS = { log = "reads the log of all others", anvil = "counts the clients of all others" }

return function()
  return {
    on = { "start", "reload" },
    run = function(s)
      local vote = { spare = s.settings.process_min_avail }
      if s.type == "startup" then vote.at_least, vote.why = 1, "runs once at the start" end
      if ALWAYS[s.type] then vote.at_least, vote.why = 1, ALWAYS[s.type] end
      if vote.spare > 0 then vote.why = ("process_min_avail = %d"):format(vote.spare) end
      return vote
    end,
  }
end
