--- A real terminal for the tests: a tmux server of one's own, whose screen is looked at.
--
--   local t = terminal.open("reeve top", 80, 24, { NO_COLOR = "1" })
--   t:wait "NAME +PROCS"; t:type "j"; t:key "Enter"; print(t:screen()); t:close()
--
-- Close it before the daemon's stop: the server's command line names the daemon's directory.
local reeve = require "reeve"

local Terminal = {}
Terminal.__index = Terminal
local M, opened = {}, {}

local function quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

local function tmux(self, words)
  return reeve.shell(("tmux -S %s/tmux %s"):format(self.dir, words))
end

--- Runs the shell command in a terminal of that size. env: more variables.
function M.open(command, columns, lines, env)
  local self = setmetatable({}, Terminal)
  self.dir = reeve.shell_line "mktemp -d /tmp/reeve-tmux.XXXXXX"
  opened[self] = true
  local words = "env LC_ALL=C.UTF-8"
  for name, value in pairs(env or {}) do words = ("%s %s=%s"):format(words, name, quote(value)) end
  local code, text = reeve.shell(("%s tmux -S %s/tmux -f /dev/null new-session -d -x %d -y %d %s"):format(words,
    self.dir, columns, lines, quote(command .. "; echo \"exit $?\"; exec cat")))
  assert(code == 0, text)
  return self
end

--- What the screen shows; with `escapes` also the colours.
function Terminal:screen(escapes)
  return select(2, tmux(self, "capture-pane -p " .. (escapes and "-e" or "")))
end

--- Waits until the screen has a line that matches; returns its first capture.
function Terminal:wait(pattern)
  local text
  return reeve.wait_until(function()
    text = self:screen()
    return text:match(pattern)
  end, function() return ("'%s' on the screen:\n%s"):format(pattern, text) end)
end

--- Waits until nothing on the screen matches.
function Terminal:wait_not(pattern)
  local text
  return reeve.wait_until(function()
    text = self:screen()
    return not text:find(pattern)
  end, function() return ("no '%s' on the screen:\n%s"):format(pattern, text) end)
end

--- Types a text as it is; or presses keys by tmux's names: t:key "Enter".
function Terminal:type(text) assert(tmux(self, "send-keys -l " .. quote(text)) == 0) end
function Terminal:key(names) assert(tmux(self, "send-keys " .. names:gsub("%S+", quote)) == 0) end

function Terminal:resize(columns, lines)
  assert(tmux(self, ("resize-window -x %d -y %d"):format(columns, lines)) == 0)
end

function Terminal:close()
  opened[self] = nil
  tmux(self, "kill-server")
  reeve.shell("rm -rf " .. self.dir)
end

--- Ends whatever a test left open; for after_each.
function M.clean()
  for t in pairs(opened) do t:close() end
end

return M
