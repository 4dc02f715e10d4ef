--- An event (reeve.happenings) for people and for programs, and the filter that a person writes.
local decisions = require "reeve.decisions"
local frozen = require "reeve.frozen"
local print = require "reeve.print"

local eventline = {}

local NO_LIMIT <const> = require "reeve.vote".NO_LIMIT

local function process(ev)
  return ("process %d%s"):format(ev.id, ev.pid and (" (pid %d)"):format(ev.pid) or "")
end

local function fields(ev)
  local shown = {}
  for name, value in pairs(ev) do
    if name ~= "at" and name ~= "kind" and name ~= "service" and name ~= "own" and name ~= "verb" then
      shown[name] = value
    end
  end
  return decisions.text(shown)
end

-- Of a standing order only the bounds that bind.
local function bounds(standing)
  local shown = {}
  for name, value in pairs(standing) do
    if value and value ~= 0 and value ~= NO_LIMIT and name ~= "as_of" then shown[name] = value end
  end
  return decisions.text(shown)
end

local WORDS = {
  spawn = process, ready = process, kill = process,
  exit = function(ev) return ev.text:find "^process " and ev.text or process(ev) .. " " .. ev.text end,
  start_failed = function(ev) return ev.text end,
  vote = function(ev) return ev.policy .. " " .. decisions.text(ev.vote) end,
  standing = function(ev) return bounds(ev.standing) end,
  quarantine = function(ev) return ev.text end,
  failure = function(ev) return ev.policy .. " " .. ev.text end,
  operator = function(ev) return ev.verb .. " " .. fields(ev) end,
}

--- A line for people, without its end.
function eventline.text(ev)
  local words = print.plain((WORDS[ev.kind] or fields)(ev))
  return (("%s.%03d %s %s %s"):format(os.date("%Y-%m-%d %H:%M:%S", ev.at // 1000), ev.at % 1000, ev.service, ev.kind,
    words):gsub("%s+$", ""))
end

-- One that is empty is an object, too.
local function object(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return print.record(names, t)
end

--- A line of JSON, without its end.
function eventline.json(ev)
  local shown = {}
  for name, value in pairs(ev) do shown[name] = type(value) == "table" and object(value) or value end
  return print.json(shown)
end

--- filter(text, guard, sandbox) -> function(event) -> whether it is wanted | nil, sentence; no text: everything is.
function eventline.filter(text, guard, sandbox)
  if not text then return function() return true end end
  local env = sandbox.policy_env {}
  local chunk, sentence = load("local ev = ... return (" .. text .. "\n)", "=EXPR", "t", env)
  if not chunk then return nil, sentence end
  return function(ev)
    local ok, wanted = guard.call(20, chunk, frozen.view(ev, "an event"))
    if not ok then return nil, tostring(wanted) end
    return wanted and true or false
  end
end

return eventline
