--- explain: what `reeve settings NAME` and reeve.lua(5) say of a setting beside its help: the same words in both.

local M = {}

M.SCOPES = { "global", "service", "inet_listener", "unix_listener" }
M.TITLES = {
  global = "settings { }", service = "service \"name\" { }", inet_listener = "inet_listener \"name\" { }",
  unix_listener = "unix_listener \"path\" { } and fifo_listener \"path\" { }",
}
local TYPES = {
  count = "a whole number", duration = "a duration (\"60s\", \"5min\", \"1h\")", size = "a size (\"256M\", \"1G\")",
  mode = "a file mode (\"0660\")", flag = "true or false", user = "a user (name or \"#1000\")",
  group = "a group (name or \"#1000\")", text = "a text", path = "a path",
  command = "a command (\"program argument\" or a list)",
  words = "a list of words (\"a b\" or { \"a\", \"b\" })", choice = "one of several words", groups = "a list of groups",
  integer = "a whole number, also below 0", limits = "a table of limits ({ nofile = 4096, core = 0 })",
  map = "a table { NAME = \"value\" }", policy = "a policy", table = "a table",
}
local CHANGES = {
  live = "is used at once", resize = "starts or stops processes", renew = "replaces the processes",
  restart = "needs a restart of the daemon", same = "does nothing",
}

local function bounds_of(spec, row)
  if row.words then return "one of \"" .. row.words:gsub("|", "\", \"") .. "\"" end
  if not row.least then return nil end
  local function print(n) return spec.print(row.scope, row.name, tostring(n)) end
  if row.most == math.maxinteger then return ("from %s up"):format(print(row.least)) end
  return ("from %s to %s"):format(print(row.least), print(row.most))
end

--- type, default, bounds (where there are some) and what a change does: a list of { name, text }.
---@param spec table reeve.spec
---@param row table of spec.settings
function M.facts(spec, row)
  local list = {
    { "type", TYPES[row.type] or row.type },
    { "default", row.default ~= "" and row.default or "unset" },
  }
  local bounds = bounds_of(spec, row)
  if bounds then list[#list + 1] = { "bounds", bounds } end
  list[#list + 1] = { "a change", CHANGES[row.change] }
  return list
end

--- The same in one line.
function M.line(spec, row)
  local parts = {}
  for i, pair in ipairs(M.facts(spec, row)) do parts[i] = ("%s: %s"):format(pair[1], pair[2]) end
  return table.concat(parts, "; ")
end

return M
