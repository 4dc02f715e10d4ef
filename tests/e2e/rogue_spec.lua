-- The master against an engine that breaks the rules: it is named in the log and replaced, and nobody outside notices.
local reeve = require "reeve"
local socket = require "socket"

-- A reeved with the rogue beside it; returns what to talk to it with.
local function start(rule, program)
  local _, dir = reeve.shell "d=$(mktemp -d /tmp/reeve-e2e.XXXXXX) && chmod 755 $d && mkdir $d/run && echo $d"
  local d = { dir = dir:match "%S+", port = reeve.free_port() }
  function d.read(name)
    local f = io.open(d.dir .. "/" .. name)
    local text = f and f:read "a"
    if f then f:close() end
    return text or name == "log" and "" or nil
  end
  local names = { BUILD = reeve.build, DIR = d.dir, RULE = rule, PORT = d.port, PROGRAM = program or "worker" }
  local function fill(text) return (text:gsub("%u%u%u+", names)) end
  assert(reeve.shell(fill [[cp BUILD/reeved DIR/reeved && cp BUILD/tests/rogue DIR/reeve-engine &&
    cp BUILD/tests/e2e-worker DIR/worker && touch DIR/c.lua]]) == 0)
  if program then
    os.execute(fill [[mkdir DIR/mnt
      (python3 tests/e2e/hang.py DIR/mnt >DIR/mounted 2>&1 </dev/null & echo $! >DIR/fuse)]])
    reeve.wait_until(function() return (d.read "mounted" or ""):find "mounted" end, "a FUSE file system (/dev/fuse)")
  end
  os.execute(fill [[(unset LD_PRELOAD
    rule=RULE once=DIR/once base=DIR/run program=DIR/PROGRAM port=PORT DIR/reeved --config DIR/c.lua &
    p=$!; echo $p >DIR/pid; wait $p; echo $? >DIR/exit.new; mv DIR/exit.new DIR/exit) >>DIR/log 2>&1 </dev/null &]])
  return d
end

-- The worker ends an answer with a line that is a dot.
local function say(client, words)
  client:send(words .. "\n")
  local line = client:receive()
  assert(client:receive() == ".")
  return line
end

local function ask(d, words)
  local s = assert(socket.connect("127.0.0.1", d.port))
  s:settimeout(60)
  return say(s, words), s
end

local function stop(d)
  reeve.kill("TERM", d.read "pid":match "%d+")
  reeve.wait_until(function() return d.read "exit" end, "the end of the master")
  assert.equal("0", d.read "exit":match "%d+")
  reeve.shell("rm -rf " .. d.dir)
end

local REFUSED = {
  garbage = "the engine sent what is refused: there is no message",
  flip = "the engine sent what is refused: message pong: the checksum is wrong",
  unknown = "the engine sent what is refused: there is no message 9999",
  plan = "the engine sent what is refused: order argument is not taken once it runs",
  ["strange-service"] = "the engine sent what is refused: order service_do: there is no service number 77",
  report = "the engine sent what is refused: turn is no order",
  mode = "the engine sent what is refused: order standing: service s: there is no mode 17",
}

describe("an engine that breaks the rules", function()
  for rule, sentence in pairs(REFUSED) do
    it("(" .. rule .. ") is named, killed and replaced; no client and no process is lost", function()
      local d = start(rule)
      reeve.wait_until(function() return (d.read "log"):find(sentence, 1, true) end, function()
        return sentence .. " in:\n" .. d.read "log"
      end)
      local pid, client = ask(d, "pid")
      assert.truthy(tonumber(pid))
      reeve.wait_until(function() return d.read "log":find("the engine is back", 1, true) end, "another engine")
      assert.equal(pid, say(client, "pid"))
      local other, second = ask(d, "pid")
      assert.truthy(tonumber(other))
      second:close()
      client:close()
      stop(d)
    end)
  end

  for verb, answers in pairs { stop = false, start = true } do
    it(("a service that is told to %s while a reload waits for its engine %s behind it"):format(verb,
      answers and "is reached" or "stays stopped"), function()
      local d = start(verb .. "-in-reload")
      reeve.wait_until(function() return d.read "log":find("generation 2 is in force", 1, true) end, function()
        return "the end of the reload in:\n" .. d.read "log"
      end)
      local client, why = socket.connect("127.0.0.1", d.port)
      if answers then
        assert(client, why):settimeout(30)
        assert.truthy(tonumber(say(client, "pid")))
        client:close()
      else
        assert.equal("connection refused", why)
      end
      stop(d)
    end)
  end

  for rule, sentence in pairs {
    bundle = "order plan_end: its bundle is no sealed memfd",
    endless = "a plan of more than 64 MiB",
  } do
    it("(" .. rule .. ") with a plan that is none ends a first start with a sentence", function()
      local d = start(rule)
      reeve.wait_until(function() return d.read "exit" end, "the end of the master")
      assert.equal("70", d.read "exit":match "%d+")
      assert.truthy(d.read "log":find(sentence, 1, true), d.read "log")
      reeve.shell("rm -rf " .. d.dir)
    end)
  end

  it("a program on a file system that does not answer stops nobody but itself #slow", function()
    local d = start("none", "mnt/program")
    reeve.wait_until(function() return d.read "log":find("runs 1 services", 1, true) end, "the start")
    reeve.kill("HUP", d.read "pid":match "%d+") -- behind the first start it still listens
    reeve.wait_until(function() return d.read "log":find("generation 2 is in force", 1, true) end, "a reload")
    reeve.kill("TERM", d.read "pid":match "%d+")
    reeve.wait_until(function() return d.read "log":find("still there: s", 1, true) end, "who does not go")
    reeve.kill("TERM", d.read "pid":match "%d+")
    reeve.wait_until(function() return d.read "exit" end, "the end of the master")
    reeve.kill("KILL", d.read "fuse":match "%d+")
    reeve.shell("umount -l " .. d.dir .. "/mnt; rm -rf " .. d.dir)
  end)

  it("(early) by ordering before its greeting, ends a first start with a sentence", function()
    local d = start "early"
    reeve.wait_until(function() return d.read "exit" end, "the end of the master")
    assert.equal("70", d.read "exit":match "%d+")
    assert.truthy(d.read "log":find("order standing is not taken before its greeting", 1, true), d.read "log")
    reeve.shell("rm -rf " .. d.dir)
  end)

  it("(hash) by being of another build, ends a first start with a sentence", function()
    local d = start "hash"
    reeve.wait_until(function() return d.read "exit" end, "the end of the master")
    assert.equal("70", d.read "exit":match "%d+")
    assert.truthy(d.read "log":find("must be of one build", 1, true), d.read "log")
    reeve.shell("rm -rf " .. d.dir)
  end)
end)
