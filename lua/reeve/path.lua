--- Paths: the `services["imap-login"].processes[1].st` at the end of a line, read for completion and help. Nothing is
-- evaluated: classes are those of reeve.api, and of the session's own tables only raw fields are looked at.

local api = require "reeve.api"

local M = {}

local LONGEST = 1024 -- of a path

-- Takes the last step off `text`: the rest and the step { kind = "." | ":" | "[" | "first", name }; nil: no path.
local function last_step(text)
  local rest, name = text:match "^(.*)%[%s*\"([^\"]*)\"%s*%]$"
  if not rest then rest, name = text:match "^(.*)%[%s*'([^']*)'%s*%]$" end
  if rest then return rest, { kind = "[", name = name } end
  rest, name = text:match "^(.*)%[%s*(%d+)%s*%]$"
  if rest then return rest, { kind = "[", name = math.tointeger(tonumber(name)) } end
  rest, name = text:match "^(.-)([%a_][%w_]*)$"
  if not rest then return nil end
  local kind = rest:match "[.:]$"
  if not kind or rest:find "%.%.$" then return rest, { kind = "first", name = name } end
  return rest:sub(1, -2), { kind = kind, name = name }
end

-- The steps that end `text`, first to last, and what stands before them; nil: it does not end with a path.
local function steps_of(text)
  local steps = {}
  while true do
    local rest, step = last_step(text)
    if not rest then return nil end
    table.insert(steps, 1, step)
    if step.kind == "first" then return steps, rest end
    text = rest
  end
end

--- The end of a line: steps of the path before the word that is being written, that word, and how it is joined:
-- "first", ".", ":" or "[" (then `quote` is the one it was opened with). nil: no path stands there.
function M.read(text)
  text = text:sub(-LONGEST)
  local before, quote, word = text:match "^(.*)%[%s*([\"'])([^\"'%]]*)$"
  if before and steps_of(before) then
    return { steps = steps_of(before), word = word, kind = "[", quote = quote }
  end
  word = text:match "[%w_]*$"
  before = text:sub(1, #text - #word)
  local kind = before:match "[.:]$"
  if kind and not before:find "%.%.$" then
    local steps = steps_of(before:sub(1, -2))
    if not steps then return nil end
    return { steps = steps, word = word, kind = kind }
  end
  if word:find "^%d" then return nil end
  return { steps = {}, word = word, kind = "first" }
end

-- ---- what a path leads to

-- From a place { class, list, value } one step on; nil: nobody knows.
local function enter(place, step, session)
  if place.class == "services" and step.kind ~= ":" then
    return session.is_service(step.name) and { class = "service", name = step.name } or nil
  end
  if place.list then return step.kind == "[" and { class = place.class } or nil end
  if place.class then
    local row = step.kind ~= ":" and api.find(place.class, step.name, false)
    return row and row.class and { class = row.class, list = row.list } or nil
  end
  local value = place.value
  if type(value) ~= "table" or debug.getmetatable(value) ~= nil then return nil end
  return session.place(rawget(value, step.name))
end

--- Where steps lead: { class, list } of reeve.api, or { value } of a table of the session; nil: nobody knows.
-- session: is_service(name), global(name) -> place | nil, place(value) -> place | nil.
function M.follow(steps, session)
  local place = steps[1] and session.global(steps[1].name)
  for i = 2, #steps do
    if not place then return nil end
    place = enter(place, steps[i], session)
  end
  return place
end

--- A path written out, "services.web:restart" -> steps; nil: it is none.
function M.parse(text)
  local steps, rest = steps_of(text:sub(-LONGEST))
  return rest == "" and steps or nil
end

return M
