-- throttle: how long starts wait after a failed one. Built in.
--
-- Dovecot's SERVICE_STARTUP_FAILURE_THROTTLE: 2 s, doubled at each failure up to 60 s, forgotten after an end with
-- status 0. The master counts the failures and holds the starts itself; here stand only the two delays.
--
-- options: first = 2, most = 60 (seconds)
return function(given)
  local delays = options("throttle", given, { first = { 2, 0.1 }, most = { 60, 0.1 } })
  return {
    on = { "start", "reload" },
    run = function() return { throttle = delays } end,
  }
end
