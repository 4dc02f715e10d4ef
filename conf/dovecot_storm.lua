-- What to do when everybody comes at once: the network is back, it is nine o'clock. For imap-login and imap of
-- conf/dovecot/imap.lua, or of what `reeve import dovecot` wrote:
--
--   service "imap-login" { …, policy = require "dovecot_storm".login { rate = 20, spare = 20 } }
--   service "imap"       { …, policy = require "dovecot_storm".sessions { rate = 20, spare = 20 } }
--
-- A policy is added to what the settings say and can only ask for more here: it never holds anybody back, process_limit
-- stands, and idle_kill takes the surplus away afterwards. Try it first: reeve simulate --trace storm -c FILE.

local M = {}

local WINDOW <const> = 5 -- s over which newcomers are counted

-- spare = ready processes while a storm lasts and `calm` seconds longer. `rate_of(s)`: newcomers a second.
local function while_stormy(options, rate_of)
  options = options or {}
  local rate, spare, calm = options.rate or 20, options.spare or 20, options.calm or 60
  return {
    on = { "start", "reload", "status", "demand", "tick" },
    run = function(s, _, st)
      local now = rate_of(s) or 0
      if now >= rate then st.calm_at = s.now + calm end
      if (st.calm_at or 0) <= s.now then return { wake = s.now + 1 } end
      return { spare = spare, wake = s.now + 1, why = ("a storm: %.0f clients a second"):format(now) }
    end,
  }
end

--- For imap-login: processes that have started wait for the next wave.
function M.login(options)
  return while_stormy(options, function(s) return s:rate("arrivals", WINDOW) end)
end

--- For imap: the sessions that follow the logins have their processes ready when they come.
function M.sessions(options)
  return while_stormy(options, function(s)
    local login = s.services["imap-login"]
    return login and login:rate("arrivals", WINDOW)
  end)
end

return M
