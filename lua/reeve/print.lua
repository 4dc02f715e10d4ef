--- Values and tables for people, JSON for programs.
--
-- Tables are read raw: no metamethod of what is printed ever runs. Objects that are not plain
-- tables (the facts of a service) are turned into records by `options.view`, see reeve.view.

local json = require "dkjson"

local M = {}

--- What stands for nil in a record, so that its field does not vanish.
M.null = json.null

local DEPTH, ITEMS, WIDTH, CELL = 3, 40, 100, 60
local JSON_DEPTH = 32
local MORE = "…"

-- the fields of a record in their order, kept beside it: records are plain tables for everyone else
local order_of = setmetatable({}, { __mode = "k" })

--- A table with named fields in a fixed order; missing ones are null.
---@param names string[]
---@param from table any table that can be indexed by these names
function M.record(names, from)
  local t = {}
  for _, name in ipairs(names) do
    local v = from[name]
    if v == nil then v = M.null end
    t[name] = v
  end
  order_of[t] = names
  return t
end

--- Gives a table the order of its fields: those of `names` that it has. Returns it.
function M.ordered(t, names)
  local order = {}
  for _, name in ipairs(names) do
    if rawget(t, name) ~= nil then order[#order + 1] = name end
  end
  if #order > 0 then order_of[t] = order end
  return t
end

-- numbers before texts before the rest
local RANK = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local ra, rb = RANK[type(a)] or 4, RANK[type(b)] or 4
  if ra ~= rb then return ra < rb end
  if ra <= 2 then return a < b end
  return tostring(a) < tostring(b)
end

local function sorted_keys(t)
  local keys = {}
  for k in next, t do keys[#keys + 1] = k end
  table.sort(keys, before)
  return keys
end

-- the length of a table that is a list without holes, else nil
local function list_length(t)
  local n = rawlen(t)
  local count = 0
  for _ in next, t do
    count = count + 1
    if count > n then return nil end
  end
  return count == n and n or nil
end

-- ---- JSON

local function json_text(s)
  if utf8.len(s) then return s end
  return (s:gsub("[\x80-\xff]", function(c) return utf8.char(c:byte()) end))
end

local to_json

local function json_list(t, n, state)
  local copy = {}
  for i = 1, n do copy[i] = to_json(rawget(t, i), state) end
  return setmetatable(copy, { __jsontype = "array" })
end

local function json_object(t, state)
  local copy, names = {}, {}
  for _, k in ipairs(order_of[t] or sorted_keys(t)) do
    local name = json_text(type(k) == "string" and k or type(k) == "number" and tostring(k) or type(k))
    names[#names + 1] = name
    copy[name] = to_json(rawget(t, k), state)
  end
  return setmetatable(copy, { __jsontype = "object", __jsonorder = names })
end

local function json_table(t, state)
  t = state.view and state.view(t) or t
  if state.path[t] or state.depth >= JSON_DEPTH then return state.path[t] and "<cycle>" or MORE end
  state.path[t], state.depth = true, state.depth + 1
  local n = not order_of[t] and list_length(t)
  local copy = n and json_list(t, n, state) or json_object(t, state)
  state.path[t], state.depth = nil, state.depth - 1
  return copy
end

local JSON_KIND = {
  ["nil"] = function() return M.null end,
  boolean = function(v) return v end,
  number = function(v) return v end, -- dkjson: integers exact, NaN and infinities null
  string = json_text,
}

function to_json(v, state)
  if v == M.null then return v end
  local kind = JSON_KIND[type(v)]
  if kind then return kind(v) end
  if type(v) == "table" then return json_table(v, state) end
  return type(v)
end

--- One line of JSON: fields of records in their order, other keys sorted, integers exact.
---@param v any
---@param options? { view?: fun(t: table): table? }
---@return string
function M.json(v, options)
  return json.encode(to_json(v, { view = options and options.view, path = {}, depth = 0 }))
end

-- ---- values for people

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"' }

local function escape(c) return ESCAPES[c] or ("\\x%02x"):format(c:byte()) end

local function quote(s)
  s = s:gsub('[%c"\\\127]', escape)
  if not utf8.len(s) then s = s:gsub("[\x80-\xff]", escape) end
  return '"' .. s .. '"'
end

--- A text as it may go to a terminal: control bytes but tab and newline as \xNN.
function M.plain(s)
  s = s:gsub("[^\t\n\x20-\x7e\x80-\xff]", escape)
  if not utf8.len(s) then s = s:gsub("[\x80-\xff]", escape) end
  return s
end

local function scalar(v)
  if v == nil or v == M.null then return "nil" end
  if type(v) == "string" then return quote(v) end
  if type(v) == "number" or type(v) == "boolean" then return tostring(v) end
  return type(v) -- no addresses
end

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
  return then true until while]]):gmatch "%a+" do KEYWORDS[word] = true end

