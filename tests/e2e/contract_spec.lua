-- What a worker gets from the master, and what the master makes of what a worker says.
local reeve = require "reeve"

local function split(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

describe("a worker", function()
  after_each(reeve.clean)

  it("gets exactly the documented descriptors, in order", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold",
      inet_listener "tcp" { port = @port@, address = { "127.0.0.1", "::1" } },
      unix_listener "s.sock" { mode = "0666" }, fifo_listener "s.fifo" {} }]] }
    local fds = {}
    for _, line in ipairs(split(d:clients(1)[1]:ask "fds")) do
      local fd, is = line:match "^(%d+) (.*)$"
      fds[tonumber(fd)] = is
    end
    assert.equal("/dev/null", fds[0])
    local _, stderr = reeve.shell(("readlink /proc/%d/fd/2"):format(d:status().master_pid))
    assert.equal(stderr:match "[^\n]*", fds[2]) -- without a log service it is the daemon's
    assert.truthy(fds[5]:find "^pipe:")
    assert.truthy(fds[6]:find "^pipe:")
    assert.truthy(fds[7]:find "^socket:")
    assert.truthy(fds[8]:find "s.fifo$")
    assert.truthy(fds[9]:find "^socket:")
    assert.truthy(fds[10]:find "^socket:")
    for fd in pairs(fds) do assert.is_true(fd <= 10, "a worker inherited fd " .. fd) end
    d:stop()
  end)

  it("gets the documented environment and nothing of ours", function()
    local d = reeve.start {
      env = { SECRET_OF_THE_PARENT = "x", TZ = "UTC" },
      config = [[service "s" { executable = "@worker@ --hold", client_limit = 3, process_limit = 4,
        process_min_avail = 1, service_count = 50, idle_kill = "90s", env = { COLOUR = "dark blue" },
        unix_listener "s.sock" { mode = "0666" },
        inet_listener "web" { port = @port@, address = "127.0.0.1", ssl = true } }]] }
    local c, env = d:clients(1)[1], {}
    for _, line in ipairs(split(c:ask "env")) do
      local name, value = line:match "^([^=]+)=(.*)$"
      env[name] = value
    end
    local expected = { SERVICE_NAME = "s", CLIENT_LIMIT = "3", PROCESS_LIMIT = "4", PROCESS_MIN_AVAIL = "1",
      SERVICE_COUNT = "50", IDLE_KILL = "90", SOCKET_COUNT = "2", SOCKET0_SETTINGS = "s.sock",
      SOCKET1_SETTINGS = "web\tssl", COLOUR = "dark blue", TZ = "UTC" }
    for name, value in pairs(expected) do assert.equal(value, env[name], name) end
    assert.equal(d:ps "s"[1].id, tonumber(env.GENERATION))
    assert.is_nil(env.SECRET_OF_THE_PARENT)
    d:stop()
  end)

  it("runs as its user, with that user's group alone", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", user = "nobody",
      inet_listener "s" { port = @port@, address = "127.0.0.1" } }]] }
    local ids = d:clients(1)[1]:ask "ids"
    local _, uid = reeve.shell "id -u nobody"
    local _, gid = reeve.shell "id -g nobody"
    uid, gid = uid:match "%d+", gid:match "%d+"
    assert.truthy(ids:find(("uid %s %s\n"):format(uid, uid), 1, true))
    assert.truthy(ids:find(("gid %s %s"):format(gid, gid), 1, true))
    for group in ids:gmatch "group (%d+)" do assert.equal(gid, group) end
    d:stop()
  end)

  it("is reached by unix socket and by IPv6", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", client_limit = 9,
      unix_listener "s.sock" { mode = "0666" }, inet_listener "s" { port = @port@, address = "::1" } }]] }
    local six, path = assert(d:connect "[::1]"), assert(d:connect "s.sock")
    assert.equal(six:ask "pid", path:ask "pid")
    d:stop()
  end)

  it("without a log service writes to the daemon's stderr", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold",
      inet_listener "s" { port = @port@, address = "127.0.0.1" } }]] }
    local c = d:clients(1)[1]
    c:ask "log a line from within"
    d:wait_log "a line from within"
    d:stop()
  end)
end)

describe("a worker that lies", function()
  after_each(reeve.clean)

  for option, said in pairs { ["--garbage-status"] = "liar[^\n]*status", ["--too-many"] = "liar[^\n]*1000002" } do
    it("by " .. option .. " harms nobody and is named in the log", function()
      local d = reeve.start { config = ([[
        service "liar" { executable = "@worker@ --hold %s", client_limit = 2, process_limit = 3,
          inet_listener "l" { port = @port@, address = "127.0.0.1" } }
        service "honest" { executable = "@worker@ --hold", client_limit = 2, process_limit = 3,
          inet_listener "h" { port = @port2@, address = "127.0.0.1" } }]]):format(option) }
      local liar, honest = d:clients(1)[1], d:clients(1, 2)[1]
      d:wait_log(said)
      d:wait_service("honest", { live = 1, clients = 1, avail = 1 })
      local s = d:service "liar"
      assert.is_true(s.live <= 3 and s.clients <= 6 and s.avail <= 3)
      assert.truthy(liar:ask "status":find "^clients 1")
      assert.truthy(honest:ask "pid")
      d:stop()
    end)
  end

  it("in the middle of its work, a hundred times, harms nobody", function()
    local d = reeve.start { config = [[service "s" { executable = "@worker@ --hold", client_limit = 2,
      process_limit = 3, inet_listener "l" { port = @port@, address = "127.0.0.1" } }]] }
    local c = d:clients(1)[1]
    for _ = 1, 100 do c:ask "garbage" end
    local other = d:clients(2)
    assert.truthy(other[1].pid and other[2].pid)
    assert.truthy(d:status().master_pid)
    d:stop()
  end)
end)
