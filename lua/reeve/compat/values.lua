--- values: what stands behind a name in dovecot.conf, as the text of a Lua value. A kind of value is a function:
-- text of doveconf -> text of a Lua value | nil (nothing to write) [, what is wrong].

local literal = require "reeve.literal"

local M = {}

local list, quoted = literal.list, literal.quoted

local NEVER_S <const> = "4294967295"
local DEFAULT_SIZE <const> = "18446744073709551615"

local function split(text)
  local words = {}
  for word in text:gmatch "[^%s,]+" do words[#words + 1] = word end
  return words
end

local VALUE = {}
M.KINDS = VALUE

local SECONDS = { s = 1, sec = 1, secs = 1, min = 60, mins = 60, hour = 3600, hours = 3600, day = 86400,
  days = 86400, week = 604800, weeks = 604800 }

function VALUE.duration(text)
  local n, unit = text:match "^(%d+)%s*(%a*)$"
  local factor = SECONDS[unit == "" and "s" or unit]
  if text == "0" then return nil end
  if n == NEVER_S then return quoted "never" end
  if unit == "msecs" or unit == "ms" then return quoted(n .. "ms") end
  if not n or not factor then return nil, ("'%s' is not a time"):format(text) end
  return quoted(("%ds"):format(math.tointeger(n) * factor))
end

function VALUE.size(text)
  local n, unit = text:match "^(%d+)%s*(%a?)B?$"
  if n == DEFAULT_SIZE then return nil end
  if text == "0" or n == "0" then return "0" end
  if not n then return nil, ("'%s' is not a size"):format(text) end
  return quoted(n .. unit:upper())
end

function VALUE.count(text)
  local n = math.tointeger(tonumber(text))
  if not n then return nil, ("'%s' is not a number"):format(text) end
  return n ~= 0 and tostring(n) or nil
end

function VALUE.flag(text) return text == "yes" and "true" or nil end

function VALUE.unless(text) return text == "no" and "false" or nil end

function VALUE.text(text) return text ~= "" and quoted(text) or nil end

-- As it is, also when it is empty: the default here is another.
function VALUE.exactly(text) return quoted(text) end

function VALUE.words(text) return text ~= "" and list(split(text)) or nil end

function VALUE.root(text) return quoted(text ~= "" and text or "root") end

function VALUE.ssl(text) return text == "required" and quoted(text) or text == "no" and "false" or "true" end

function VALUE.protocols(text)
  local words = split(text)
  return list(words[1] == "none" and {} or words)
end

M.split = split

return M
