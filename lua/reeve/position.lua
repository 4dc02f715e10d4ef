--- position: where the fields of a config's table constructors stand, by re-reading the text.
-- Lua keeps only the line of a call; here the text is read once more into tokens, and every `{…}`
-- becomes a constructor whose fields know where key and value stand. A constructor that follows
-- `word`, `word "name"`, `word("name")` or `NAME =` can be found again by these.

local lexer = require "reeve.config.lexer"

local M = {}
local Map = {}
Map.__index = Map

local OPENS = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true }
local CLOSES = { ["end"] = true, ["until"] = true }

--- Index of the "(" that the ")" at `p` closes, or nil.
local function open_of(tokens, p)
  local depth = 0
  for i = p, 1, -1 do
    local kind = tokens[i].kind
    if kind == ")" then depth = depth + 1 end
    if kind == "(" then depth = depth - 1 end
    if depth == 0 then return i end
  end
end

--- The call whose argument begins with the token at `p` ("{"): word token, name token or nil.
-- A name that is computed has no token.
local function call_before(tokens, p)
  local q = p - 1
  if tokens[q] and tokens[q].kind == "(" then q = q - 1 end
  local name
  if tokens[q] and tokens[q].kind == "string" then
    name, q = tokens[q], q - 1
  elseif tokens[q] and tokens[q].kind == ")" then
    local open = open_of(tokens, q)
    if not open then return nil end
    if q == open + 2 and tokens[open + 1].kind == "string" then name = tokens[open + 1] end
    q = open - 1
  end
  if tokens[q] and tokens[q].kind == "name" then return tokens[q], name end
end

--- `NAME = {`: the token of NAME, or nil.
local function assigned_before(tokens, p)
  local equals, name = tokens[p - 1], tokens[p - 2]
  if equals and equals.kind == "=" and name and name.kind == "name" then return name end
end

--- Index of the "]" that closes the "[" at `p`, or nil.
local function bracket_end(tokens, p)
  local depth = 0
  for i = p, #tokens do
    local kind = tokens[i].kind
    if kind == "[" then depth = depth + 1 end
    if kind == "]" then depth = depth - 1 end
    if depth == 0 then return i end
  end
end

--- What the one token between brackets is as a key; nil: only Lua knows.
local function literal(token)
  if token.kind == "string" then return token.value end
  if token.kind == "number" then return math.tointeger(tonumber(token.value)) or tonumber(token.value) end
  if token.kind == "keyword" and token.value ~= "nil" then return token.value == "true" end
end

--- The key that begins at `p`: key, first token of the value. Of a computed one (`[prefix .. n] =`) the key is its
-- first token, which is no other's. Positional: nil, p.
local function key_at(tokens, p)
  local first, second = tokens[p], tokens[p + 1]
  if first.kind == "name" and second and second.kind == "=" then return first.value, p + 2 end
  local close = first.kind == "[" and bracket_end(tokens, p)
  if not close or not tokens[close + 1] or tokens[close + 1].kind ~= "=" then return nil, p end
  local key
  if close == p + 2 then key = literal(second) end
  if key == nil then key = first end
  return key, close + 2
end

--- Reads the constructors of the text's tokens.
local Reader = {}
Reader.__index = Reader

