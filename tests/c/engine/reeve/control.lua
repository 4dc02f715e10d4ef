-- A console for tests/c/test_engine.c: says every frame back.
local M = {}
M.__index = M

function M.preload() end

-- what can only be cancelled: the second hears no hook
local EVALUATIONS = {
  spin = function() while true do pcall(error) end end,
  deaf = function() return ("a"):rep(60):find((".-"):rep(20) .. "b") end,
}

function M.new(opts) return setmetatable({ opts = opts }, M) end

function M.connect(_, _, peer) assert(peer.uid and peer.gid and peer.pid) end

function M:frame(session, verb, id, payload)
  if verb == "bug" then error "a bug in a verb" end
  if EVALUATIONS[verb] then
    self.opts.send(session, ("out %d 2\ngo"):format(id))
    local _, message, kind = self.opts.guard.evaluate(session, id, 600000, EVALUATIONS[verb])
    payload = kind .. ": " .. message
  end
  local text = verb == "flood" and ("x"):rep(1 << 20) or payload
  self.opts.send(session, ("out %d %d\n%s"):format(id, #text, text))
  if verb == "bye" then self.opts.close(session) end
end

function M.closed() end
function M.turn() end
function M.next_wake() end
function M.reload_done() end
function M.stopping() end

return M
