-- Record and replay: what a live daemon was told and decided is in its recording, and the same policies, told the same
-- again, decide the same; other policies are found out.
local json = require "dkjson"
local lfs = require "lfs"
local reeve = require "reeve"
local rules = require "rules"

-- A policy that uses all there is: its st, chance, the clock, histories, single processes; and one that fails.
local CONFIG = [[
policy "moody" (function(o)
  return function(s, ev, st)
    st.asked = (st.asked or 0) + 1
    st.last = ev.kind
    local floor = %s + math.floor(s:rand() * 2)
    if s:rate("arrivals", 30) > 1000 then floor = 7 end
    if (s:max("busy", 60) or 0) > 3 then floor = floor + 1 end
    return { spare = floor, wake = s.now + 0.05 * (1 + st.asked %% 3), why = "asked " .. s.wall.wday }
  end
end)
service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 12,
  policy = { settle(2, moody()), hours { { days = "1234567", from = 0, to = 24, floor = 1 } } },
  inet_listener "s" { port = @port@, address = "127.0.0.1" } }
service "t" { executable = "@worker@ --hold", client_limit = 3, process_min_avail = 1,
  policy = { exit = function() while true do end end, ready = function(s, ev, st) error "never mind" end },
  inet_listener "t" { port = @port2@, address = "127.0.0.1" } }
]]

local function busy_pid(d, name)
  return reeve.wait_until(function()
    for _, p in ipairs(d:ps(name)) do
      if p.state == "busy" then return p.pid end
    end
  end, "a busy process of " .. name)
end

-- Clients, crashes, an operator, a reload, an engine that is killed.
local function live_a_little(d)
  local crashed = { s = d:service "s".crashes, t = d:service "t".crashes }
  local clients = d:clients(5)
  local others = d:clients(4, 2)
  d:wait_service("s", { busy = 5 })
  reeve.kill("KILL", busy_pid(d, "s"))
  reeve.kill("KILL", busy_pid(d, "t"))
  for name, n in pairs(crashed) do d:wait_service(name, { crashes = n + 1 }) end
  assert.equal(0, (d:reeve "service restart s"))
  for _, c in ipairs(clients) do c:close() end
  for _, c in ipairs(others) do c:close() end
  d:wait_service("s", { busy = 0 })
  d:wait_service("t", { clients = 0 })
end

local function replay(d, words)
  local code, text = d:reeve("replay " .. (words or ""))
  return text, code
end

local function assert_all_equal(d, words)
  local text, code = replay(d, words)
  assert.equal(0, code, text)
  assert.truthy(text:find "all equal", text)
  assert.falsy(text:find "missing", text)
  return tonumber(text:match "^(%d+) decisions"), text
end

-- Until nothing of before is on its way any more: the verb waits for a report of everything.
local function settle(d) d:status() end

