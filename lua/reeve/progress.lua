--- progress: how far a verb is. Where stderr is a terminal one line with a bar that changes, else a plain line for
-- each change.

local M = {}

local BAR <const> = 24

--- "[######------------------]" of how much is done.
---@param done integer
---@param total integer
function M.bar(done, total)
  local n = total > 0 and math.floor(math.min(done / total, 1) * BAR) or BAR
  return "[" .. ("#"):rep(n) .. ("-"):rep(BAR - n) .. "]"
end

--- A function show(text, done, total) for a verb; show() when there is nothing to show any more.
---@param ctx table of a verb; ctx.progress: columns of the terminal behind stderr, 0 or nil: none
function M.new(ctx)
  local shown
  local columns = ctx.progress or 0
  return function(text, done, total)
    if columns > 0 then
      local line = text and ("%s %d%% %s"):format(M.bar(done, total), total > 0 and done * 100 // total or 100, text)
      if line ~= shown then ctx.err("\r\27[K" .. (line and line:sub(1, columns - 1) or "")) end
      shown = line
    elseif text ~= shown then
      if text then ctx.err(text .. "\n") end
      shown = text
    end
  end
end

return M