local function key_text(k)
  if type(k) == "string" and k:find "^[%a_][%w_]*$" and not KEYWORDS[k] then return k end
  return "[" .. scalar(k) .. "]"
end

local pretty

-- the items of a table as texts, at most ITEMS
local function items_of(t, state, indent)
  local items, n = {}, not order_of[t] and list_length(t)
  local keys = not n and (order_of[t] or sorted_keys(t))
  local total = n or #keys
  local most = state.items or ITEMS
  for i = 1, math.min(total, most) do
    local k = keys and keys[i] or i
    local text = pretty(rawget(t, k), state, indent .. "  ")
    items[i] = keys and key_text(k) .. " = " .. text or text
  end
  if total > most then items[most + 1] = ("... %d more"):format(total - most) end
  return items
end

local function fits(line, indent, state)
  return not line:find("\n", 1, true) and #indent + (utf8.len(line) or #line) <= state.width
end

function pretty(v, state, indent)
  if type(v) ~= "table" or v == M.null then return scalar(v) end
  v = state.view and state.view(v) or v
  if state.path[v] then return state.cycle or "<cycle>" end
  if next(v) == nil then return "{}" end
  if state.depth >= (state.deepest or DEPTH) then return state.more or "{" .. MORE .. "}" end
  state.path[v], state.depth = true, state.depth + 1
  local items = items_of(v, state, indent)
  state.path[v], state.depth = nil, state.depth - 1
  local line = "{ " .. table.concat(items, ", ") .. " }"
  if fits(line, indent, state) then return line end
  return "{\n" .. indent .. "  " .. table.concat(items, ",\n" .. indent .. "  ") .. "\n" .. indent .. "}"
end

--- A value for people: sorted keys, depth 3, 40 items a table, one line where it fits the width.
---@param v any
---@param options? { width?: integer, view?: fun(t: table): table? }
function M.value(v, options)
  options = options or {}
  local width = (options.width or 0) > 0 and options.width or WIDTH
  return pretty(v, { width = width, view = options.view, path = {}, depth = 0 }, "")
end

-- ---- tables

local function width_of(text) return utf8.len(text) or #text end

-- the first n characters
local function cut(text, n)
  if width_of(text) <= n then return text end
  local at = utf8.len(text) and utf8.offset(text, math.max(n, 1)) or math.max(n, 1)
  return text:sub(1, at - 1) .. MORE
end

local function pad(text, width, right)
  local blanks = (" "):rep(width - width_of(text))
  return right and blanks .. text or text .. blanks
end

local function cell(v)
  if v == nil or v == M.null then return "-" end
  if type(v) == "string" then return (M.plain(v):gsub("[\t\n]", " ")) end
  if math.type(v) == "float" then return ("%.1f"):format(v) end
  if type(v) == "table" then return cut(M.value(v, { width = math.huge }), CELL) end
  return scalar(v)
end

local function line_of(cells, widths, rights, width)
  local parts = {}
  for i, text in ipairs(cells) do parts[i] = pad(text, widths[i], rights[i]) end
  local line = table.concat(parts, "  "):gsub("%s+$", "")
  return (width or 0) > 0 and cut(line, width) or line
end

--- Text in a terminal's style ("1" bold, "31" red ...), where colour is wanted.
function M.style(text, style, color)
  return color and ("\27[%sm%s\27[0m"):format(style, text) or text
end

