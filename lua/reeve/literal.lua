--- literal: values as a config writes them, for those who print one (reeve config --lua, reeve import).

local M = {}

--- A text in double quotes.
function M.quoted(text)
  return '"' .. text:gsub('[\\"%c]', function(c)
    if c == "\\" or c == '"' then return "\\" .. c end
    return ("\\%03d"):format(c:byte())
  end) .. '"'
end

--- A table of texts.
function M.list(words)
  local parts = {}
  for i, word in ipairs(words) do parts[i] = M.quoted(word) end
  return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or "{}"
end

return M
