-- Where a daemon is started: without root, as PID 1, as a subreaper, twice.
local reeve = require "reeve"

local NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups"

local function config(settings)
  return ([[service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 8, process_min_avail = 2, %s
    inet_listener "s" { port = @port@, address = "127.0.0.1" }, unix_listener "s.sock" { mode = "0666" } }]]):format(
    settings or "")
end

local function give_to_nobody(d)
  assert(reeve.shell("chown -R 65534:65534 " .. d.base) == 0)
end

-- The master's pid and state as this namespace sees them.
local function master_of(d)
  for _, pid in ipairs(d:processes()) do
    if (reeve.read("/proc/" .. pid .. "/comm") or "") == "reeved\n" then return pid end
  end
end

-- Children of a process: pid -> state letter.
local function children(pid)
  local list = {}
  local _, text = reeve.shell(("ps --no-headers -o pid=,stat= --ppid %d"):format(pid))
  for child, state in text:gmatch "(%d+) (%a)" do list[tonumber(child)] = state end
  return list
end

local function zombies(pid)
  local n = 0
  for _, state in pairs(children(pid)) do n = n + (state == "Z" and 1 or 0) end
  return n
end

describe("without root, a daemon", function()
  after_each(reeve.clean)

  it("serves as its own user, reloads and stops in order", function()
    local d = reeve.start { config = config(), prepare = give_to_nobody, wrap = NOBODY }
    local c = d:clients(1)[1]
    assert.equal("uid 65534 65534\ngid 65534 65534", c:ask "ids")
    assert.truthy(assert(d:connect "s.sock"):ask "pid")
    d:configure(config "kill_after = \"3s\",")
    local code, text = reeve.shell(("%s %s/reeve -b %s reload"):format(NOBODY, reeve.build, d.base))
    assert.equal(0, code, text)
    local first = d:status().engine_pid
    reeve.kill("KILL", first)
    reeve.wait_until(function()
      local s = d:try_status()
      return s and s.engine_pid ~= first
    end, "another engine")
    assert.equal(0, d:stop())
  end)

  it("answers nobody but its user and root", function()
    local d = reeve.start { config = config(), prepare = give_to_nobody, wrap = NOBODY }
    local code, text = reeve.shell(("setpriv --reuid=12345 --regid=12345 --clear-groups %s/reeve -b %s status"):format(
      reeve.build, d.base))
    assert.is_true(code == 77 or code == 69, code .. ": " .. text)
    assert.truthy(text ~= "")
    d:stop()
  end)

  local refusals = {
    { "another user", [[user = "root",]], "root" },
    { "a chroot", [[chroot = "jail",]], "chroot" },
  }
  for _, case in ipairs(refusals) do
    it("refuses " .. case[1] .. " with a sentence that names it", function()
      local code, text, d = reeve.refused { config = config(case[2]), prepare = give_to_nobody, wrap = NOBODY }
      assert.equal(78, code, text)
      assert.truthy(text:find(case[3], 1, true), text)
      assert.truthy(text:find("service s", 1, true) or text:find("reeve.lua:", 1, true), text)
      d:assert_nothing_left()
    end)
  end

  it("refuses a port below 1024 and a base_dir of others, and says the way out", function()
    local privileged = reeve.read "/proc/sys/net/ipv4/ip_unprivileged_port_start"
    if tonumber(privileged) > 81 then
      local code, text = reeve.refused { config = config():gsub("port = @port@", "port = 81"), prepare = give_to_nobody,
        wrap = NOBODY }
      assert.equal(71, code, text)
      assert.truthy(text:find("ports below 1024 need root", 1, true), text)
    end
    local code, text = reeve.refused { config = config(), wrap = NOBODY }
    assert.equal(71, code, text)
    assert.truthy(text:find("take a base_dir of your own with -b", 1, true), text)
  end)

  it("is what conf/run starts, in a base_dir of its own", function()
    local d = reeve.start { config = config() } -- for its directory and its ports
    d:stop()
    local dir = reeve.shell_line "d=$(mktemp -d /tmp/reeve-e2e.XXXXXX); chown 65534 $d; echo $d"
    local pid = tonumber(reeve.shell_line(([[BUILD=%s REEVE_BASE_DIR=%s/run REEVE_LIBEXEC=%s/examples \
      REEVE_HTTP_PORT=%d REEVE_ECHO_PORT=%d REEVE_CHAT_PORT=%d %s conf/run >%s/log 2>&1 </dev/null & echo $!]]):format(
      reeve.build, dir, reeve.build, reeve.free_port(), reeve.free_port(), reeve.free_port(), NOBODY, dir)))
    local ok, why = pcall(reeve.wait_until, function()
      return (reeve.read(dir .. "/log") or ""):find "It runs; %^C ends it"
    end, "conf/run")
    local log = reeve.read(dir .. "/log")
    reeve.kill("INT", pid) -- ^C
    reeve.wait_gone(pid)
    reeve.shell("rm -rf " .. dir)
    assert(ok, tostring(why) .. "\n" .. log)
    assert.truthy(log:find("http", 1, true), log)
  end)
end)

