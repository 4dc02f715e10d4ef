--- The decision log of a simulation: the lines of reeve.decisions, as a replay writes them for a recording.
local decisions = require "reeve.decisions"

local decisionlog = {}

local function nothing() end

-- Which service an order is about, of a host.
local function name_of(host, fields)
  if fields.svc then return host.entries[fields.svc].name end
  for _, entry in ipairs(host.entries) do
    if entry.service.processes[fields.process] then return entry.name end
  end
  return ("process %s"):format(fields.process)
end

--- A tap for a host (and a watcher of its orders) that gives each line to `write`.
function decisionlog.new(write)
  local taken = decisions.new()
  local tap = { watch = function(order) return taken:watch(order) end }
  function tap.turn() taken:turn() end
  function tap.asking() taken:asking() end
  function tap.voted(_, ...) taken:voted(...) end
  function tap.broke(_, ...) taken:broke(...) end
  function tap.decided(_, host, now)
    local decision = taken:take(now)
    if not decision then return end
    local function of(fields) return name_of(host, fields) end
    for _, line in ipairs(decisions.lines(decision, of)) do write(line) end
  end
  return setmetatable(tap, { __index = function() return nothing end })
end

return decisionlog
