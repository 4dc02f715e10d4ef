--- Reading the words after a verb.

local M = {}

--- Splits words into flags and the rest. `--` ends the flags.
---@param args string[]
---@param flags table<string, boolean> the names of the flags that exist, without "--"
---@return table<string, boolean>|nil given
---@return string[]|string words or what is wrong
function M.read(args, flags)
  local given, words, open = {}, {}, true
  for _, word in ipairs(args) do
    local flag = open and word:match "^%-%-(.+)$"
    if open and word == "--" then
      open = false
    elseif flag and not flags[flag] then
      return nil, ("unknown option '%s'"):format(word)
    elseif flag then
      given[flag] = true
    else
      words[#words + 1] = word
    end
  end
  return given, words
end

--- The text that was probably meant by `word`, or nil: same letters but one, or a beginning.
---@param word string
---@param names string[]
function M.suggest(word, names)
  local lower = word:lower()
  for _, name in ipairs(names) do
    if #word >= 2 and name:lower():sub(1, #word) == lower then return name end
  end
  for _, name in ipairs(names) do
    if M.near(lower, name:lower()) then return name end
  end
  return nil
end

--- One letter added, left out, changed, or two swapped.
function M.near(a, b)
  if math.abs(#a - #b) > 1 then return false end
  local i = 1
  while i <= #a and a:byte(i) == b:byte(i) do i = i + 1 end
  local rest_a, rest_b = a:sub(i), b:sub(i)
  return rest_a:sub(2) == rest_b:sub(2) or rest_a:sub(2) == rest_b or rest_a == rest_b:sub(2)
    or (rest_a:sub(1, 2) == rest_b:sub(1, 2):reverse() and rest_a:sub(3) == rest_b:sub(3))
end

return M
