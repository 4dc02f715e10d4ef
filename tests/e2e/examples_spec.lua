-- The examples, each started with its own config and used as its README says; and the workers in README.md.
local reeve = require "reeve"
local lfs = require "lfs"
local socket = require "socket"
local unix = require "socket.unix"

local HERE = lfs.currentdir()
local PRELOAD = os.getenv "PRELOAD"

-- More than the example's own settings: what sanitizers need.
local FOR_SANITIZERS = PRELOAD and ([[
settings { default_vsz_limit = 0,
  import_environment = "TZ LD_PRELOAD=%s ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0" }
]]):format(PRELOAD) or ""

-- Starts examples/NAME; `variables` maps an environment variable to the number of a port.
local function start(name, variables, more, env, config)
  env = env or {}
  env.REEVE_BASE_DIR, env.REEVE_EXAMPLES, env.REEVE_LIBEXEC = "@dir@/run", HERE .. "/examples",
    reeve.build .. "/examples"
  env.REEVE_LUA_CPATH = reeve.build .. "/lua/?.so;;"
  return reeve.start { env = env, prepare = function(d)
    for variable, n in pairs(variables) do env[variable] = tostring(d:port(n)) end
    reeve.write(d.config_path, (more or "") .. (config or reeve.read(("examples/%s/reeve.lua"):format(name))))
  end }
end

local function connect(port)
  local s = assert(socket.connect("127.0.0.1", port))
  s:settimeout(60)
  return s
end

local function curl(port)
  return reeve.shell_line(("curl -sS --max-time 60 http://127.0.0.1:%d/"):format(port))
end

-- Serves, is restarted when it is killed, and keeps its socket meanwhile: the next request is answered.
local function survives(d, name, ask, signal)
  local old = d:ps(name)[1].pid
  reeve.kill(signal or "KILL", old)
  if signal then reeve.wait_gone(old) end
  assert.truthy(ask())
  reeve.wait_until(function()
    local now = d:ps(name)[1]
    return now and now.pid ~= old and not reeve.is_alive(old)
  end, "a new process")
  assert.truthy(ask())
end