local function table_lines(columns, cells, widths, rights, options)
  local head = line_of(columns, widths, rights, options.width)
  local lines = { M.style(head, "1", options.color) }
  for r, row in ipairs(cells) do
    local line = line_of(row, widths, rights, options.width)
    local style = options.row_style and options.row_style(r)
    lines[#lines + 1] = style and M.style(line, style, options.color) or line
  end
  return table.concat(lines, "\n") .. "\n"
end

local LAST_LEAST <const> = 24 -- what is kept of the last column, before one is left out

-- The columns that are shown: those of `spare` are left out one by one, as long as the rest is wider than the terminal.
local function shown_columns(columns, rows, options)
  local at, total = {}, -2
  for i, name in ipairs(columns) do
    local most = width_of(name)
    for _, row in ipairs(rows) do most = math.max(most, width_of(cell(row[i]))) end
    if i == #columns then most = math.min(most, LAST_LEAST) end
    at[name], total = most, total + most + 2
  end
  for _, name in ipairs(options.spare) do
    if total <= options.width then break end
    if at[name] then at[name], total = nil, total - at[name] - 2 end
  end
  return at
end

local function narrowed(columns, rows, options)
  local at, names, kept = shown_columns(columns, rows, options), {}, {}
  for r = 1, #rows do kept[r] = {} end
  for i, name in ipairs(columns) do
    if at[name] then
      names[#names + 1] = name
      for r, row in ipairs(rows) do kept[r][#names] = row[i] end
    end
  end
  return names, kept
end

--- A table for people. Columns of numbers stand to the right; lines are cut to the width (0: not). Where that would
-- cut columns away, those of `spare` are left out first, in that order.
---@param columns string[] the headings
---@param rows any[][] one list of values a row; nil and null print as "-"
---@param options? { width?: integer, color?: boolean, row_style?: fun(row: integer): string?, spare?: string[] }
---@return string text that ends in a newline
function M.table(columns, rows, options)
  if options and options.spare and (options.width or 0) > 0 then columns, rows = narrowed(columns, rows, options) end
  local widths, rights, cells = {}, {}, {}
  for i, name in ipairs(columns) do widths[i], rights[i] = width_of(name), #rows > 0 end
  for r, row in ipairs(rows) do
    cells[r] = {}
    for i = 1, #columns do
      local text = cell(row[i])
      cells[r][i] = text
      widths[i] = math.max(widths[i], width_of(text))
      rights[i] = rights[i] and (text == "-" or text:find "^%-?%d[%d%./]*[%a%%]*$" ~= nil)
    end
  end
  return table_lines(columns, cells, widths, rights, options or {})
end

--- A table of records: a column for each of `fields`.
---@param fields string[]
---@param list table[] records
---@param options? table as for table
---@return string text that ends in a newline
function M.listing(fields, list, options)
  local rows = {}
  for i, r in ipairs(list) do
    rows[i] = {}
    for c, field in ipairs(fields) do rows[i][c] = rawget(r, field) end
  end
  return M.table(fields, rows, options)
end

local function same_keys(a, b)
  for _, k in ipairs(a) do if rawget(b, k) == nil then return false end end
  return #a == #sorted_keys(b)
end

-- Every key of any of the records. Facts leave out what is nil; nobody else's records differ.
local function all_keys(list)
  local seen, keys = {}, {}
  for _, r in ipairs(list) do
    for _, k in ipairs(order_of[r] or sorted_keys(r)) do
      if not seen[k] then seen[k], keys[#keys + 1] = true, k end
    end
  end
  if not order_of[list[1]] then table.sort(keys, before) end
  return keys
end

-- the records of a list that prints as a table, and their keys; or nil
local function records(v, view)
  local n = type(v) == "table" and v ~= M.null and not order_of[v] and list_length(v)
  if not n or n == 0 then return nil end
  local list, keys, facts = {}, nil, true
  for i = 1, n do
    local r = rawget(v, i)
    if type(r) ~= "table" or r == M.null then return nil end
    local fact = view and view(r)
    list[i], facts = fact or r, facts and fact ~= nil
    keys = keys or order_of[list[i]] or sorted_keys(list[i])
    if type(keys[1]) ~= "string" or not (facts or same_keys(keys, r)) then return nil end
  end
  return list, all_keys(list)
end

--- The records of a value that prints as a table, and their keys; nil: it is none.
---@param v any
---@param options? { view?: fun(t: table): table? }
function M.records(v, options)
  local view = options and options.view
  if type(v) == "table" and view then v = view(v) or v end
  return records(v, view)
end

--- A value as Lua that makes it: nothing is left out.
---@param v any
---@param options? { view?: fun(t: table): table? }
function M.literal(v, options)
  return pretty(v, { width = WIDTH, view = options and options.view, path = {}, depth = 0, deepest = JSON_DEPTH,
    items = math.huge, more = "nil --[[ deeper ]]", cycle = "nil --[[ cycle ]]" }, "")
end

--- Words as lines of at most `width` columns (0: 80) that begin with `indent` blanks, without a newline at the end.
---@param text string
---@param width integer|nil
---@param indent integer
function M.wrap(text, width, indent)
  local most = ((width or 0) > 0 and width or 80) - indent
  local lines, line = {}, ""
  for word in text:gmatch "%S+" do
    if #line > 0 and width_of(line) + 1 + width_of(word) > most then
      lines[#lines + 1], line = line, word
    else
      line = #line > 0 and line .. " " .. word or word
    end
  end
  lines[#lines + 1] = line
  return (" "):rep(indent) .. table.concat(lines, "\n" .. (" "):rep(indent))
end

local UNITS = { "B", "K", "M", "G", "T" }

--- Bytes for people: "512B", "1.5M", "24G" (powers of 1024). nil stays nil.
function M.size(bytes)
  if bytes == nil then return nil end
  local n, unit = bytes, 1
  while n >= 1024 and unit < #UNITS do n, unit = n / 1024, unit + 1 end
  return (n < 10 and unit > 1 and "%.1f%s" or "%.0f%s"):format(n, UNITS[unit])
end

--- A result of an evaluation: a list of records as a table, a text as it is, the rest as a value.
---@return string text that ends in a newline
function M.result(v, options)
  options = options or {}
  if type(v) == "string" then return M.plain(v) .. "\n" end
  local view = options.view
  if type(v) == "table" and view then v = view(v) or v end
  local list, keys = records(v, view)
  if not list then return M.value(v, options) .. "\n" end
  return M.listing(keys, list, options)
end

return M
