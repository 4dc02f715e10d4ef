--- lexer: the tokens of a Lua text, with places. It never fails: what Lua would refuse becomes a
-- token all the same, because texts with mistakes are what it is for.

local M = {}

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
  return then true until while]]):gmatch "%a+" do KEYWORDS[word] = true end

local SYMBOLS = { -- longest first
  "%.%.%.", "%.%.", "==", "~=", "<=", ">=", "//", "::", "<<", ">>",
}

local function long_end(text, at, level)
  return select(2, text:find("]" .. level .. "]", at, true)) or #text
end

local function quoted_end(text, at)
  local quote, p = text:sub(at, at), at + 1
  while p <= #text do
    local c = text:sub(p, p)
    if c == quote then return p end
    if c == "\n" then return p - 1 end
    if c == "\\" and text:sub(p + 1, p + 1) == "z" then
      p = text:find("[^%s]", p + 2) or #text + 1
    else
      p = p + (c == "\\" and 2 or 1)
    end
  end
  return #text
end

--- What stands at byte `at`: kind (nil: nothing to keep), last byte, value.
local function scan(text, at)
  local level = text:match("^%-%-%[(=*)%[", at)
  if level then return nil, long_end(text, at, level) end
  if text:find("^%-%-", at) then return nil, (text:find("\n", at, true) or #text + 1) - 1 end
  level = text:match("^%[(=*)%[", at)
  if level then
    local last = long_end(text, at, level)
    return "string", last, text:sub(at + #level + 2, last - #level - 2)
  end
  local name = text:match("^[%a_][%w_]*", at)
  if name then return KEYWORDS[name] and "keyword" or "name", at + #name - 1, name end
  local number = text:match("^%.?%d[%w_%.]*", at)
  if number then return "number", at + #number - 1, number end
  if text:find("^[\"']", at) then
    local last = quoted_end(text, at)
    local value = text:sub(at + 1, last - 1)
    return "string", last, not value:find("\\", 1, true) and value or nil
  end
  for _, symbol in ipairs(SYMBOLS) do
    local found = text:match("^" .. symbol, at)
    if found then return found, at + #found - 1, found end
  end
  local c = text:sub(at, at)
  return c, at, c
end

--- Byte offsets at which the lines begin.
---@param text string
---@return integer[]
function M.line_starts(text)
  local starts = { 1 }
  for at in text:gmatch "\n()" do starts[#starts + 1] = at end
  return starts
end

--- Tokens in order: { kind, value, line, column, from, to } where kind is "name", "keyword",
-- "string" (value nil when it has escapes), "number" or the symbol itself, `from` and `to` are
-- bytes; `last_line` is where a long string ends.
---@param text string
---@return table[]
function M.tokens(text)
  local tokens, at, line, start = {}, 1, 1, 1
  local function pass(to)
    for next_start in text:sub(at, to):gmatch "\n()" do
      line, start = line + 1, at + next_start - 1
    end
    at = to + 1
  end
  while true do
    local first = text:find("[^%s]", at)
    if not first then return tokens end
    pass(first - 1)
    local kind, last, value = scan(text, at)
    local token = { kind = kind, value = value, line = line, column = at - start + 1, from = at, to = last }
    if kind then tokens[#tokens + 1] = token end
    pass(last)
    token.last_line = line
  end
end

return M
