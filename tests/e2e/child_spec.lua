-- What a process finds when it starts, whatever its service: named `child.PART: rule`.
local reeve = require "reeve"
local rules = require "rules"

local function signals(hex)
  local set = {}
  for n = 1, 64 do
    if tonumber(hex:sub(-((n - 1) // 4) - 1, -((n - 1) // 4) - 1), 16) & (1 << (n - 1) % 4) ~= 0 then set[n] = true end
  end
  return set
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function descriptors(pid)
  local fds = {}
  local _, text = reeve.shell(("ls -l /proc/%d/fd"):format(pid))
  for fd, is in text:gmatch " (%d+) %-> ([^\n]*)" do fds[tonumber(fd)] = is end
  return fds
end

describe("a child", function()
  after_each(reeve.clean)

  it("child.directory: starts in base_dir", function()
    local d, _, p = rules.served()
    assert.same({ d.base, "/" }, { p.cwd, p.root })
    d:stop()
  end)

  it("child.umask: is 0077", function()
    local d, _, p = rules.served()
    assert.equal("0077", p.Umask)
    d:stop()
  end)

  it("child.signals: none is blocked, SIGPIPE alone is ignored, though ours are not so", function()
    local d = rules.start(nil, nil, [[service "p" { executable = "/bin/sleep infinity", contract = "plain",
      process_min_avail = 1 }]])
    d:wait_service("p", { live = 1 })
    local p = rules.proc(d:ps "p"[1].pid)
    assert.same({ {}, { [13] = true }, {} }, { signals(p.SigBlk), signals(p.SigIgn), signals(p.SigCgt) })
    d:stop()
  end)

  it("child.session: is the daemon's, with the daemon's limit of open files", function()
    local d, _, p = rules.served()
    local _, own = reeve.shell "ulimit -Sn"
    assert.equal(own:match "%w+", p.limits["Max open files"][1])
    assert.equal(rules.proc(d:status().master_pid).NSsid, p.NSsid)
    d:stop()
  end)

  it("child.descriptors: contract reeve has 0 to 3, 5, 6 and the listeners from 7: unix, fifo, inet", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold",
      inet_listener "tcp" { port = @port@, address = { "127.0.0.1", "::1" } },
      unix_listener "s.sock" {}, fifo_listener "s.fifo" {}, unix_listener "t.sock" {} }]] }
    local c = d:clients(1)[1]
    local fds = {}
    for fd, is in c:ask "fds":gmatch "(%d+) ([^\n]*)" do fds[tonumber(fd)] = is end
    assert.same({ 0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11 }, sorted(fds))
    assert.equal("/dev/null", fds[0])
    assert.equal("/dev/null", fds[3])
    assert.truthy(fds[5]:find "^pipe:" and fds[6]:find "^pipe:")
    local names = {}
    for i = 0, 4 do names[i + 1] = c:ask("env SOCKET" .. i .. "_SETTINGS") end
    assert.same({ "s.sock", "t.sock", "s.fifo", "tcp", "tcp" }, names)
    d:stop()
  end)

  it("child.descriptors: contract plain has 0, and 1 and 2 that lead to the log, and no more", function()
    local d = rules.start(nil, nil, [[service "p" { executable = "/bin/sleep infinity", contract = "plain",
      process_min_avail = 1 }]])
    d:wait_service("p", { live = 1 })
    local fds = descriptors(d:ps "p"[1].pid)
    assert.same({ 0, 1, 2 }, sorted(fds))
    assert.same({ "/dev/null", fds[2] }, { fds[0], fds[1] })
    d:stop()
  end)

  it("child.environment: contract reeve has exactly the documented names", function()
    local d = reeve.start { env = { SECRET = "x", TZ = "UTC" }, config = [[service "s" { executable = "@worker@ --hold",
      client_limit = 3, process_limit = 4, process_min_avail = 1, service_count = 50, idle_kill = "never",
      env = { COLOUR = "dark blue" }, inet_listener "web" { port = @port@, address = "127.0.0.1" } }]] }
    local c = d:clients(1)[1]
    local env = rules.proc(c.pid).env
    assert.equal(tostring(d:ps "s"[1].id), env.GENERATION)
    env.GENERATION = nil
    assert.same({ SERVICE_NAME = "s", REEVE_MODE = "normal", CLIENT_LIMIT = "3", PROCESS_LIMIT = "4",
      PROCESS_MIN_AVAIL = "1", SERVICE_COUNT = "50", IDLE_KILL = "4294967295", SOCKET_COUNT = "1",
      SOCKET0_SETTINGS = "web", SSL = "yes", COLOUR = "dark blue", TZ = "UTC" }, env)
    d:stop()
  end)

  it("child.environment: SERVICE_COUNT is not set where there is none", function()
    local d, _, p = rules.served()
    assert.is_nil(p.env.SERVICE_COUNT)
    d:stop()
  end)

  it("child.environment: contract plain has its name, what is imported and its own", function()
    local d = reeve.start { env = { TZ = "UTC" }, config = [[service "p" { executable = "/bin/sleep infinity",
      contract = "plain", process_min_avail = 1, env = { A = "b" } }]] }
    d:wait_service("p", { live = 1 })
    assert.same({ SERVICE_NAME = "p", REEVE_MODE = "normal", TZ = "UTC", A = "b" }, rules.proc(d:ps "p"[1].pid).env)
    d:stop()
  end)

  it("child.failure: a step that fails is named, with what it was about and why", function()
    local d = rules.start(nil, nil, [[service "w" { executable = "@worker@", process_min_avail = 1,
      working_directory = "/no/such/directory" }]])
    d:wait_log "service w: directory /no/such/directory: No such file or directory"
    d:stop()
  end)
end)
