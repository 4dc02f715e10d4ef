--- options: the words after a verb, for verbs that are Lua.

local suggest = require "reeve.suggest"

-- Where a verb has no option with one dash, "-1" is a word: an expression of `reeve eval`.
local function shape_of(known)
  for name in next, known do
    if name:find "^%-[^-]" then return "^%-." end
  end
  return "^%-%-."
end

local function unknown(word, known)
  local meant = suggest.nearest(word, known)
  return ("unknown option '%s'%s"):format(word, meant and ("; did you mean '%s'?"):format(meant) or "")
end

-- What an option's field gets, and how many words after it that took; or nil and a sentence.
local function value_of(field, name, value, following)
  if field == true then
    if value then return nil, ("%s takes no value"):format(name) end
    return true, 0
  end
  if value then return value, 0 end
  if not following then return nil, ("%s needs a value"):format(name) end
  return following, 1
end

local function put(options, field, value)
  if type(field) ~= "table" then
    options[field] = value
    return
  end
  options[field[1]] = options[field[1]] or {}
  table.insert(options[field[1]], value)
end

--- Reads `args` by `known` = { ["-c"] = "file", ["--format"] = "format", ["--json"] = true }: a text is
-- the field that takes the next word (or what stands after =), true a flag whose field is its own
-- name without dashes, { "name" } one that may stand several times: its field is a list. `--` ends the options.
-- -> options, words that are not options | nil, sentence
---@param known table<string, string|boolean|string[]>
---@param args string[]
return function(known, args)
  local options, words, i, shape = {}, {}, 1, shape_of(known)
  while i <= #args do
    local word, given = args[i], nil
    if word == "--" then
      table.move(args, i + 1, #args, #words + 1, words)
      break
    elseif not word:find(shape) then
      words[#words + 1] = word
    else
      if word:find "^%-%-%w[%w-]*=" then word, given = word:match "^(.-)=(.*)$" end
      local field = known[word]
      if field == nil then return nil, unknown(word, known) end
      local value, taken = value_of(field, word, given, args[i + 1])
      if value == nil then return nil, taken end
      put(options, field == true and word:gsub("^%-+", "") or field, value)
      i = i + taken
    end
    i = i + 1
  end
  return options, words
end
