-- Sampling: every process once a second, in slices; processor time every five.
local facts = require "reeve.facts"
local sampler = require "reeve.sampler"
local spec = require "reeve.spec"

-- n processes, and a /proc that notes who was read when, and of whom processor time.
local function setup(n)
  local w = { now = 1000, read = {}, cpu = {}, told = 0, largest = 0 }
  w.world = facts.new { seed = 1, now = w.now }
  w.world:define({ services = { { name = "s", settings = { contract = "reeve" } } } }, spec)
  function w.add(id)
    w.world:report("process", { process = id, svc = 1, pid = 100 + id, generation = 1, state = 1, now = w.now,
      born = w.now, since = w.now, available = 1, clients = 0, served = 0, ready = true })
  end
  for id = 1, n do w.add(id) end
  local proc = { host = function() return { load = 1.5 } end }
  function proc.sample(list, first, last, cpu)
    w.largest = math.max(w.largest, last - first + 1)
    for i = first, last do
      local r = list[i]
      r.rss, r.private = r.pid * 2, r.pid
      if cpu then r.cpu = w.now / 1000 end
      w.read[r.pid] = (w.read[r.pid] or 0) + 1
      w.cpu[r.pid] = (w.cpu[r.pid] or 0) + (cpu and 1 or 0)
    end
  end
  local host = { world = w.world, sample = function(_, samples, machine)
    w.told = w.told + 1
    w.world:sample(samples, machine)
  end }
  local s = sampler.new { host = host, proc = proc, now = w.now }
  function w.until_ms(ms)
    while s:next_wake() < ms do
      w.now = math.max(w.now, s:next_wake())
      s:work(w.now)
    end
    w.now = ms
  end
  w.sampler = s
  return w
end

describe("sampling", function()
  it("reads each process once a second, and its processor time every five", function()
    local w = setup(1000)
    w.until_ms(11000)
    for id = 1, 1000 do assert.same({ 10, 2 }, { w.read[100 + id], w.cpu[100 + id] }) end
    assert.equal(10, w.told)
    assert.same({ 404, 202 }, { w.world.services[1].processes[102].rss, w.world.services[1].processes[102].private })
    assert.equal(1.5, w.world.machine.load)
  end)

  it("is spread over the second, in slices that do not grow before there are fifty", function()
    local w = setup(3000)
    w.until_ms(3000)
    assert.is_true(w.largest <= 64)
    local few = setup(3)
    few.until_ms(3000)
    assert.equal(2, few.told)
    assert.equal(3, few.largest)
  end)

  it("tells what a round found at its end, and new processes from the next round on", function()
    local w = setup(200)
    w.until_ms(1500)
    assert.is_nil(w.world.services[1].processes[1].rss)
    w.add(201)
    w.until_ms(2000)
    assert.equal(202, w.world.services[1].processes[1].rss)
    assert.is_nil(w.world.services[1].processes[201].rss)
    w.until_ms(3000)
    assert.equal(602, w.world.services[1].processes[201].rss)
  end)

  it("forgets a process that is gone, also in the middle of a round", function()
    local w = setup(200)
    w.until_ms(1500)
    w.world:report("exit", { process = 1, svc = 1, now = w.now, ok = true, asked = false, stage = 1, code = 0,
      signal = 0,
      age = 5, served = 0, clients_lost = 0, text = "" })
    w.until_ms(4000)
    assert.is_nil(w.world.services[1].processes[1])
    assert.equal(1, w.read[101])
    assert.is_nil(w.sampler.records[1])
  end)

  it("does not catch up with time in which the engine stood still", function()
    local w = setup(3)
    w.until_ms(2000)
    local told = w.told
    w.now = 60000
    w.sampler:work(w.now)
    w.sampler:work(w.now)
    w.sampler:work(w.now)
    assert.is_true(w.told <= told + 2)
    assert.is_true(w.sampler:next_wake() > 60000)
  end)
end)
