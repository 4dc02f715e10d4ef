--- options: the words after a verb, for verbs that are Lua.

local near = require "reeve.config.near"

--- Reads `args` by `known` = { ["-c"] = "file", ["--format"] = "format", ["--json"] = true }: a text is
-- the field that takes the next word (or what stands after =), true a flag whose field is its own
-- name without dashes.
-- -> options, words that are not options | nil, sentence
---@param known table<string, string|boolean>
---@param args string[]
return function(known, args)
  local options, words, i = {}, {}, 1
  while i <= #args do
    local word, value = args[i], nil
    if word:find "^%-%-%w[%w-]*=" then word, value = word:match "^(.-)=(.*)$" end
    local field = known[word]
    if not word:find "^%-" then
      words[#words + 1] = word
    elseif field == nil then
      local names = {}
      for name in next, known do names[#names + 1] = name end
      local meant = near(word, names)
      return nil, ("there is no option %s%s"):format(word, meant and ("; did you mean %s?"):format(meant) or "")
    elseif field == true then
      if value then return nil, ("%s takes no value"):format(word) end
      options[word:gsub("^%-+", "")] = true
    else
      if not value then
        i = i + 1
        value = args[i]
      end
      if not value then return nil, ("%s needs a value"):format(word) end
      options[field] = value
    end
    i = i + 1
  end
  return options, words
end
