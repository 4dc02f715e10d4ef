-- What service "…" { } promises: a test for each row of the table, named `service.SETTING: rule`.
local reeve = require "reeve"
local rules = require "rules"

local SAN = os.getenv "SAN"

describe("a service", function()
  after_each(reeve.clean)

  it("service.description: is shown by reeve status NAME", function()
    local d = rules.start 'description = "the web of the town",'
    local _, text = d:reeve "status s"
    assert.truthy(text:find("s: the web of the town", 1, true), text)
    d:stop()
  end)

  it("service.executable: the program and its arguments, split at blanks or a list, never by a shell", function()
    local d = reeve.start { config = [[service "s" { executable = { "@worker@", "--hold", "--fat", "1" },
      inet_listener "s" { port = @port@, address = "127.0.0.1" } }
      service "t" { executable = "@worker@  --hold --fat 1", inet_listener "t" { port = @port2@,
      address = "127.0.0.1" } }]] }
    for port = 1, 2 do
      local cmdline = rules.proc(d:clients(1, port)[1].pid).cmdline
      assert.equal(d.dir .. "/worker\0--hold\0--fat\0" .. "1\0", cmdline)
    end
    d:stop()
    assert.truthy(rules.check [[service "s" { executable = "/none/such $HOME" }]]:refuses "/none/such")
  end)

  it("service.executable: without a leading / it is relative to base_dir", function()
    local c = rules.check [[service "s" { executable = "bin/x -a" }]]
    assert.truthy(c:refuses(c.dir .. "/run/bin/x"))
  end)

  it("service.contract: plain gets no descriptors and no environment of ours", function()
    local d = rules.start(nil, nil, [[service "p" { executable = "/bin/sleep infinity", contract = "plain",
      process_min_avail = 1 }]])
    d:wait_service("p", { live = 1 })
    local p = rules.proc(d:ps "p"[1].pid)
    assert.is_nil(p.env.GENERATION)
    assert.equal("p", p.env.SERVICE_NAME)
    d:stop()
  end)

  it("service.type: startup runs one process at the start, which may end with 0 without a status", function()
    local d = rules.start(nil, nil, [[service "once" { executable = "/bin/true", type = "startup" }]])
    d:wait_service("once", { starts = 1, exits = 1, live = 0, crashes = 0 })
    local done = d:service "once"
    assert.same({ 1, 0 }, { done.starts, done.start_failures })
    d:stop()
  end)

  it("service.protocol: a service whose protocol is not listed does not exist", function()
    local d = rules.start('protocol = "imap",', 'protocols = "imap",', [[service "t" { executable = "@worker@",
      protocol = "pop3", inet_listener "t" { port = @port2@, address = "127.0.0.1" } }]])
    assert.equal(1, #d:status().services)
    assert.is_nil((d:connect(2)))
    d:stop()
  end)

  it("service.user: runs the processes, with the user's primary group", function()
    local d, _, p = rules.served 'user = "games",'
    assert.equal(rules.all(rules.id("-u", "games")), p.Uid)
    assert.equal(rules.all(rules.id("-g", "games")), p.Gid)
    d:stop()
  end)

  it("service.group: is the primary group of the processes", function()
    local d, _, p = rules.served 'group = "mail",'
    assert.equal(rules.all(rules.gid "mail"), p.Gid)
    d:stop()
  end)

  it("service.extra_groups: are the supplementary groups, and no others are", function()
    local d, _, p = rules.served 'group = "mail", extra_groups = { "adm", "#4242" },'
    local groups = {}
    for id in p.Groups:gmatch "%d+" do groups[id] = true end
    assert.same({ [rules.gid "mail"] = true, [rules.gid "adm"] = true, ["4242"] = true }, groups)
    d:stop()
  end)

  it("service.privileged_group: is given to a program that drops privileges itself", function()
    local d, _, p = rules.served 'drop_priv_before_exec = false, privileged_group = "mail",'
    assert.equal(rules.gid "mail", p.env.RESTRICT_SETGID_PRIV)
    d:stop()
    assert.truthy(rules.check [[service "s" { executable = "@worker@", privileged_group = "mail" }]]
      :warns "privileged_group of service 's' has no effect")
  end)

  it("service.chroot: relative to base_dir, entered before the program runs, which is a path inside it", function()
    if SAN then return end -- that worker is not static
    local d = reeve.start {
      prepare = function(d)
        assert(reeve.shell(("mkdir -p %s/jail/bin && cp %s/worker %s/jail/bin/w"):format(d.base, d.dir, d.base)) == 0)
      end,
      config = [[service "s" { executable = "/bin/w --hold", chroot = "jail",
        inet_listener "s" { port = @port@, address = "127.0.0.1" } }]],
    }
    local p = rules.proc(d:clients(1)[1].pid)
    assert.same({ d.base .. "/jail", d.base .. "/jail" }, { p.root, p.cwd })
    d:stop()
  end)

  it("service.chroot: a program that is not inside it is said by reeve check", function()
    local c = rules.check [[service "s" { executable = "@worker@", chroot = "@dir@" }]]
    assert.truthy(c:refuses "it is looked for inside the chroot")
  end)

  it("service.drop_priv_before_exec: false leaves it to the program, which is told who to become", function()
    local d, _, p = rules.served 'user = "games", group = "mail", drop_priv_before_exec = false,'
    assert.equal(rules.all "0", p.Uid)
    assert.same({ rules.id("-u", "games"), rules.gid "mail" }, { p.env.RESTRICT_SETUID, p.env.RESTRICT_SETGID })
    d:stop()
  end)

  it("service.drop_priv_before_exec: true cannot be written together with chroot", function()
    assert.truthy(rules.check [[service "s" { executable = "/bin/x", chroot = "/", drop_priv_before_exec = true }]]
      :refuses "drop_priv_before_exec of service 's': true cannot be written together with chroot")
  end)

  it("service.working_directory: is where the processes start", function()
    local d, _, p = rules.served 'working_directory = "/usr",'
    assert.equal("/usr", p.cwd)
    d:stop()
  end)

  it("service.umask: is the umask of the processes; 0077 where none is set", function()
    local d, _, p = rules.served 'umask = "0027",'
    assert.equal("0027", p.Umask)
    d:stop()
    d, _, p = rules.served()
    assert.equal("0077", p.Umask)
    d:stop()
  end)

  it("service.rlimits: are set, soft and hard", function()
    local d, _, p = rules.served
      'rlimits = { nofile = 77, core = 0, nproc = 5555, stack = "1M", cpu = "1min", memlock = 0 },'
    for name, value in pairs { ["Max open files"] = "77", ["Max core file size"] = "0", ["Max processes"] = "5555",
      ["Max stack size"] = "1048576", ["Max cpu time"] = "60", ["Max locked memory"] = "0" } do
      assert.same({ value, value }, p.limits[name], name)
    end
    d:stop()
    assert.truthy(rules.check [[service "s" { executable = "@worker@", rlimits = { nofiles = 5 } }]]
      :refuses "there is no limit 'nofiles'")
  end)

  it("service.nice: is added to the nice value of the processes", function()
    local own = rules.proc "self".nice
    local d, _, p = rules.served "nice = 7,"
    assert.equal(math.min(own + 7, 19), p.nice)
    d:stop()
  end)

  it("service.oom_score_adj: is that of the processes and leaves the daemon's alone", function()
    local d, _, p = rules.served "oom_score_adj = 321,"
    assert.equal(321, p.oom)
    assert.not_equal(321, rules.proc(d:status().master_pid).oom)
    d:stop()
  end)

  it("service.no_new_privs: keeps set-user-id programs from working", function()
    local d, _, p = rules.served "no_new_privs = true,"
    assert.equal("1", p.NoNewPrivs)
    d:stop()
  end)

  it("service.env: is the service's own environment and beats what is imported", function()
    local d, c = rules.served('env = { TZ = "CET", A_B = "c d=e" },', 'import_environment = "TZ=UTC",')
    assert.same({ "CET", "c d=e" }, { c:ask "env TZ", c:ask "env A_B" })
    d:stop()
  end)

  it("service.client_limit: so many clients at a time; the next one brings another process", function()
    local d = rules.start "client_limit = 2,"
    local c = d:clients(3)
    assert.equal(c[1].pid, c[2].pid)
    assert.not_equal(c[1].pid, c[3].pid)
    d:stop()
  end)

  it("service.service_count: a process ends by itself after so many clients", function()
    local d = rules.start "client_limit = 1, service_count = 1, process_limit = 1,"
    local c = d:clients(1)[1]
    c:ask "bye"
    reeve.wait_gone(c.pid)
    assert.not_equal(c.pid, d:clients(1)[1].pid)
    d:stop()
  end)

  it("service.service_count: clamps client_limit", function()
    local d, c = rules.served "client_limit = 9, service_count = 4,"
    assert.equal("4", c:ask "env CLIENT_LIMIT")
    d:stop()
  end)

  it("service.process_limit: no more processes than that; further clients wait", function()
    local d = rules.start "client_limit = 1, process_limit = 2,"
    d:clients(2)
    local third = assert(d:connect())
    third:say "pid"
    d:wait_service("s", { waiting = 1 })
    assert.equal(2, d:service "s".live)
    assert.is_true(third:is_waiting())
    d:stop()
  end)

  it("service.process_min_avail: so many processes always have room for a client", function()
    local d = rules.start "client_limit = 1, process_min_avail = 2,"
    d:wait_service("s", { live = 2, avail = 2 })
    d:clients(1)
    d:wait_service("s", { live = 3, avail = 2 })
    d:stop()
  end)

  it("service.idle_kill: a process that serves nobody for this long goes", function()
    local d = rules.start 'idle_kill = "200ms",'
    local c = d:clients(1)[1]
    c:ask "bye"
    reeve.wait_gone(c.pid)
    d:stop()
  end)

  it("service.vsz_limit: is RLIMIT_AS and RLIMIT_DATA; 0 is none", function()
    if SAN then return end
    local d, _, p = rules.served 'vsz_limit = "64M",'
    assert.same({ "67108864", "67108864" }, p.limits["Max address space"])
    assert.same({ "67108864", "67108864" }, p.limits["Max data size"])
    d:stop()
    d, _, p = rules.served "vsz_limit = 0,"
    assert.equal("unlimited", p.limits["Max address space"][1])
    d:stop()
  end)

  it("service.every: a startup job that has ended well runs again so long after its start", function()
    local d = rules.start(nil, nil, [[service "job" { executable = "/bin/true", type = "startup", every = "400ms" }
      service "other" { executable = "/bin/true", type = "startup" }]])
    reeve.wait_until(function() return d:service "job".starts >= 3 end, "three runs")
    assert.equal(1, d:service "other".starts)
    d:stop()
  end)

  it("service.start_timeout: a process that has not reported by then is killed", function()
    local d = rules.start(nil, nil, [[service "mute" { executable = "@worker@ --no-status", process_min_avail = 1,
      start_timeout = "200ms" }]])
    d:wait_log "service mute: process %d+ never reported"
    d:stop()
  end)

  it("service.stop_timeout: a process told to go may finish its clients for this long", function()
    local d, c = rules.served 'stop_timeout = "100ms",'
    assert.equal(0, (d:reeve "service drain s"))
    reeve.wait_gone(c.pid)
    d:stop()
  end)

  it("service.stop_signal: ends a process that has not gone by itself", function()
    local d = rules.start(nil, nil, [[service "t" { executable = "@worker@ --hold --ignore-term", stop_timeout = 0,
      stop_signal = "HUP", kill_after = "never", inet_listener "t" { port = @port2@, address = "127.0.0.1" } }]])
    local c = d:clients(1, 2)[1]
    assert.equal(0, (d:reeve "service drain t"))
    reeve.wait_gone(c.pid)
    d:stop()
  end)

  it("service.kill_after: SIGKILL comes this long after stop_signal", function()
    local d = rules.start(nil, nil, [[service "t" { executable = "@worker@ --hold --ignore-term", stop_timeout = 0,
      kill_after = "100ms", inet_listener "t" { port = @port2@, address = "127.0.0.1" } }]])
    local c = d:clients(1, 2)[1]
    assert.equal(0, (d:reeve "service drain t"))
    reeve.wait_gone(c.pid) -- the default is 10 s, longer than a mutant is waited for
    d:stop()
  end)

  it("service.policy: adds its votes to the built-in ones", function()
    local d = rules.start "policy = function() return { at_least = 2 } end,"
    d:wait_service("s", { live = 2 })
    d:stop()
  end)
end)
