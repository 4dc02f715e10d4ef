-- The completions that ship, typed into real shells.
local reeve = require "reeve"
local terminal = require "terminal"

local CONFIG = [[
service "imap-login" { executable = "@worker@ --hold", unix_listener "a.sock" {} }
service "imap-hibernate" { executable = "@worker@ --hold", unix_listener "b.sock" {} }
service "web" { executable = "@worker@ --hold", unix_listener "c.sock" {} }
]]

local SHELLS = {
  bash = { "exec bash --norc --noprofile -i", "PS1='$ '; source %s/completion/reeve.bash" },
  zsh = { "exec zsh -f -i",
    "PS1='$ '; setopt no_beep; fpath=(%s/completion $fpath); autoload -U compinit; compinit -u -D" },
  fish = { "exec fish --no-config -i", "function fish_prompt; echo '$ '; end; source %s/completion/reeve.fish" },
}

-- A shell with our completions; the words of a command line are typed after `line`.
local function shell(name, d)
  local t = terminal.open(SHELLS[name][1], 120, 40, { PATH = reeve.build .. ":" .. os.getenv "PATH", HOME = d.dir,
    XDG_CONFIG_HOME = d.dir, XDG_DATA_HOME = d.dir, REEVE_BASE_DIR = d.base })
  t:type("cd " .. d.dir)
  t:key "Enter"
  t:type(SHELLS[name][2]:format(reeve.build))
  t:key "Enter"
  t:type "echo rea''dy"
  t:key "Enter"
  t:wait "\nready"
  return t
end

-- Types a line and a Tab, waits for what becomes of it, and takes the line back.
local function completes(t, line, whole)
  t:type(line)
  t:wait(reeve.literal(line))
  t:key "Tab"
  t:wait(reeve.literal(whole))
  t:key "C-u C-l"
  t:wait_not(reeve.literal(line))
end

describe("completion", function()
  after_each(function()
    terminal.clean()
    reeve.clean()
  end)

  for name in pairs(SHELLS) do
    it("in " .. name .. " knows verbs, options, settings, and the services of the running instance", function()
      local d = reeve.start { config = CONFIG }
      local t = shell(name, d)
      completes(t, "reeve sec", "reeve security")
      completes(t, "reeve status we", "reeve status web")
      completes(t, "reeve ps imap-h", "reeve ps imap-hibernate")
      completes(t, "reeve service resta", "reeve service restart")
      completes(t, "reeve service drain imap-l", "drain imap-login")
      completes(t, "reeve service stop --w", "reeve service stop --wait")
      completes(t, "reeve check --format js", "reeve check --format json")
      completes(t, "reeve settings default_vs", "reeve settings default_vsz_limit")
      completes(t, "reeve plan --js", "reeve plan --json")
      completes(t, "reeve config -c reeve.l", "config -c reeve.lua")
      completes(t, ("reeve -b %s status we"):format(d.base), "status web")
      completes(t, "reeve help secu", "reeve help security")
      t:close()
      d:stop()
    end)
  end
end)