--- tokens[p] is "{": its node and the index after its "}".
function Reader:constructor(p, inside)
  local tokens = self.tokens
  local node = { open = tokens[p], fields = {}, by = {} }
  self.nodes[#self.nodes + 1] = node
  local word, name = call_before(tokens, p)
  if word then
    node.word, node.name = word, name
    self.sites[#self.sites + 1] = node
  elseif not inside then
    node.assigned = assigned_before(tokens, p)
  end
  p = p + 1
  local count = 0
  while tokens[p] and tokens[p].kind ~= "}" do
    local key, value = key_at(tokens, p)
    if key == nil then
      count = count + 1
      key = count
    end
    local field = { key = key, at = tokens[p], value = tokens[value], positional = value == p,
      computed = key == tokens[p] }
    p = self:value(value, field)
    node.fields[#node.fields + 1] = field
    node.by[key] = field
    if tokens[p] and tokens[p].kind ~= "}" then p = p + 1 end
  end
  node.close = tokens[p]
  return node, p + 1
end

--- A field's value up to the "," ";" or "}" that ends it: the index of that token.
function Reader:value(p, field)
  local tokens, depth = self.tokens, 0
  while tokens[p] do
    local token = tokens[p]
    local kind = token.kind
    if depth == 0 and (kind == "," or kind == ";" or kind == "}") then break end
    if kind == "{" then
      local node
      node, p = self:constructor(p, depth == 0)
      if depth == 0 and token == field.value then field.node = node end
      field.last = node.close or field.last
    else
      if kind == "(" or kind == "[" or (kind == "keyword" and OPENS[token.value]) then depth = depth + 1 end
      if kind == ")" or kind == "]" or (kind == "keyword" and CLOSES[token.value]) then depth = depth - 1 end
      field.last = token
      p = p + 1
    end
  end
  return p
end

function Reader:read()
  local p = 1
  while self.tokens[p] do
    if self.tokens[p].kind == "{" then
      local _
      _, p = self:constructor(p, false)
    else
      p = p + 1
    end
  end
end

--- Sites by word and line, so that a config of a thousand services is not searched for each.
local function by_line(sites)
  local index = {}
  for _, site in ipairs(sites) do
    local lines = index[site.word.value] or {}
    index[site.word.value] = lines
    for line = site.word.line, site.open.line do
      lines[line] = lines[line] or {}
      table.insert(lines[line], site)
    end
  end
  return index
end

--- Index of the first token of each line that has one.
local function first_of_lines(tokens)
  local first = {}
  for i, token in ipairs(tokens) do first[token.line] = first[token.line] or i end
  return first
end

--- Reads a text: its tokens, sites (constructors that are arguments of a call) and nodes (all).
---@param text string
---@return table map
function M.read(text)
  local reader = setmetatable({ tokens = lexer.tokens(text), sites = {}, nodes = {} }, Reader)
  reader:read()
  local map = { text = text, starts = lexer.line_starts(text) }
  map.tokens, map.sites, map.nodes = reader.tokens, reader.sites, reader.nodes
  map.sites_at, map.first_at = by_line(map.sites), first_of_lines(map.tokens)
  return setmetatable(map, Map)
end

--- The text of a line, without its end; "" beyond the last.
function Map:line(n)
  local from = self.starts[n]
  if not from then return "" end
  return (self.text:sub(from, (self.starts[n + 1] or #self.text + 2) - 2):gsub("\r$", ""))
end

--- The constructor of `word "name" {…}` whose call stands at `line`; the nth when several do. A
-- site with the name written out is preferred to one whose name is computed.
---@return table|nil node
function Map:site(word, name, line, nth)
  local written, computed = {}, {}
  local lines = self.sites_at[word]
  for _, site in ipairs(lines and lines[line] or {}) do
    if site.name and site.name.value == name then
      written[#written + 1] = site
    elseif not site.name then
      computed[#computed + 1] = site
    end
  end
  local found = #written > 0 and written or computed
  return found[math.min(nth or 1, #found)]
end

--- The constructor that was assigned to a name, the last before `line`.
function Map:assigned(name, line)
  local found
  for _, node in ipairs(self.nodes) do
    if node.assigned and node.assigned.value == name and (node.open.line <= line or not found) then found = node end
  end
  return found
end

--- The field at the end of a path of keys, or nil.
---@param node table
---@param path any[]
function M.field(node, path)
  local field
  for i, key in ipairs(path) do
    field = node and node.by[key]
    if not field then return nil end
    node = i < #path and field.node or nil
  end
  return field
end

--- The nth token of a kind and value on a line, or nil. With `test(token, previous, next, the one after)` only those
-- it accepts.
function Map:token(kind, value, line, nth, test)
  local seen = 0
  for i = self.first_at[line] or #self.tokens + 1, #self.tokens do
    local token = self.tokens[i]
    if token.line > line then return nil end
    if token.kind == kind and token.value == value and (not test
      or test(token, self.tokens[i - 1], self.tokens[i + 1], self.tokens[i + 2])) then
      seen = seen + 1
      if seen == (nth or 1) then return token, i end
    end
  end
end

--- A place from first to last token: { line, column, length }. Only the first line counts.
---@param first table
---@param last table|nil
---@return table place
function Map:span(first, last)
  last = last or first
  local stop = last.to
  if last.line ~= first.line or last.last_line ~= first.line then
    stop = math.max(first.from, (self.starts[first.line + 1] or #self.text + 2) - 2)
  end
  return { line = first.line, column = first.column, length = math.max(1, stop - first.from + 1) }
end

--- The place of a line when nothing nearer is known: its first word.
---@return table place
function Map:line_place(line)
  line = math.max(1, math.min(line, #self.starts))
  local text = self:line(line)
  local column = text:find("%S") or 1
  return { line = line, column = column, length = math.max(1, #(text:match("^[%w_]+", column) or " ")) }
end

return M