describe("a recording", function()
  after_each(reeve.clean)

  it("of a live run is replayed with equal decisions, byte by byte, and other policies are found out", function()
    local d = reeve.start { config = CONFIG:format "1" }
    live_a_little(d)
    settle(d)
    local n = assert_all_equal(d)
    assert.is_true(n >= 10, n)

    d:configure(CONFIG:format "2") -- policies that were other ones before are replayed as what they were
    assert.equal(0, (d:reeve "reload"))
    live_a_little(d)
    local old = d:status().engine_pid
    reeve.kill("KILL", old)
    reeve.wait_until(function()
      local s = d:try_status()
      return s and s.engine_pid ~= old
    end, "another engine")
    live_a_little(d)
    assert.is_true(assert_all_equal(d) > n)

    -- dead, as a copy of a stretch, twice: the same bytes each time, and those that the live engine decided
    assert.equal(0, (d:reeve "stop"))
    reeve.wait_until(function() return d:exit_code() end, "the daemon to end")
    local code, text = d:reeve("record " .. d.dir .. "/stretch")
    assert.equal(0, code, text)
    assert.equal("rw-------", lfs.attributes(d.dir .. "/stretch", "permissions"))
    for i = 1, 2 do
      assert_all_equal(d, ("%s/stretch --log %s/log%d --live-log %s/live%d"):format(d.dir, d.dir, i, d.dir, i))
    end
    local live = reeve.read(d.dir .. "/live1")
    assert.is_true(#live > 1000)
    for _, name in ipairs { "live2", "log1", "log2" } do assert.equal(live, reeve.read(d.dir .. "/" .. name)) end
    for _, wanted in ipairs { "s vote own%.1%(settle%)", "s standing", "s retire", "t failure own%.exit",
      "%* state" } do
      assert.truthy(live:find(wanted), wanted)
    end

    -- "what if it had been this policy?" is another question: verify says where it differs
    local other = (CONFIG:format "2"):gsub("floor = floor %+ 1", "floor = floor + 2")
    d:configure(other)
    text, code = replay(d, d.dir .. "/stretch -c " .. d.config_path)
    assert.equal(1, code, text)
    assert.truthy(text:find "service s at .*recorded: own.*spare=.*replayed: own.*spare=.*facts:    live=", text)
    d:destroy()
  end)

  it("is not lost with its engine, and a torn end is left out", function()
    local d = reeve.start { config = CONFIG:format "1" }
    local path = d.base .. "/state/recording"
    live_a_little(d)
    reeve.kill("KILL", d:status().engine_pid)
    d:status()
    assert_all_equal(d)
    assert.equal(0, (d:reeve "stop"))
    reeve.wait_until(function() return d:exit_code() end, "the daemon to end")
    local n, text = assert_all_equal(d)
    local out = assert(io.open(path, "r+"))
    local found = out:read "a"
    local last = assert(found:find "BK[ID]", "no block")
    while found:find("BK[ID]", last + 1) do last = found:find("BK[ID]", last + 1) end
    out:seek("set", last + 20) -- in the midst of the last block
    out:write "torn"
    out:close()
    local m = assert_all_equal(d)
    assert.is_true(m <= n, text)
    d:destroy()
  end)

  it("says how the numbers came about, and what another policy would have done", function()
    local d = reeve.start { config = CONFIG:format "1" }
    live_a_little(d)
    assert.equal(0, (d:reeve "service scale s 3..9"))
    settle(d)
    local code, text = d:reeve "why s --since 1h"
    assert.equal(0, code, text)
    assert.truthy(text:find "at_least %d+ %-> 3, by operator\n", text)
    assert.truthy(text:find "standing order.*\nsince [%d-]+ [%d:.]+:\n", text) -- what the engine says comes first
    assert.truthy(text:find "\n[%d-]+ [%d:.]+  spare unknown %-> %d+, by own%.1%(settle%): asked", text)
    assert.truthy(text:find "s exit process %d+ was ended by signal 9", text)
    assert.truthy(text:find "s operator restart", text)
    assert.falsy(text:find("t exit", 1, true), text)
    code, text = d:reeve "why s --since 1h --json"
    assert.equal(0, code, text)
    local found = json.decode(text)
    assert.equal("s", found.service)
    local bounds = {}
    for _, change in ipairs(found.changes) do bounds[change.bound or change.kind] = change end
    assert.truthy(bounds.spare and bounds.spare.to and bounds.spare.by and bounds.exit and bounds.operator, text)
    code, text = d:reeve "why nobody --since 1h"
    assert.equal(64, code, text)

    code, text = d:reeve(("replay --service s --policy 'only { fpm_static { max_children = 9 } }' --json "
      .. "--plot %s/x.svg"):format(d.dir))
    assert.equal(0, code, text)
    local what_if = json.decode(text).candidates
    assert.equal("as recorded", what_if[1].name)
    for _, report in ipairs(what_if) do
      assert.equal(5, report.arrived)
      assert.equal("s", report.service)
    end
    assert.equal(9, what_if[2].most_processes)
    assert.truthy(reeve.read(d.dir .. "/x.svg"):find "<svg")
    code, text = d:reeve "replay --service nobody --policy hybrid"
    assert.equal(2, code, text)
    assert.truthy(text:find("has no service 'nobody' (there are: s t)", 1, true), text)
    d:stop()
  end)

  it("of a directory that is another's is refused in a sentence, and goes on when that is mended", function()
    local d = reeve.start { config = CONFIG:format "1", settings = 'state_dir = "@dir@/kept",', prepare = function(d)
      assert(reeve.shell(("mkdir %s/kept && chown nobody %s/kept"):format(d.dir, d.dir)) == 0)
    end }
    d:wait_log "nothing is recorded: state_dir /%S+/kept can be written by others"
    live_a_little(d)
    assert.falsy(lfs.attributes(d.dir .. "/kept/recording"))
    reeve.shell(("chown root %s/kept"):format(d.dir))
    d:wait_log "the recording goes on in"
    live_a_little(d)
    assert_all_equal(d)
    local _, said = d:log():gsub("nothing is recorded", "")
    assert.equal(1, said)
    d:stop()
  end)

  it("that is none of ours, or of another version, is told so", function()
    local d = reeve.start { config = "" }
    for content, sentence in pairs { ["reeve recording 7\n"] = "a recording of version 7; this Reeve reads version 1",
      ["#!/bin/sh"] = "this is no recording of Reeve's", ["reeve recording 1\nsize=5"] = "cut off in its head" } do
      reeve.write(d.dir .. "/x", content)
      local text, code = replay(d, d.dir .. "/x")
      assert.equal(65, code)
      assert.truthy(text:find(sentence, 1, true), text)
    end
    local text, code = replay(d, d.dir .. "/nowhere")
    assert.equal(66, code)
    assert.truthy(text:find("No such file", 1, true), text)
    d:stop()
  end)

  it("global.state_dir: is where the recording lies; base_dir/state leads to it", function()
    local d = rules.start(nil, 'state_dir = "@dir@/elsewhere",')
    local path = d.dir .. "/elsewhere/recording"
    reeve.wait_until(function() return lfs.attributes(path, "mode") == "file" end, path)
    assert.equal("rw-------", lfs.attributes(path, "permissions"))
    assert.equal(d.dir .. "/elsewhere", reeve.shell_line("readlink " .. d.base .. "/state"))
    d:clients(1)
    settle(d)
    assert_all_equal(d)
    d:stop()
  end)

  it("global.record: is never larger than it says, and false makes none", function()
    local d = rules.start(nil, "record = { size = '8M' },")
    local path = d.base .. "/state/recording"
    reeve.wait_until(function() return (lfs.attributes(path, "size") or 0) > 0 end, path)
    assert.truthy(reeve.read(path):find "^reeve recording 1\nsize=8388608\n")
    assert.is_true(lfs.attributes(path, "size") <= 8388608)
    d:stop()
    d = rules.start(nil, "record = false,")
    d:clients(1)
    settle(d)
    assert.falsy(lfs.attributes(d.base .. "/state"))
    d:stop()
  end)

  it("stops with one line when the disk is full, harms nobody, and goes on when there is room #slow", function()
    local disk = reeve.shell_line "mktemp -d /tmp/reeve-disk.XXXXXX"
    -- in a mount namespace of the daemon's own, which takes the disk away with it
    local d = reeve.start { settings = ("state_dir = %q, record = { size = '8M' },"):format(disk .. "/state"),
      wrap = ("unshare --mount sh -c 'mount -t tmpfs -o size=4m,mode=755 none %s && exec \"$@\"' sh"):format(disk),
      config = [[service "s" { executable = "@worker@ --hold", client_limit = 1, process_limit = 3,
        inet_listener "s" { port = @port@, address = "127.0.0.1" } }]] }
    local filler = ("/proc/%d/root%s/filler"):format(d:status().master_pid, disk)
    -- What an operator does is recorded.
    local function wait_said(text)
      reeve.wait_until(function()
        assert(d:reeve "service reset s" == 0)
        return d:log():find(text, 1, true)
      end, function() return ("'%s' in the log:\n%s"):format(text, d:log()) end, 90)
    end
    reeve.shell(("dd if=/dev/zero of=%s bs=4k 2>&1"):format(filler))
    wait_said "the recording stops: No space left on device; it goes on when it can"
    assert.truthy(d:clients(1)[1]:ask "pid")
    assert(os.remove(filler))
    wait_said "the recording goes on"
    assert.equal(1, select(2, d:log():gsub("the recording stops", "")))
    d:stop()
    os.remove(disk)
  end)
end)