local OWNERS = {
  ["as PID 1"] = "unshare --pid --fork --mount-proc",
  ["as a subreaper"] = reeve.build .. "/tests/subreaper",
}
for place, wrap in pairs(OWNERS) do
  describe(place .. ", a daemon", function()
    after_each(reeve.clean)

    it("buries strangers, a thousand of them, and stops in order", function()
      local d = reeve.start { config = config(), wrap = wrap }
      local c, master = d:clients(1)[1], master_of(d)
      if place == "as PID 1" then assert.equal(1, d:status().master_pid) end
      local worker = next(children(master))
      assert.truthy(worker)
      -- A worker's shell leaves orphans: the nearest reaper above them is the master.
      local orphans = reeve.shell_line(("mkdir -m 777 %s/open; echo %s/open/last"):format(d.dir, d.dir))
      c:ask("orphans 1000 " .. orphans)
      reeve.wait_until(function() return reeve.read(orphans) end, "the last orphan")
      reeve.wait_until(function() return zombies(master) == 0 end, function()
        return ("the burial of %d zombies"):format(zombies(master))
      end, 2)
      d:wait_service("s", { crashes = 0, busy = 1 })
      c:ask "bye"
      reeve.kill("TERM", master)
      reeve.wait_until(function() return d:exit_code() end, "the end")
      assert.equal(0, d:exit_code())
      d:assert_nothing_left()
    end)
  end)
end

describe("two daemons", function()
  after_each(reeve.clean)

  -- Of two that start at the same moment one runs and the other says 73 and the pid of the first.
  local function race(n)
    local d = reeve.start { config = config "process_min_avail = 0,":gsub("process_min_avail = 2,", "") }
    for i = 1, n do
      local code, text = d:reeve "stop"
      assert.equal(0, code, text)
      reeve.wait_until(function() return d:exit_code() end, "the end of race " .. i)
      local pids = reeve.shell_line(([[for n in 1 2; do %s/reeve run -c %s >%s/race.$n 2>&1 </dev/null &
        echo $!; done]]):format(reeve.build, d.config_path, d.dir))
      local first, second = pids:match "(%d+)%s+(%d+)"
      local loser = reeve.wait_until(function()
        return not reeve.is_alive(first) and 1 or not reeve.is_alive(second) and 2
      end, "the end of one of two")
      local said = reeve.read(("%s/race.%d"):format(d.dir, loser))
      local winner = loser == 1 and second or first
      assert.truthy(said:find("runs already in .* as pid " .. winner), said)
      reeve.wait_until(function() return d:try_status() end, "the other to answer")
      assert.equal(tonumber(winner), d:status().master_pid)
      assert.equal(0, (d:reeve "stop"))
      reeve.wait_gone(winner)
      d:assert_nothing_left()
      d:launch()
      reeve.wait_until(function() return d:try_status() end, "a third to answer")
    end
    d:stop()
  end

  it("started at once: exactly one runs (5 races)", function() race(5) end)
  it("started at once: exactly one runs (100 races) #slow", function() race(100) end)
end)
