-- What operators ask at three in the morning: a script for each question (tests/e2e/stories), its answer at most three
-- commands away.
local reeve = require "reeve"

local WEB = [[service "web" { executable = "@worker@ --hold", client_limit = 1, process_limit = 4, %s
  unix_listener "web.sock" { mode = "0666" } }
]]

local function start(config, settings)
  return reeve.start { config = config, settings = (settings or "") .. [[log_path = "@dir@/logs/all",]],
    prepare = function(d) reeve.shell(("mkdir -m 0777 %s/logs"):format(d.dir)) end }
end

-- How many commands stand before the answer.
local function commands_before_answer(script)
  local n = 0
  for line in script:match "^(.-)# the answer is on the screen":gmatch "[^\n]+" do
    if not line:find "^#" then n = n + 1 end
  end
  return n
end

-- Runs a story against a daemon; returns everything that it printed.
local function tell(d, name, env)
  local path = ("tests/e2e/stories/%s.sh"):format(name)
  local n = commands_before_answer(reeve.read(path))
  assert(n >= 1 and n <= 3, ("%s: %d commands before the answer"):format(name, n))
  local words = ""
  for key, value in pairs(env or {}) do words = ("%s %s='%s'"):format(words, key, value) end
  local code, text = reeve.shell(("PATH=%s:$PATH REEVE_BASE_DIR=%s CONFIG=%s %s sh -e %s"):format(reeve.build, d.base,
    d.config_path, words, path))
  assert(code == 0, ("%s: exit %d:\n%s"):format(name, code, text))
  return text
end

local function has(text, ...)
  for _, pattern in ipairs { ... } do assert(text:find(pattern), ("'%s' in:\n%s"):format(pattern, text)) end
end

describe("an operator's story:", function()
  after_each(reeve.clean)

  it("a login storm at night", function()
    local d = start(WEB:format "")
    d:clients(4, "web.sock")
    for _ = 1, 3 do assert(d:connect "web.sock") end
    d:wait_service("web", { waiting = 3, live = 4 })
    local text = tell(d, "login-storm")
    has(text, "\nweb +4 +4 +0 +4 [^\n]+at process_limit, clients wait",
      "process_limit = 4 is reached", "goodput +%d", "dropped +%d")
    d:stop()
  end)

  it("a service that crashes again and again", function()
    local d = start(WEB:format "" .. [[service "broken" { process_limit = 1, process_min_avail = 1, contract = "plain",
      executable = { "/bin/sh", "-c", "echo no database at 10.0.0.7 >&2; exit 3" }, unix_listener "b.sock" {} }]])
    reeve.wait_until(function() return select(2, d:reeve "status broken"):find "no database at 10.0.0.7\n" end,
      "the service's line in its log")
    d:wait_service("broken", { live = 0 })
    local pid
    reeve.wait_until(function() -- it is recorded
      pid = select(2, d:reeve "events --since 1h 'ev.kind == \"exit\"'"):match "exit process (%d+) ended"
      return pid
    end, "an exit in the recording")
    local text = tell(d, "crash-loop")
    has(text, "last_failure +process %d+ ended with status 3", "last exits\n[^\n]+\n[^\n]+status 3",
      "last log lines\n.*  %d+%-%d%d%-%d%d [%d:]+ %l+[%[%d%]]*: no database at 10.0.0.7\n",
      "\n%d+%-%d%d%-%d%d [%d:.]+ broken exit process " .. pid .. " ended with status 3\n", -- the first: since when
      "throttle +%S+ +built%-in/throttle",
      "\nsince [^\n]+:\n.*throttle_first unknown %-> 2000, by built%-in/throttle")
    d:stop()
  end)

  it("a new version of a worker, and nobody is dropped", function()
    local d = start(WEB:format "process_min_avail = 1,")
    local client = d:clients(1, "web.sock")[1]
    d:configure(WEB:format "process_min_avail = 1, env = { VERSION = \"2\" },")
    local text = tell(d, "deploy")
    has(text, "renew +web %(env%)", "generation 2 is in force")
    reeve.wait_until(function()
      local new = 0
      for _, p in ipairs(d:ps "web") do new = new + (p.generation == 2 and p.state == "idle" and 1 or 0) end
      return new > 0
    end, "the new version to be up")
    assert.equal(client.pid, tonumber(client:ask "pid"))
    assert.equal("2", d:clients(1, "web.sock")[1]:ask "env VERSION")
    assert.equal(0, d:service("web").dropped)
    d:stop()
  end)

  it("why are there forty processes", function()
    local d = start(WEB:gsub("process_limit = 4", "process_limit = 60"):format(
      [[policy = function() return { at_least = 40, why = "the moon is full" } end,]]))
    d:wait_service("web", { live = 40 })
    has(tell(d, "forty-processes"), "the moon is full", "at_least[^\n]*40")
    d:stop()
  end)

  it("trying a new policy safely", function()
    local d = start(WEB:format "")
    local new = d.dir .. "/new.lua"
    local text = reeve.read(d.config_path):gsub("process_limit = 4,",
      [[process_limit = 4,
        policy = function() return { at_least = 3, why = "always three" } end, -- new
      ]])
    reeve.write(new, text)
    local said = tell(d, "try-policy", { NEW = new })
    has(said, "goodput +%d", "Vote of service [^\n]+ is another one", "shadow",
      "generation 2 is in force", "generation 3 is in force", "generation 4 is in force", "always three")
    d:wait_service("web", { process_limit = 4 })
    assert.equal(reeve.read(d.config_path .. ".before"), reeve.read(d.config_path))
    d:stop()
  end)

  it("finding the instance after an import", function()
    local d = start(WEB:format "")
    local old, new = d.dir .. "/dovecot.conf", d.dir .. "/imported.lua"
    reeve.write(old, ("protocols = imap\nbase_dir = %s\nssl = no\n"):format(d.base))
    local text = tell(d, "after-import", { DOVECOT = old, IMPORTED = new, REEVE_BASE_DIR = d.dir .. "/elsewhere" })
    has(text, "no daemon at " .. reeve.literal(d.dir) .. "/elsewhere",
      "reeve %-b " .. reeve.literal(d.base) .. "  %(pid " .. d:status().master_pid .. "%)")
    has(reeve.read(new), 'base_dir = "' .. reeve.literal(d.base) .. '"', "service \"imap%-login\"")
    d:stop()
  end)
end)
