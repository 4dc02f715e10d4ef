-- The examples with programs from Debian, unmodified: each works, is there again when it was killed, keeps its listener
-- meanwhile, and obeys process_limit.
local lfs = require "lfs"
local reeve = require "reeve"

-- The config of an example under the harness' own settings {}.
local function start(name, env, prepare)
  local text = reeve.read(("%s/examples/%s/reeve.lua"):format(lfs.currentdir(), name))
  local n
  text, n = text:gsub("settings %b{}", "")
  assert(n == 1)
  return reeve.start { config = text, env = env, prepare = prepare }
end

local function said(d, command)
  local code, text = reeve.shell(command)
  assert(code == 0, text .. "\n" .. d:log())
  return text
end

local function pid_of(d, service)
  return reeve.wait_until(function()
    local p = d:ps(service)[1]
    return p and (p.state == "up" or p.state == "busy") and p.pid
  end, function() return service .. " to be up:\n" .. d:log() end)
end

describe("the example", function()
  after_each(reeve.clean)

  it("redis says when it is ready, and the job behind it runs then", function()
    local port = reeve.free_port()
    local d = start("redis", { REDIS_PORT = tostring(port), REDIS_USER = "nobody" })
    local first = pid_of(d, "redis")
    reeve.wait_until(function() return (d:ps "redis"[1].status or ""):find "Ready to accept connections" end)
    d:wait_service("warm-up", { exits = 1, crashes = 0, live = 0 })
    assert.equal("yes\n", said(d, ("redis-cli -p %d get warm"):format(port)))
    local s = d:service "redis"
    assert.same({ 1, 1, nil }, { s.live, s.avail, s.clients })
    reeve.kill("KILL", first)
    reeve.wait_until(function() return pid_of(d, "redis") ~= first end)
    assert.equal("PONG\n", said(d, ("redis-cli -p %d ping"):format(port)))
    assert.equal(1, d:service "redis".live)
    d:stop()
  end)

  it("sshd serves each connection by a process of its own, with a key that it knows", function()
    local port, dir = reeve.free_port(), reeve.shell_line "mktemp -d /tmp/reeve-ssh.XXXXXX"
    said({ log = function() return "" end }, ([[mkdir -p /run/sshd && cd %s && ssh-keygen -q -t ed25519 -N '' -f host &&
      ssh-keygen -q -t ed25519 -N '' -f me && cp me.pub authorized && chmod 600 authorized && printf '%%s\n' \
      'HostKey %s/host' 'AuthorizedKeysFile %s/authorized' 'StrictModes no' 'UsePAM no' 'PidFile none' \
      'PermitRootLogin yes' >sshd_config]]):format(dir, dir, dir))
    local d = start("sshd", { SSH_PORT = tostring(port), SSHD_CONFIG = dir .. "/sshd_config" })
    local ssh = ([[ssh -p %d -i %s/me -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
      -o BatchMode=yes -F none root@127.0.0.1]]):format(port, dir)
    assert.equal("here 127.0.0.1\n", said(d, ssh .. [[ 'echo here ${SSH_CLIENT%% *}']]))
    d:wait_service("ssh", { live = 0, starts = 1, exits = 1, crashes = 0, served = nil })
    local c = {}
    d.ports[1] = port
    for i = 1, 5 do c[i] = assert(d:connect()) end
    d:wait_service("ssh", { live = 5, busy = 5, clients = 5 })
    local one_more = assert(d:connect())
    one_more.socket:settimeout(30)
    assert.is_nil((one_more.socket:receive "*l")) -- per_source_limit
    reeve.kill("KILL", d:ps "ssh"[1].pid)
    d:wait_service("ssh", { live = 4 })
    assert.equal("again\n", said(d, ssh .. " echo again"))
    for i = 1, 5 do c[i]:close() end
    d:wait_service("ssh", { live = 0 })
    d:stop()
    reeve.shell("rm -rf " .. dir)
  end)

  it("git-daemon is cloned from", function()
    local port = reeve.free_port()
    local d = start("git-daemon", { GIT_PORT = tostring(port), GIT_REPOSITORIES = "@dir@/git" }, function(d)
      assert(reeve.shell(([[mkdir %s/git && cd %s/git && git init -q --bare -b main p.git &&
        git init -q -b main w && cd w && echo hello >a && git add a &&
        git -c user.name=a -c user.email=a@b commit -q -m first && git push -q ../p.git main &&
        chown -R nobody ../p.git]]):format(d.dir, d.dir)) == 0)
    end)
    said(d, ("git clone -q git://127.0.0.1:%d/p.git %s/copy"):format(port, d.dir))
    assert.equal("hello\n", reeve.read(d.dir .. "/copy/a"))
    d:wait_log "Connection from 127.0.0.1:%d+"
    d:wait_service("git", { live = 0, crashes = 0 })
    d:stop()
  end)

  it("python-systemd starts with its first client, and its listener stays while it is away", function()
    local port = reeve.free_port()
    local server = lfs.currentdir() .. "/examples/python-systemd/server.py"
    local d = start("python-systemd", { PORT = tostring(port), SERVER = server })
    local function get() return said(d, ("curl -sS --max-time 30 http://127.0.0.1:%d/"):format(port)) end
    assert.equal(0, d:service "web".starts)
    local inode = reeve.listening_inode(port)
    local first = tonumber(get():match "^hello from process (%d+), request 1\n$")
    reeve.wait_until(function() return d:ps "web"[1].status == "1 requests served" end)
    reeve.kill("KILL", first)
    local second = tonumber(get():match "process (%d+)")
    assert.not_equal(first, second)
    assert.equal(inode, reeve.listening_inode(port))
    assert.is_true(d:service "web".live <= 2)
    d:stop()
  end)

  it("cron-job runs again and again, behind the job that it needs", function()
    local d = start("cron-job", { SPOOL = "@dir@/spool", EVERY = "50ms", JOB_USER = "root" }, function(d)
      assert(reeve.shell(("mkdir %s/spool && touch %s/spool/a"):format(d.dir, d.dir)) == 0)
    end)
    d:wait_log "./a. %-> .done/a"
    reeve.write(d.dir .. "/spool/b", "")
    d:wait_log "./b. %-> .done/b"
    assert.same({ 1, 0 }, { d:service "prepare".starts, d:service "tidy".crashes })
    d:stop()
  end)
end)
