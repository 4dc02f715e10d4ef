--- Tables of this build as mdoc(7), for the marks `.\" @NAME@` of the pages in docs/.
local defs = require "defs"
local spec = require "reeve.spec"

local M = {}

-- Text that is no request, whatever it begins with.
local function safe(text)
  text = text:gsub("\\", "\\e"):gsub("\n%s*\n", "\n")
  text = ("\n" .. text):gsub("\n([.'])", "\n\\&%1"):sub(2)
  return (text:gsub("[^\1-\127]+", function(wide)
    local ok, out = pcall(function()
      local parts = {}
      for _, code in utf8.codes(wide) do parts[#parts + 1] = ("\\[u%04X]"):format(code) end
      return table.concat(parts)
    end)
    return ok and out or "?"
  end))
end

-- Running text: a sentence a line, as mdoc wants it.
local function prose(text)
  return safe((text:gsub("([%.%?!][%)\"]?)[ \n]+(%u)", "%1\n%2")))
end

-- An argument of a macro.
local function quoted(text) return '"' .. safe(text):gsub('"', '""') .. '"' end

local function block(list) return table.concat(list, "\n") end

function M.synopsis()
  local list = {}
  for _, verb in ipairs(defs.verbs()) do
    list[#list + 1] = ".Nm\n" .. safe((verb.name .. " " .. verb.usage):gsub("%s+$", ""))
    list[#list + 1] = ".br"
  end
  list[#list] = nil
  return block(list)
end

function M.verbs()
  local list = { ".Bl -tag -width Ds" }
  for _, verb in ipairs(defs.verbs()) do
    list[#list + 1] = (".It Cm %s %s"):format(verb.name, quoted(verb.usage))
    list[#list + 1] = prose(verb.summary:gsub("^%l", string.upper)) .. "."
    if verb.details and verb.details ~= "" then
      list[#list + 1] = ".Bd -literal -compact"
      list[#list + 1] = safe((verb.details:gsub("\n$", "")))
      list[#list + 1] = ".Ed"
    end
  end
  list[#list + 1] = ".El"
  return block(list)
end

local SCOPES = {
  settings_global = "global", settings_service = "service", settings_inet = "inet_listener",
  settings_path = "unix_listener",
}

local explain = require "reeve.explain"

for mark, scope in pairs(SCOPES) do
  M[mark] = function()
    local list = { ".Bl -tag -width Ds" }
    for _, row in ipairs(spec.settings) do
      if row.scope == scope then
        list[#list + 1] = ".It Va " .. row.name
        list[#list + 1] = prose(row.help) .. "."
        list[#list + 1] = ".br"
        list[#list + 1] = safe(explain.line(spec, row))
      end
    end
    list[#list + 1] = ".El"
    return block(list)
  end
end

local function messages(kind)
  return function()
    local list = { ".Bl -tag -width Ds" }
    for _, m in ipairs(defs.messages(kind)) do
      local fields = {}
      for i, f in ipairs(m.fields) do fields[i] = f.type .. " " .. f.name end
      list[#list + 1] = (".It Sy %s %s"):format(m.name, quoted(m.id .. (m.phases and ", " .. m.phases or "")))
      list[#list + 1] = prose(m.doc) .. "."
      if #fields > 0 then list[#list + 1] = ".br\n" .. safe(table.concat(fields, ", ")) end
    end
    list[#list + 1] = ".El"
    return block(list)
  end
end
M.orders, M.reports = messages "ORDER", messages "REPORT"

local function class(name)
  return function()
    local list = { ".Bl -tag -width Ds" }
    for _, row in ipairs(require "reeve.api".CLASSES[name]) do
      list[#list + 1] = (".It Va %s Pq %s"):format(row[1], quoted(row[2]))
      list[#list + 1] = prose(row[3]) .. "."
    end
    list[#list + 1] = ".El"
    return block(list)
  end
end
for _, name in ipairs { "service", "process", "exit", "host", "wall", "override", "vote" } do
  M["api_" .. name] = class(name)
end

local function names(list) return safe(table.concat(list, ", ")) .. "." end

local view = require "reeve.view"
M.json_service = function() return names(view.SERVICE) end
M.json_process = function() return names(view.PROCESS) end
M.json_exit = function() return names(view.EXIT) end
M.json_log = function() return names(view.LOG) end
M.json_finding = function() return names(require "reeve.exposure".FINDING) end

--- The shipped policies: name and the comment their file begins with.
function M.policies()
  local list = { ".Bl -tag -width Ds" }
  local p = assert(io.popen "ls policies")
  for file in p:lines() do
    local name, first = file:match "^(.*)%.lua$", {}
    for line in io.lines("policies/" .. file) do
      local text = line:match "^%-%-+%s?(.*)$"
      if not text or (text == "" and #first > 0) then break end
      first[#first + 1] = text
    end
    assert(#first > 0, "policies/" .. file .. " begins with no comment: it is its entry in reeve-policy(7)")
    list[#list + 1] = ".It Ic " .. name
    list[#list + 1] = prose((table.concat(first, "\n"):gsub("^[%w_]+:%s*", "")))
  end
  p:close()
  list[#list + 1] = ".El"
  return block(list)
end

--- The page with its marks replaced.
function M.fill(page)
  return (page:gsub('%.\\" @([%w_]+)@', function(mark)
    return assert(M[mark], "a page has an unknown mark " .. mark)()
  end))
end

return M
