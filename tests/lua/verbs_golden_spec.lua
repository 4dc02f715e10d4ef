-- What every verb prints about a small world that never changes (fake_control, config_world), kept in verbs.golden.
-- After a change that is wanted: GOLDEN=write busted tests/lua/verbs_golden_spec.lua, and read the diff.
package.path = "tests/lua/?.lua;" .. package.path
local config_world = require "config_world"
local fake = require "fake_control"

local GOLDEN = "tests/lua/verbs.golden"

local CONFIG = [[
settings { default_idle_kill = "2min", listen = { "127.0.0.1" } }
service "web" {
  executable = "/srv/web", user = "web", client_limit = 4, process_limit = 50,
  inet_listener "http" { port = 8080 }, unix_listener "web.sock" { mode = "0666" },
}
]]
local BROKEN = 'service "web" { executable = "/srv/web", max_children = 3, user = web }\n'

local function world()
  local w = fake.new()
  w.control.spec = require "reeve.spec"
  local function series(_, _, _, n)
    local list = {}
    for i = 1, n do list[i] = i % 9 end
    return list
  end
  for _, facts in pairs(w.facts) do
    facts.rate = function() return 0.25 end
    facts.series = series
  end
  return w
end

-- The text that a live verb prints, with its exit code. `answer` is what the master says to it.
local function live(words, answer)
  local w = world()
  local out, err, code = w:say(table.unpack(words))
  if answer then
    answer(w)
    out, err, code = w:answer()
  end
  return out .. err, code
end

local function here(words, text)
  local said, opts = {}, config_world.opts(text)
  opts.spec = require "reeve.spec"
  local function say(s) said[#said + 1] = s end
  local ctx = { out = say, err = say, here = opts, spec = opts.spec, width = 80, version = "0" }
  local code = require("reeve.verbs." .. words[1])(ctx, { table.unpack(words, 2) })
  return table.concat(said), code
end

local function reloaded(w)
  w.control:reload_done { ticket = w.orders[1].ticket, ok = true, generation = 4,
    text = "keep   web\nlive   job (every)" }
end

local function refused(w)
  w.control:reload_done { ticket = w.orders[1].ticket, ok = false, generation = 3, text = "reeve.lua:1:1: error: no\n" }
end

local function stopped(w)
  w.control:stopping { alive = 2, text = "web 2" }
  w.control:stopping { alive = 0, text = "" }
end

local function upgraded(w)
  w.control:upgrade_done { ticket = w.orders[1].ticket, ok = true, from = "0.1.0", to = "0.2.0", processes = 12,
    text = "" }
end

local function not_upgraded(w)
  w.control:upgrade_done { ticket = w.orders[1].ticket, ok = false, from = "0.1.0", to = "0.1.0", processes = 12,
    text = "/usr/libexec/reeve/reeved, when it was tried: it said nothing (status 3)" }
end

local function done(w) w.control:service_done { ticket = w.orders[1].ticket, ok = true, text = "" } end

local CASES = {
  { live, { "status" } }, { live, { "status", "web" } }, { live, { "status", "job" } },
  { live, { "status", "--json" } },
  { live, { "status", "web", "--json" } }, { live, { "status", "--names" } }, { live, { "status", "nope" } },
  { live, { "ps" } }, { live, { "ps", "web", "--json" } }, { live, { "top" } }, { live, { "top", "--raw" } },
  { live, { "service", "stop", "web" }, done }, { live, { "service", "reset", "web" }, done },
  { live, { "plan" }, reloaded }, { live, { "reload" }, reloaded }, { live, { "reload" }, refused },
  { live, { "reload", "--json" }, reloaded }, { live, { "stop" }, stopped }, { live, { "reopen-logs" } },
  { live, { "upgrade" }, upgraded }, { live, { "upgrade" }, not_upgraded }, { live, { "upgrade", "--json" }, upgraded },
  { live, { "upgrade", "now" } },
  { live, { "eval", "1 + 1" } },
  { here, { "check" }, CONFIG }, { here, { "check" }, BROKEN }, { here, { "check", "--format", "line" }, BROKEN },
  { here, { "check", "--format", "json" }, BROKEN }, { here, { "config", "--changed" }, CONFIG },
  { here, { "config", "--changed", "--origin" }, CONFIG }, { here, { "settings", "idle_kill" }, CONFIG },
  { here, { "settings", "nice" }, CONFIG }, { here, { "settings", "ExecStart" }, CONFIG },
}

local function all()
  local list = {}
  for _, case in ipairs(CASES) do
    local text, code = case[1](case[2], case[3])
    list[#list + 1] = ("$ reeve %s\n%s[exit %s]\n"):format(table.concat(case[2], " "), text, tostring(code))
  end
  return table.concat(list, "\n")
end

describe("every verb", function()
  it("prints of a fixed world what tests/lua/verbs.golden has", function()
    local said = all()
    if os.getenv "GOLDEN" == "write" then
      local f = assert(io.open(GOLDEN, "w"))
      f:write(said)
      f:close()
    end
    local f = assert(io.open(GOLDEN))
    local golden = f:read "a"
    f:close()
    assert.equal(golden, said)
  end)
end)
