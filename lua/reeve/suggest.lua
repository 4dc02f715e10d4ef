--- The name that was probably meant, and sentences about names that do not exist.
-- The rule is that of src/base/text.c (text_suggest): optimal string alignment distance, case ignored, at most
-- max(1, length / 3). This is for names that are not in the settings table: there it is reeve.spec.suggest.
local suggest = {}

local LONGEST <const> = 63 -- longer words are far from everything

-- Edits (insert, delete, replace, swap of neighbours) between two words.
local function distance(a, b)
  local before, last = {}, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local this = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      this[j] = math.min(last[j] + 1, this[j - 1] + 1, last[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        this[j] = math.min(this[j], before[j - 2] + 1)
      end
    end
    before, last = last, this
  end
  return last[#b]
end

--- The nearest of `names`, or nil when none is near; of several as near the first in the alphabet.
---@param word any anything but a text is near nothing
---@param names table a list of names, or a set (name -> anything)
---@return string|nil
function suggest.nearest(word, names)
  if type(word) ~= "string" or #word > LONGEST then return nil end
  local lower, best, least = word:lower(), nil, math.max(1, #word // 3) + 1
  for key, value in next, names do
    local name = type(key) == "string" and key or value
    if type(name) == "string" and #name <= LONGEST then
      local d = distance(lower, name:lower())
      if d < least or d == least and best and name < best then best, least = name, d end
    end
  end
  return best
end

--- "; did you mean 'x'?" or "".
---@param word any
---@param names table as for nearest
---@return string
function suggest.hint(word, names)
  local near = suggest.nearest(word, names)
  return near and ("; did you mean '%s'?"):format(near) or ""
end

return suggest
