-- A recorder for tests/c/test_engine.c: records nothing.
local M = {}
M.__index = M

function M.schema() return "turn now:i\n" end
function M.new(opts) return setmetatable({ schema = opts.schema }, M) end
function M.watch(_, order) return order end
function M.begin() end
function M.take_file() end
function M.saved() end

return M