describe("example", function()
  after_each(reeve.clean)

  it("http-pool answers, keeps connections, and is replaced without a lost request", function()
    local d = start("http-pool", { REEVE_HTTP_PORT = 1 }, FOR_SANITIZERS)
    assert.truthy(curl(d:port()):find "^hello from process %d+, connection %d+, request 1$")
    survives(d, "http", function() return curl(d:port()):find "^hello from process" end)
    assert.equal(0, (d:reeve "service restart http"))
    assert.truthy(curl(d:port()):find "^hello from process")
    d:stop()
  end)

  it("lobby passes its guests to the room, which counts them; a full lobby makes room", function()
    local d = start("lobby", { REEVE_LOBBY_PORT = 1 }, FOR_SANITIZERS)
    local function come(name)
      local s = connect(d:port())
      assert.equal("who are you? ", s:receive(13))
      if name then s:send(name .. "\n") end
      return s
    end
    local alice = come "alice\nhello before I am in"
    assert.equal("* alice has come", alice:receive "*l")
    assert.equal("alice: hello before I am in", alice:receive "*l")
    local bob = come "bob"
    assert.equal("* bob has come", bob:receive "*l")
    assert.equal("* bob has come", alice:receive "*l")
    d:wait_service("room", { clients = 2, live = 1 })
    d:wait_service("lobby", { clients = 0 })
    bob:send "hi\n"
    assert.equal("bob: hi", alice:receive "*l")
    local other = come "alice"
    assert.equal("alice is here already", other:receive "*l")
    assert.is_nil(other:receive "*l")
    other = come "no name!"
    assert.equal("a name has letters and digits", other:receive "*l")
    local silent = {}
    for i = 1, 80 do silent[i] = come() end -- client_limit 20 x process_limit 4
    d:wait_service("lobby", { clients = 80, avail = 0 })
    local carol = come "carol"
    assert.equal("* carol has come", carol:receive "*l")
    d:wait_service("room", { clients = 3 })
    alice:close()
    assert.equal("bob: hi", bob:receive "*l")
    assert.equal("* carol has come", bob:receive "*l")
    assert.equal("* alice has left", bob:receive "*l")
    assert.equal(0, (d:reeve "service stop room"))
    assert.equal("the room is closed", come "dave":receive "*l")
    for _, s in ipairs(silent) do s:close() end
    bob:close()
    carol:close()
    d:stop()
  end)

  it("node-http: two Node servers on one inherited socket, unmodified", function()
    local d = start("node-http", { REEVE_HTTP_PORT = 1 })
    assert.truthy(curl(d:port()):find "^hello from node %d+$")
    d:wait_service("web", { live = 2 })
    survives(d, "web", function() return curl(d:port()):find "^hello from node" end)
    d:wait_service("web", { live = 2 })
    assert.equal(0, (d:reeve "service restart web"))
    assert.truthy(curl(d:port()):find "^hello from node")
    d:stop()
  end)

  it("gunicorn takes the socket and says when it is ready", function()
    local d = start("gunicorn", { REEVE_HTTP_PORT = 1 })
    assert.truthy(curl(d:port()):find "^hello from python %d+$")
    survives(d, "app", function() return curl(d:port()):find "^hello from python" end)
    d:stop()
  end)

  -- One FastCGI request (version 1): what the script printed.
  local function fastcgi(path, script)
    local function record(kind, content)
      return string.pack(">BBI2I2BB", 1, kind, 1, #content, 0, 0) .. content
    end
    local params = ""
    for name, value in pairs { SCRIPT_FILENAME = script, REQUEST_METHOD = "GET" } do
      params = params .. string.pack("BB", #name, #value) .. name .. value
    end
    local s = unix()
    assert(s:connect(path))
    s:settimeout(60)
    s:send(record(1, string.pack(">I2Bxxxxx", 1, 0)) .. record(4, params) .. record(4, "") .. record(5, ""))
    local out = ""
    while true do
      local head = assert(s:receive(8))
      local _, kind, _, length, padding = string.unpack(">BBI2I2B", head)
      local content = length + padding > 0 and s:receive(length + padding):sub(1, length) or ""
      if kind == 3 then break end
      if kind == 6 then out = out .. content end
    end
    s:close()
    return out:match "\r\n\r\n(.*)$"
  end

  it("php-fpm is started by the first request, behind a socket of Reeve's", function()
    local d = start("php-fpm", {})
    assert.equal(0, d:service "php".live)
    local function ask()
      return fastcgi(d.base .. "/php.sock", HERE .. "/examples/php-fpm/index.php"):find "^hello from php %d+\n$"
    end
    assert.truthy(ask())
    survives(d, "php", ask, "TERM") -- killed, its children would serve on
    d:stop()
  end)

  it("load-policy keeps more ready on a quiet machine than on a busy one, and says why", function()
    for busy, ready in pairs { ["0"] = 1, ["1000"] = 6 } do
      local d = start("load-policy", { REEVE_GREET_PORT = 1 }, FOR_SANITIZERS, { REEVE_BUSY = busy })
      d:wait_service("greet", { live = ready, avail = ready })
      local code, why = d:reeve "why greet"
      assert.equal(0, code)
      assert.truthy(why:find(("a processor: %d ready"):format(ready), 1, true), why)
      d:stop()
    end
  end)
end)

describe("README.md", function()
  after_each(reeve.clean)

  -- The first block of that language that is a worker.
  local function worker(language, mark)
    for text in reeve.read "README.md":gmatch("```" .. language .. "\n(.-)```") do
      if text:find(mark, 1, true) then return text end
    end
    error("README.md has no worker in " .. language)
  end

  local function lines(text)
    return select(2, text:gsub("\n", ""))
  end

  local SERVICE = [[service "w" { executable = "@dir@/program", client_limit = 1,
    env = { LUA_CPATH = "%s/lua/?.so;;" %s },
    inet_listener "w" { port = @port@, address = "127.0.0.1" } }]]
  local SANITIZER = PRELOAD and (', LD_PRELOAD = "%s", ASAN_OPTIONS = "verify_asan_link_order=0"'):format(PRELOAD) or ""

  it("has a worker in C of at most 25 lines, which compiles and works", function()
    local text = worker("c", "reeve_run")
    assert.is_true(lines(text) <= 25, lines(text) .. " lines")
    local d = reeve.start { config = SERVICE:format(reeve.build, ""), prepare = function(d)
      reeve.write(d.dir .. "/w.c", text)
      local compile = "gcc -Wall -Wextra -Werror %s -Isrc/worker -o %s/program %s/w.c %s/libreeve.a"
      local code, said = reeve.shell(compile:format(
        PRELOAD and "-fsanitize=address,undefined" or "", d.dir, d.dir, reeve.build))
      assert.equal(0, code, said)
    end }
    assert.equal("hello", connect(d:port()):receive "*l")
    d:stop()
  end)

  it("has a worker in Lua of at most 15 lines, which works", function()
    local text = worker("lua", "reeve.worker")
    assert.is_true(lines(text) <= 15, lines(text) .. " lines")
    local d = reeve.start { config = SERVICE:format(reeve.build, SANITIZER), prepare = function(d)
      reeve.write(d.dir .. "/program", text)
      reeve.shell(("chmod 755 %s/program"):format(d.dir))
    end }
    local s = connect(d:port())
    s:send "anybody?\n"
    assert.equal("anybody?", s:receive "*l")
    s:close()
    d:stop()
  end)

  -- The lines of a section that begin with `reeve`, without their comments: one command each.
  local function commands(section)
    local list = {}
    local text = reeve.read "README.md":match("\n## " .. section .. "\n(.-)\n## ")
    for line in text:gmatch "\n    (reeve [^\n]*)" do
      for command in (line:gsub("%s%s+#.*", "") .. ";"):gmatch "%s*reeve (.-);" do list[#list + 1] = command end
    end
    return list
  end

  it("names commands that work on what `make run` starts", function()
    local ports = { REEVE_HTTP_PORT = 1, REEVE_ECHO_PORT = 2, REEVE_CHAT_PORT = 3 }
    local config = reeve.read "conf/reeve.lua"
    if PRELOAD then config = config:gsub("\n  default_vsz_limit = [^\n]*", "") end -- FOR_SANITIZERS sets it
    local d = start("conf", ports, FOR_SANITIZERS, nil, config)
    d:wait_service("http", { live = 2 })
    assert.truthy(curl(d:port(1)):find "^hello from process")
    local s = connect(d:port(2))
    assert.truthy(s:receive("*l"):find "^echo from process")
    s:close()
    local seen = 0
    for _, command in ipairs(commands "Looking and steering") do
      local own_screen = command == "top" -- top_spec.lua has a terminal
      local code, said = 0, nil
      if not own_screen then code, said = d:reeve(command .. " </dev/null") end
      assert.equal(0, code, ("reeve %s: %s"):format(command, said))
      seen = seen + 1
    end
    assert.is_true(seen >= 10)
    d:stop()
  end)

  it("names files that are there", function()
    local text = reeve.read "README.md":match "\n## Where things are\n(.*)"
    for path in text:gmatch "[%w]+/[%w/]+%.%w+" do
      if not path:find "^build" then assert.truthy(lfs.attributes(path), path) end
    end
  end)
end)
