-- A recording: what was written is read back, whatever happens to the file; a state is whole; a full disk costs nothing
-- but the recording. (Live runs: tests/e2e/record_spec.lua.)
local T = require "reeve.test"
local answers = require "reeve.answers"
local happenings = require "reeve.happenings"
local lfs = require "lfs"
local record = require "reeve.record"
local recorder = require "reeve.recorder"
local recording = require "reeve.recording"
local rng = require "reeve.rng"
local snapshot = require "reeve.snapshot"
local state = require "reeve.state"
local walk = require "reeve.walk"
local world = require "reeve.world"

local CONFIG = [[
policy "moody" (function()
  return function(s, ev, st)
    st.n = (st.n or 0) + 1
    return { spare = 1 + st.n // 50 + math.floor(s:rand() * 2), wake = s.now + 0.7, why = ev.kind }
  end
end)
service "test" { executable = "/bin/true", client_limit = 1, process_limit = 20, process_min_avail = 2,
  idle_kill = "2s", policy = { settle(5, moody()), hours { { days = "1234567", from = 0, to = 24, floor = 3 } } } }
]]

-- What the engine's doors ask, without the engine.
local function preload()
  local function id(name)
    local n = name == "reeve" and 99 or 1
    return n, n
  end
  package.preload["reeve.file"] = function()
    return { real = function(path) return path end, probe = function() return "ok" end,
      read = function(path)
        if path == "/test.lua" then return CONFIG end
        local file = io.open(path)
        local text = file and file:read "a"
        if file then file:close() end
        return text, not file and path .. ": no such file" or nil
      end,
      glob = function(pattern)
        local list = {}
        for name in lfs.dir(pattern:match "^(.*)/") do
          if name:find "%.lua$" then list[#list + 1] = pattern:match "^(.*/)" .. name end
        end
        table.sort(list)
        return list
      end }
  end
  package.preload["reeve.names"] = function()
    return { user = id, group = function() return 1 end, addresses = function(h) return { h } end,
      ncpu = function() return 4 end, getenv = function() end, uid = function() return 0 end,
      gid = function() return 0 end, uid_used = function() return false end, gid_of = function() return 1 end,
      time = function() return 0 end }
  end
end

-- The reports of wire.def, as reeve.wire has them in the engine.
local function schema()
  local letters = { u32 = "i", u64 = "i", i64 = "i", flag = "b", str = "s", fd = "f" }
  local text = io.open("src/wire/wire.def"):read "a":gsub("/%*.-%*/", "")
  local reports, types = {}, {}
  for name, rest in text:gmatch "REPORT%((%l[%l_]*), %d+,(.-)\n%f[%u\0]" do
    reports[name], types[name] = {}, ""
    for type, field in rest:gmatch "F%((%w+), ([%w_]+)%)" do
      table.insert(reports[name], field)
      types[name] = types[name] .. letters[type]
    end
  end
  return record.schema(reports, types)
end

local function logger()
  local lines = {}
  local function say(format, ...) lines[#lines + 1] = format:format(...) end
  return { info = say, error = say, warn = say, debug = say, lines = lines }
end

-- A world of the service of CONFIG, and its recorder over `ring`; its clock is the world's.
local function recorded_world(ring)
  preload()
  local openings = require "reeve.doors"
  local kept = answers.new()
  local doors = openings.new(kept, "lua")
  doors.file, doors.base_dir = "/test.lua", "/run/test"
  local plan = assert(require "reeve.config".load(doors))
  local constructors, log, w, rec = openings.built_ins(doors), logger(), nil, nil
  rec = record.new { recorder = { sum = recorder.sum, deltas = recorder.deltas, ring = function() return ring end },
    schema = schema(), log = log, unix = function() return w.now + 1700000000000 end,
    generation = function()
      return state.encode { config = "/test.lua", base_dir = "/run/test", lua_dir = "lua", version = "test",
        generation = 1, schema = rec.schema, bundle = kept:pack() }
    end }
  w = world.new { host = function(order)
    local host = require "reeve.policyhost".new { order = rec:watch(order), guard = T.guard, log = log,
      spec = require "reeve.spec", seed = 1, policies = openings.finder(constructors),
      wall = function(now) return { unix = now // 1000, sec = now // 1000 % 86400, wday = 1, zone = "UTC" } end }
    return host
  end }
  w:service(plan.services[1])
  w:begin()
  w.host.tap = rec
  rec:begin(w.host)
  return w, rec, log
end

local function live(w, turns, noise)
  local random, s = { state = rng.seed("live") }, w.services[1]
  for i = 1, turns do
    if noise then w.host.tap:note("noise", noise) end
    local dice = rng.next(random)
    if dice < 0.5 then s:connect(1 + i % 3) elseif s:serving() > 0 then s:finish(1) end
    if dice > 0.95 and next(s.processes) then s:crash(1) end
    if i % 40 == 0 then w.host:operator("test", "restart", {}) end
    w:settle()
    w:run_until(w.now + math.floor(dice * 3000))
    if i % 10 == 0 then w.host.tap:saved(w.host:save(), w.now) end
  end
end

local files, last = {}, {} -- what the ring closes, Lua must not close before the end

-- An fd of the file, for a ring to have: not the one that was given out before.
local function open_fd(path, mode)
  files[#files + 1] = assert(io.open(path, mode))
  for fd in lfs.dir "/proc/self/fd" do
    if fd ~= last[path] and lfs.symlinkattributes("/proc/self/fd/" .. fd, "target") == path then
      last[path] = fd
      return math.tointeger(tonumber(fd))
    end
  end
  error "no fd"
end

local SIZE <const> = 8 << 20

describe("a recording", function()
  local path, w, rec, log
  before_each(function()
    path = os.tmpname()
    w, rec, log = recorded_world(recorder.ring())
    rec:take_file(open_fd(path, "w+"), SIZE)
  end)
  after_each(function()
    os.remove(path)
    os.remove(path .. ".copy")
  end)

  local function stretch(since)
    local whole = assert(recording.open(path))
    local out = assert(io.open(path .. ".copy", "wb"))
    assert(whole:copy(out, since or math.mininteger))
    out:close()
    whole:close()
    return path .. ".copy"
  end

  it("is replayed with equal decisions, whole and as a stretch; another policy is found out", function()
    live(w, 120)
    local result = T.replay(path)
    assert.is_nil(result.difference)
    assert.is_true(result.decisions > 100 and result.turns > 200, result.decisions .. " " .. result.turns)
    assert.equal(0, result.lost)
    assert.same(result, T.replay(stretch()))
    local other = T.replay(path, { service = "test", policy = function() return { spare = 9 } end })
    assert.truthy(other.difference.recorded:find "own%.1%(settle%) votes .*spare=")
    assert.equal("own votes spare=9", other.difference.replayed)
  end)

  it("goes round, and a replay begins in the midst of it", function()
    live(w, 400, ("x"):rep(60000))
    local rec2 = assert(recording.open(path))
    assert.equal(8, #rec2.segments)
    assert.is_true(rec2.segments[1].sequence > 1, "it never went round")
    rec2:close()
    assert.is_true(lfs.attributes(path, "size") <= SIZE)
    local result = T.replay(path)
    assert.is_nil(result.difference)
    assert.equal(0, result.lost)
    assert.is_true(result.turns > 100)
    assert.same({}, { table.unpack(log.lines, 2) }) -- the first: it begins afresh
  end)

  it("is taken up by the next engine where the last one ended", function()
    live(w, 30)
    rec:take_file(open_fd(path, "r+"), SIZE)
    live(w, 30)
    local whole = assert(recording.open(path))
    assert.equal(1, #whole.segments)
    whole:close()
    local result = T.replay(path)
    assert.is_nil(result.difference)
    assert.is_true(result.turns > 80)
  end)

  it("is never read as what it is not: each byte and each length tells", function()
    live(w, 6)
    local copy = stretch()
    local bytes = assert(io.open(copy, "rb")):read "a"
    local function read(text)
      local out = assert(io.open(copy, "wb"))
      out:write(text)
      out:close()
      local r, sentence = recording.open(copy)
      if not r then return nil, sentence end
      local n, why = walk.through(r, nil, {})
      r:close()
      return n, why
    end
    local all = assert(read(bytes))
    assert.is_true(all > 5)
    local function check(text, what)
      local ok, n, sentence = pcall(read, text)
      assert.is_true(ok, ("%s: %s"):format(what, n))
      assert.is_true(n == nil and type(sentence) == "string" and #sentence < 500, ("%s: %s"):format(what, n))
    end
    for at = 4097, #bytes, 151 do
      local other = string.char(bytes:byte(at) ~ (1 << at % 8))
      check(bytes:sub(1, at - 1) .. other .. bytes:sub(at + 1), "byte " .. at)
    end
    for length = 0, #bytes - 1, 1511 do
      local ok, n = pcall(read, bytes:sub(1, length))
      assert.is_true(ok and (n or 0) < all, "cut at " .. length)
    end
    for at = 1, 40 do -- the head: what it says counts, and never breaks
      assert.is_true((pcall(read, bytes:sub(1, at - 1) .. "\xff" .. bytes:sub(at + 1))))
    end
  end)

  it("is a trace of what came from outside", function()
    w:run_until(5000)
    w.services[1]:connect(4)
    w:settle()
    w:run_until(8000)
    w.services[1]:finish(4)
    w:settle()
    w:run_until(9000)
    w.services[1]:connect(1)
    w:settle()
    w.services[1]:crash(1)
    w:run_until(12000)
    local whole = assert(recording.open(path))
    local trace = assert(require "reeve.recordedtrace".of(whole, nil, "test"))
    whole:close()
    local stays, crashes, next_record = {}, 0, trace.records()
    for r in next_record do
      if r.kind == "client" then stays[#stays + 1] = r.stay end
      if r.kind == "crash" then crashes = crashes + r.n end
    end
    assert.same({ 3, 3, 3, 3, 0 }, stays)
    assert.equal(1, crashes)
    local report = T.trace(path, { service = "test", process_min_avail = 5 })
    assert.equal(5, report.arrived)
    assert.is_true(T.trace("storm", { policy = T.policy "erlang" {}, process_limit = 200 }).goodput > 0.5)
  end)
end)

describe("the state of a host", function()
  it("comes back whole, at any moment", function()
    for moment = 1, 12 do
      local w = recorded_world(recorder.ring())
      live(w, moment * 5)
      local text = assert(state.encode(snapshot.take(w.host)))
      local fresh = recorded_world(recorder.ring()).host
      assert(snapshot.restore(fresh, assert(state.decode(text))))
      assert.equal(text, state.encode(snapshot.take(fresh)))
    end
  end)

  it("of other services is refused", function()
    local w = recorded_world(recorder.ring())
    local taken = snapshot.take(w.host)
    taken.services[2] = taken.services[1]
    local good, sentence = snapshot.restore(w.host, taken)
    assert.is_nil(good)
    assert.truthy(sentence:find "not that of its config")
  end)
end)

describe("a disk that is full", function()
  it("ends the recording with one line, and it goes on by itself", function()
    local full, written = false, {}
    local ring = { close = function() end, attach = function() return true, false end,
      next = function() return true end,
      room = function() return 1 << 20, 1 << 20, 0 end,
      append = function(_, kind)
        if full then return nil, "No space left on device", false end
        written[#written + 1] = kind
        return true
      end }
    local w, rec, log = recorded_world(ring)
    rec:take_file(99, SIZE)
    live(w, 5)
    assert.equal("GS", table.concat(written):sub(1, 2))
    full = true
    live(w, 40)
    local n = #written
    assert.same({ "the recording stops: No space left on device; it goes on when it can" }, log.lines)
    full = false
    live(w, 10)
    assert.equal("the recording goes on", log.lines[2])
    assert.equal("GS", table.concat(written):sub(n + 1, n + 2))
  end)
end)

describe("happenings", function()
  it("are made only while somebody listens, and no more than a turn can hold", function()
    local wanted, list = false, {}
    local h = happenings.new { wanted = function() return wanted end, name_of = function() return "s" end,
      process = function() end, stopped = function() return false end, service_of = function() return 1 end }
    h:report("demand", { svc = 1, waiting = 3 })
    h:deliver(1, function(ev) list[#list + 1] = ev end)
    assert.same({}, list)
    wanted = true
    for _ = 1, 10005 do h:report("demand", { svc = 1, waiting = 3 }) end
    h:deliver(7, function(ev) list[#list + 1] = ev end)
    assert.equal(10001, #list)
    assert.same({ kind = "demand", service = "s", waiting = 3, at = 7 }, list[1])
    assert.same({ kind = "dropped", service = "*", n = 5, at = 7 }, list[10001])
  end)
end)
