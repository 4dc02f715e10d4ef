--- syntax: Lua's syntax errors in the words of somebody who writes a config. Lua names the token at
-- which it gave up, which is often one after the mistake; here the tokens around it are looked at.

local synonyms = require "reeve.config.synonyms"

local M = {}

local ENDS = { ["}"] = true, [")"] = true, ["]"] = true, string = true, number = true, name = true, ["..."] = true }
local END_WORDS = { ["true"] = true, ["false"] = true, ["nil"] = true, ["end"] = true }
local BEGINS = { ["{"] = true, string = true, number = true, name = true, ["["] = true }
local BEGIN_WORDS = { ["true"] = true, ["false"] = true, ["nil"] = true, ["function"] = true, ["not"] = true }

local function ends_value(token)
  return token and (ENDS[token.kind] or (token.kind == "keyword" and END_WORDS[token.value]))
end

local function begins_value(token)
  return token and (BEGINS[token.kind] or (token.kind == "keyword" and BEGIN_WORDS[token.value]))
end

local function raw(map, token)
  return map.text:sub(token.from, token.to)
end

--- Does Lua refuse the text that ends with this token, though more may come?
local function is_refused(map, token)
  local _, message = load(map.text:sub(1, token.to), "=config", "t")
  return message ~= nil and not message:find("near <eof>", 1, true)
end

