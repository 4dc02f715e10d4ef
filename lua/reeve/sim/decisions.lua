--- The decision log: what policies voted and what was ordered, one line each, the same for the same run.
--
--   12.340 imap vote built-in/min_avail spare=8 why="process_min_avail = 8"
--   12.340 imap standing at_least=0 at_most=- spare=8 burst=- shrink_to=12 on_demand=true mode=0 hold_until=0 ...
--   12.340 imap retire 17 by 42340
--
-- Seconds of the trace, service, what. A vote is written when it differs from the policy's last one (its wake aside).
local decisions = {}
local Decisions = {}
Decisions.__index = Decisions

local NO_LIMIT <const> = 4294967295

local STANDING = { "at_least", "at_most", "spare", "burst", "shrink_to", "on_demand", "mode", "hold_until",
  "throttle_first", "throttle_most" }

local function plain(value)
  if value == NO_LIMIT then return "-" end
  if type(value) == "string" then return ("%q"):format(value) end
  if math.type(value) == "float" then return ("%.6g"):format(value) end
  return tostring(value)
end

local function in_order(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function value_text(value)
  if type(value) ~= "table" then return plain(value) end
  local parts = {}
  for _, key in ipairs(in_order(value)) do
    parts[#parts + 1] = math.type(key) == "integer" and plain(value[key]) or key .. ":" .. plain(value[key])
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local UNWRITTEN = { wake = true, as_of = true }

--- A vote in one line.
function decisions.vote_text(vote)
  local words = {}
  for _, name in ipairs(in_order(vote)) do
    if not UNWRITTEN[name] then words[#words + 1] = name .. "=" .. value_text(vote[name]) end
  end
  return #words > 0 and table.concat(words, " ") or "nothing"
end

function Decisions:line(service, text)
  self.write(("%d.%03d %s %s"):format(self.run.now // 1000000, self.run.now // 1000 % 1000, service, text))
end

--- Order `standing` goes out.
function Decisions:standing(msg)
  local words = {}
  for i, name in ipairs(STANDING) do words[i] = name .. "=" .. plain(msg[name]) end
  self:line(self.services[msg.svc].name, "standing " .. table.concat(words, " "))
end

--- retire or kill.
function Decisions:order(verb, process, deadline)
  local name = "?"
  for _, entry in ipairs(self.run.host.entries) do
    if entry.service.processes[process] then name = entry.name end
  end
  self:line(name, ("%s %d%s"):format(verb, process, deadline and deadline > 0 and " by " .. deadline or ""))
end

--- After a turn: the votes that changed.
function Decisions:votes()
  for _, entry in ipairs(self.run.host.entries) do
    for _, part in ipairs(entry.parts) do
      if part.vote ~= self.seen[part] then
        self.seen[part] = part.vote
        local text = decisions.vote_text(part.vote)
        if text ~= self.texts[part] then
          self.texts[part] = text
          self:line(entry.name, ("vote %s %s"):format(part.path, text))
        end
      end
    end
  end
end

--- The log of a run; write(line) gets each line.
function decisions.new(run, services, write)
  return setmetatable({ run = run, services = services, write = write, seen = {}, texts = {} }, Decisions)
end

return decisions
