--- The .def tables of the C side as Lua tables: VERB rows of verbs.def, ORDER and REPORT rows of wire.def.
local M = {}

local MACROS = { CLI_CONFIG = "/etc/reeve/reeve.lua", CLI_BASE_DIR = "/run/reeve", TEXT_UNLIMITED = "unlimited" }
local ESCAPES = { n = "\n", t = "\t", ['"'] = '"', ["\\"] = "\\" }

local function read(path)
  local f = assert(io.open(path))
  local text = f:read "a"
  f:close()
  return text
end

-- From the opening parenthesis at `at`: the arguments as texts (adjacent literals joined), and the end.
local function arguments(text, at)
  local list, now, i = {}, "", at + 1
  local depth = 0
  while true do
    local c = text:sub(i, i)
    assert(c ~= "", "a row without an end")
    if c == '"' then
      local stop = i + 1
      while text:sub(stop, stop) ~= '"' do stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1) end
      now = now .. text:sub(i + 1, stop - 1):gsub("\\(.)", ESCAPES)
      i = stop
    elseif c == "(" then
      depth, now = depth + 1, now .. c
    elseif c == ")" and depth == 0 then
      list[#list + 1] = now
      return list, i
    elseif c == ")" then
      depth, now = depth - 1, now .. c
    elseif c == "," and depth == 0 then
      list[#list + 1], now = now, ""
    elseif c:find "[%a_]" then
      local word = text:match("^[%w_-]+", i)
      now, i = now .. (MACROS[word] or word), i + #word - 1
    elseif not c:find "%s" then
      now = now .. c
    end
    i = i + 1
  end
end

local function rows(path, name)
  local text, list = read(path):gsub("/%*.-%*/", ""), {}
  local at = 1
  while true do
    local _, open = text:find("\n" .. name .. "%(", at)
    if not open then return list end
    list[#list + 1], at = arguments(text, open)
  end
end

--- { name, where, usage, summary, details }, as they come.
function M.verbs()
  local list = {}
  for _, row in ipairs(rows("src/cli/verbs.def", "VERB")) do
    list[#list + 1] = { name = row[1], where = row[2], usage = row[3], summary = row[4], details = row[5] }
  end
  return list
end

local function fields_of(text)
  local list = {}
  for kind, name in (text or ""):gmatch "F%(([%w_]+),?([%w_]+)%)" do list[#list + 1] = { type = kind, name = name } end
  return list
end

--- { name, id, phases, doc, fields = { {type, name} } } of ORDER or REPORT.
function M.messages(kind)
  local list = {}
  for _, row in ipairs(rows("src/wire/wire.def", kind)) do
    local order = kind == "ORDER"
    list[#list + 1] = { name = row[1], id = row[2], phases = order and row[3] or nil, doc = row[order and 4 or 3],
      fields = fields_of(row[order and 5 or 4]) }
  end
  return list
end

-- ---- what a usage line says a verb takes

local KINDS = { NAME = "service", SERVICE = "service", FILE = "file", DIR = "directory", VERB = "verb" }

local function split(text, sep)
  local list = {}
  for word in text:gmatch("[^" .. sep .. "]+") do list[#list + 1] = word end
  return list
end

local function add_option(usage, group)
  local names, value = group:match "^(%S+)%s*(.*)$"
  for _, name in ipairs(split(names, "|")) do
    local choices = value:find "^%l[%l|]*$" and split(value, "|")
    local takes = choices or KINDS[value] or "text"
    usage.options[#usage.options + 1] = { name = name, takes = value ~= "" and takes or nil }
  end
end

local function add_word(usage, word)
  local bare = word:gsub("%.%.%.$", "")
  local kind = KINDS[bare] or bare:find "^%l[%l|-]*$" and split(bare, "|")
  usage.words[#usage.words + 1] = kind or "text"
end

--- The usage of a verb -> { options = { {name, takes = "file" | "directory" | "text" | { choices } | nil} },
-- words = { "service" | "file" | "directory" | "text" | { choices } } }. -c and -b are everybody's and left out.
function M.usage(verb)
  local usage, at = { options = {}, words = {} }, 1
  local text = verb.usage:gsub("%[%-[cb] %u+%]%s*", "")
  while at <= #text do
    local group = text:match("^%b[]", at)
    local word = group or text:match("^%S+", at)
    if not word then
      at = at + 1
    else
      local inner = group and group:sub(2, -2) or word
      if group and group:sub(2, 2) == "-" then
        add_option(usage, inner)
      else
        for one in inner:gmatch "%S+" do
          if one:find "^%-" then add_option(usage, one) else add_word(usage, one) end
        end
      end
      at = at + #word
    end
  end
  if verb.name == "settings" then usage.words = { "setting" } end
  return usage
end

return M