--- Index of the token at which Lua gave up, or nil. A text may occur often in a line; the first at which the text is
-- refused is meant.
local function gave_up_at(map, near, line)
  local found = {}
  for i, token in ipairs(map.tokens) do
    if token.last_line == line and raw(map, token) == near then found[#found + 1] = i end
  end
  local least, most = 1, #found
  while least < most do
    local middle = (least + most) // 2
    if is_refused(map, map.tokens[found[middle]]) then most = middle else least = middle + 1 end
  end
  return found[least]
end

--- The token of a line that begins with what Lua could not read as one.
local function begins_with(map, text, line)
  for _, token in ipairs(map.tokens) do
    if token.line == line and raw(map, token):sub(1, #text) == text then return token end
  end
end

--- What a value that ends at token `i` looks like: its text, or `word "name" {…}`.
local function describe(map, i)
  local token = map.tokens[i]
  if token.kind ~= "}" then
    local text = raw(map, token)
    return #text <= 40 and not text:find("\n") and text or text:sub(1, 37):gsub("%s", " ") .. "..."
  end
  for _, site in ipairs(map.sites) do
    if site.close == token then
      return site.name and ("%s %s {…}"):format(site.word.value, raw(map, site.name)) or site.word.value .. " {…}"
    end
  end
  return "{…}"
end

--- The place right after a token.
local function after(map, token)
  local stop = token.to - map.starts[token.last_line] + 2
  return { line = token.last_line, column = stop, length = 1 }
end

--- The innermost constructor without an end.
local function unclosed(map)
  local found
  for _, node in ipairs(map.nodes) do
    if not node.close then found = node end
  end
  return found
end

--- The key before the "=" that is token i, as it is written: limit-as. -> text, its first token
local function key_before(map, i)
  local first = i - 1
  while first > 1 and map.tokens[first - 1].to + 1 == map.tokens[first].from
    and (map.tokens[first].kind == "-" or map.tokens[first].kind == "." or map.tokens[first - 1].kind == "-"
    or map.tokens[first - 1].kind == ".") do
    first = first - 1
  end
  return map.text:sub(map.tokens[first].from, map.tokens[i - 1].to), map.tokens[first]
end

local COMMENTS = { ["#"] = true, ["//"] = true, [";"] = true }
local OPERATORS = {
  ["!"] = "Lua writes 'not' for ! and ~= for !=",
  ["&"] = "Lua writes 'and'",
  ["|"] = "Lua writes 'or'",
  ["?"] = "Lua writes condition and a or b",
  ["$"] = "write \"$base_dir\" and the like in quotes",
  ["@"] = "write it in quotes",
}

-- What word processors and web pages put in.
local QUOTES = { ["“"] = true, ["”"] = true, ["„"] = true, ["‘"] = true, ["’"] = true, ["«"] = true, ["»"] = true }
local BLANKS = { ["\u{a0}"] = "a no-break space", ["\u{202f}"] = "a narrow no-break space",
  ["\u{200b}"] = "an invisible blank", ["\u{feff}"] = "a byte order mark" }

--- Each rule: function(c) -> message, hint, place | nothing. c = { map, said, near, line, i, token, before }
local RULES = {
  function(c) -- a number with a unit
    local text = c.said:match "^malformed number near '(.*)'$"
    if not text then return nil end
    local token = begins_with(c.map, text, c.line)
    text = token and raw(c.map, token) or text
    local number = tonumber((text:gsub("_", "")))
    return ("'%s' is not a number"):format(text), ("write %s"):format(number or ("\"%s\" with quotes"):format(text)),
      token and c.map:span(token)
  end,
  function(c)
    local text = c.said:match "^invalid escape sequence near '(.*)'$"
    local token = text and begins_with(c.map, text, c.line)
    if token then
      return ("'%s' is no escape that Lua knows"):format(text:match "\\.*$"), "write \\\\ for a backslash",
        c.map:span(token)
    end
  end,
  function(c) -- goto and break are refused at the end of their function
    local word, line = c.said:match "^(break) outside .*at line (%d+)"
    if not word then word, line = c.said:match "^no visible label .* for <(goto)> at line (%d+)" end
    local token = word and c.map:token("keyword", word, tonumber(line))
    if token then return ("%s has nowhere to go"):format(word), nil, c.map:span(token) end
  end,
  function(c)
    if c.said:find "^unfinished string" then
      return "the text is not closed", "its second quote is missing on this line"
    end
  end,
  function(c)
    local kind, line = c.said:match "^unfinished long (%a+) %(starting at line (%d+)%)"
    if not kind then return nil end
    return ("the long %s is never closed"):format(kind), "its ]] is missing", c.map:line_place(tonumber(line))
  end,
  function(c) -- protocols = imap lmtp
    local i = c.said:find "^syntax error" and (c.i or #c.map.tokens + 1) - 1
    local word, value, equals = c.map.tokens[i or 0], c.map.tokens[(i or 0) - 1], c.map.tokens[(i or 0) - 2]
    if equals and equals.kind == "=" and word.kind == "name" and value.kind == "name" and word.line == value.line then
      local text = c.map:line(value.line):sub(value.column):gsub("%s+$", "")
      return ("a text needs quotes: \"%s\""):format(text), ("write \"%s\""):format(text), c.map:span(value, word)
    end
  end,
  function(c) -- an open bracket at the end of the file
    if c.near ~= "<eof>" then return nil end
    local missing, open, line = c.said:match "^'(%S+)' expected %(to close '(%S+)' at line (%d+)%)"
    if not missing then
      missing = c.said:match "^'(%S+)' expected"
      if missing and missing ~= "}" then return ("the file ends where '%s' is still missing"):format(missing) end
      local node = unclosed(c.map)
      if not node then return "the file ends in the middle of a statement" end
      return "'{' is never closed", "its '}' is missing", c.map:span(node.open)
    end
    local kind = open:find "^%a" and "keyword" or open
    local token = c.map:token(kind, open, tonumber(line))
    local node = open == "{" and unclosed(c.map)
    if node and node.open.line == tonumber(line) then token = node.open end
    return ("'%s' is never closed"):format(open), ("its '%s' is missing"):format(missing),
      token and c.map:span(token) or c.map:line_place(tonumber(line))
  end,
  function(c) -- }, },
    local close = c.before and c.before.kind
    if c.said:find "^syntax error" and c.near == "," and (close == "}" or close == ")") then
      return ("a comma after the last '%s'"):format(close), ("is there one '%s' too many?"):format(close)
    end
  end,
  function(c) -- service imap { }
    if c.said:find "^syntax error" and c.token and c.token.kind == "name" and c.before and c.before.kind == "name" then
      local name = c.map.text:match("^[%w_.@-]+", c.token.from)
      return ("a name needs quotes: %s \"%s\""):format(c.before.value, name), ("write \"%s\""):format(name),
        { line = c.token.line, column = c.token.column, length = #name }
    end
  end,
  function(c) -- service "x" = { }
    local calls = c.before and c.before.kind == "string" and c.map.tokens[c.i - 2]
    if c.near == "=" and (c.said:find "^syntax error" or calls and calls.kind == "name") then
      local word = calls and calls.kind == "name" and calls.value or "service"
      return "there is no = before the { of a call", ("write %s \"name\" { … }"):format(word)
    end
  end,
  function(c) -- key: value
    local colon = c.before
    if c.said:find "^function arguments expected" then colon = c.map.tokens[c.i and c.i - 2 or 0] end
    if (colon and colon.kind == ":" or c.near == ":") and not c.said:find "^malformed" then
      local token = c.near == ":" and c.token or colon
      return "a setting is written key = value, not key: value", "write = instead of :", c.map:span(token)
    end
  end,
  function(c) -- a missing comma
    if c.said:find "^'}' expected" and ends_value(c.before) and begins_value(c.token) then
      return ("a comma is missing after %s"):format(describe(c.map, c.i - 1)), "write a comma here", after(c.map,
        c.before)
    end
  end,
  function(c)
    if c.said:find "^'}' expected" and c.near == "=" and c.before then
      local key, first = key_before(c.map, c.i)
      return ("'%s' is not a plain name"):format(key), synonyms.hint("service", key)
        or ("write [\"%s\"] = value"):format(key), c.map:span(first, c.before)
    end
  end,
  function(c)
    if c.near ~= "/" or not c.said:find "^unexpected symbol" then return nil end
    local next_one = c.map.tokens[c.i + 1]
    if next_one and next_one.kind == "*" then return "unexpected '/*'", "a comment begins with --" end
    return "a path needs quotes", "write \"/the/path\""
  end,
  function(c)
    if c.said:find "^unexpected symbol" and COMMENTS[c.near] then
      return ("unexpected '%s'"):format(c.near), "a comment begins with --"
    end
  end,
  function(c) -- key => value
    if c.near == ">" and c.before and c.before.kind == "=" then return "unexpected '=>'", "write = instead of =>" end
  end,
  function(c)
    if c.said == "unexpected symbol" then return "a NUL byte", "is this a text?" end
    local what = c.token and c.byte and BLANKS[c.near]
    if what then return ("%s stands where a blank should"):format(what), "write a plain one" end
    if c.token and c.byte then
      return ("unexpected '%s'"):format(c.near), QUOTES[c.near] and "quotes are \" or '" or nil
    end
  end,
  function(c)
    if OPERATORS[c.near] then return ("unexpected '%s'"):format(c.near), OPERATORS[c.near] end
  end,
  function(c)
    if c.said:find "^unexpected symbol" and c.before and c.before.kind == "="
      and (c.near == "," or c.near == ";" or c.near == "}") then
      return "a value is missing after =", "write a value, or unset for the default"
    end
  end,
  function(c)
    if c.said:find "^unexpected symbol" and c.near == "," then return "one comma too many", "remove it" end
  end,
  function(c)
    local missing, open, line = c.said:match "^'(%S+)' expected %(to close '(%S+)' at line (%d+)%)"
    if missing then
      return ("'%s' is expected before '%s', to close the '%s' of line %s"):format(missing, c.near, open, line),
        c.near == "=" and "settings stand in { }" or nil
    end
  end,
  function(c)
    local missing = c.said:match "^'(%S+)' expected near '"
    if missing == "<eof>" or c.said:find "^<eof> expected" then
      return ("'%s' closes nothing"):format(c.near), "there is one too many, or what it closes is missing"
    elseif missing then
      return ("'%s' is expected before '%s'"):format(missing, c.near),
        missing == "]" and c.near == "=" and "settings stand in { }" or nil
    end
  end,
  function(c)
    if c.said:find "^unexpected symbol" and (c.near == "}" or c.near == ")" or c.near == "]") then
      return ("'%s' closes nothing"):format(c.near), "there is one too many, or what it closes is missing"
    end
  end,
  function(c)
    if c.said:find "binary chunk" then return "this is compiled Lua; a config is text", "name the source file" end
  end,
}

--- A syntax error as Lua says it -> place { line, column, length }, sentence, hint | nil
---@param map table the text's position map
---@param message string what `load` said
function M.translate(map, message)
  local line, said = message:match "^.-:(%d+): (.*)$"
  line, said = tonumber(line) or 1, said or message
  local near = said:match " near (<eof>)$" or said:match " near '(.*)'$"
  local c = { map = map, said = said, near = near, line = line, byte = near and near:match "^<\\(%d+)>$" }
  c.i = near and gave_up_at(map, c.byte and string.char(c.byte) or near, line)
  c.token = c.i and map.tokens[c.i]
  if c.token and c.byte then c.near = map.text:match("^[%z\1-\127\194-\244][\128-\191]*", c.token.from) or near end
  c.before = c.i and map.tokens[c.i - 1]
  local last = near == "<eof>" and map.tokens[#map.tokens]
  local usual = c.token and map:span(c.token) or last and map:span(last) or map:line_place(line)
  for _, rule in ipairs(RULES) do
    local sentence, hint, place = rule(c)
    if sentence then return place or usual, sentence, hint end
  end
  return usual, "not Lua: " .. said:gsub("[%c]", " "), nil
end

return M
