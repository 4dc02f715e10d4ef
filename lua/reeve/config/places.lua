--- places: from what a config said (word, name, line) to a place in its text.

local position = require "reeve.position"

local M = { read = position.read, field = position.field }

local PARTS = {}

function PARTS.call(map, site)
  return map:span(site.word)
end

function PARTS.name(map, site)
  return map:span(site.name or site.word)
end

function PARTS.brace(map, site)
  return map:span(site.open)
end

function PARTS.key(map, site, path)
  local field = position.field(site, path)
  return field and map:span(field.at, field.positional and field.last or nil)
end

function PARTS.value(map, site, path)
  local field = position.field(site, path)
  return field and field.value and map:span(field.value, field.last)
end

--- The name of the word itself, or its line: for calls whose constructor is not in the text (a
-- service made by a function).
local function call_place(map, at, part)
  local function is_named(_, _, after, more)
    local name = after and after.kind == "(" and more or after
    return name and name.kind == "string" and name.value == at.name
  end
  local token, i = nil, nil
  if at.word and at.name then token, i = map:token("name", at.word, at.line, at.nth, is_named) end
  if not token and at.word then token, i = map:token("name", at.word, at.line, at.nth) end
  if not token and at.word then token, i = map:token("name", at.word, at.line) end
  if not token then return map:line_place(at.line) end
  local after = map.tokens[i + 1]
  if after and after.kind == "(" then after = map.tokens[i + 2] end
  if part == "name" and after and after.kind == "string" then return map:span(after) end
  return map:span(token)
end

--- The place of a part; where the text does not have it, of what is around it.
---@return table place { line, column, length }
function M.place(map, site, at, part, path)
  if not site then return call_place(map, at, part) end
  local up = { table.unpack(path) }
  while true do
    local place = PARTS[part](map, site, up)
    if place then return place end
    if #up <= 1 then return PARTS.call(map, site) end
    table.remove(up)
    part = "key"
  end
end

--- `use = { common }`: the constructor that was assigned to the name which stands as the field's
-- i-th value (or as its only one), or nil.
function M.used(map, site, i, line)
  local field = site and site.by.use
  if not field then return nil end
  local item = field
  if field.node then item = field.node.by[i] end
  if not item or not item.value then return nil end
  if item.node then return item.node end
  if item.value == item.last and item.value.kind == "name" then return map:assigned(item.value.value, line) end
end

--- Calls found(node, first field, second field) for each key that a constructor has twice.
function M.each_double(map, found)
  for _, node in ipairs(map.nodes) do
    local seen = {}
    for _, field in ipairs(node.fields) do
      if field.key ~= nil and not field.positional then
        if seen[field.key] then found(node, seen[field.key], field) else seen[field.key] = field end
      end
    end
  end
end

local function is_open_ended(field)
  return field.last and (field.last.kind == ")" or field.last.kind == "...")
end

--- Calls found(field, path) for each field of the constructor whose value in `options` is nil.
function M.each_nil(node, options, found, path)
  path = path or {}
  for i, field in ipairs(node.fields) do
    local value = rawget(options, field.key)
    local here = { table.unpack(path) }
    here[#here + 1] = field.key
    local is_unknown = field.computed or field.positional and i == #node.fields and is_open_ended(field)
    if value == nil and not is_unknown then
      found(field, here)
    elseif field.node and type(value) == "table" and field.last == field.node.close then
      M.each_nil(field.node, value, found, here)
    end
  end
end

return M
