-- What people of other programs write, and what they read then.
package.path = "tests/lua/?.lua;" .. package.path
local spec = require "reeve.spec"
local synonyms = require "reeve.config.synonyms"
local world = require "config_world"

local settings = {}
for _, row in ipairs(spec.settings) do settings[row.name] = true end

-- The hint that `reeve check` prints about a setting of a service.
local function answer(name)
  local _, problems = world.load(('service "web" { executable = "/srv/web", ["%s"] = "x" }'):format(name))
  for _, problem in ipairs(problems) do
    if problem.code == "unknown-setting" then return problem.hint end
  end
end

local function global_answer(name)
  local _, problems = world.load(('settings { ["%s"] = "x" }'):format(name))
  return problems[1].hint
end

local function all(family, cases)
  it("of " .. family .. " are answered with ours", function()
    for name, ours in pairs(cases) do
      assert.equal(("Reeve calls this '%s'"):format(ours), (answer(name) or "nothing"):gsub(" %(.*", ""), name)
    end
  end)
end

describe("names of settings", function()
  all("systemd", { ExecStart = "executable", WorkingDirectory = "working_directory", Environment = "env",
    RootDirectory = "chroot", SupplementaryGroups = "extra_groups", LimitNOFILE = "rlimits", LimitAS = "vsz_limit",
    NoNewPrivileges = "no_new_privs", OOMScoreAdjust = "oom_score_adj", KillSignal = "stop_signal",
    TimeoutStopSec = "stop_timeout", RestartSec = "policy", MaxConnections = "process_limit", UMask = "umask" })
  all("php-fpm", { ["pm.max_children"] = "process_limit", max_children = "process_limit", pm = "policy",
    ["pm.max_requests"] = "service_count", ["pm.process_idle_timeout"] = "idle_kill", chdir = "working_directory",
    rlimit_files = "rlimits", request_terminate_timeout = "policy", ["process.priority"] = "nice" })
  all("supervisor", { command = "executable", numprocs = "process_min_avail", directory = "working_directory",
    stopwaitsecs = "stop_timeout", stopsignal = "stop_signal", environment = "env", startsecs = "start_timeout",
    autorestart = "policy" })
  all("uWSGI", { processes = "process_limit", workers = "process_limit", ["max-requests"] = "service_count",
    cheaper = "process_min_avail", ["cheaper-initial"] = "process_min_avail", harakiri = "policy", idle = "idle_kill",
    ["limit-as"] = "vsz_limit", ["reload-on-rss"] = "policy", uid = "user", gid = "group", threads = "client_limit",
    ["worker-reload-mercy"] = "stop_timeout", socket = "unix_listener" })

  it("of the whole program are answered in settings { }", function()
    assert.equal("Reeve calls this 'base_dir'", global_answer "RuntimeDirectory")
    assert.equal("Reeve calls this 'default_process_limit'", global_answer "process.max")
    assert.equal("Reeve calls this 'log_path'", global_answer "logfile")
    assert.equal("there always is one", global_answer "master")
    assert.equal("Reeve calls this 'privileged_group' (of the services that need it)",
      global_answer "mail_privileged_group")
  end)

  it("that mean nothing here say what there is instead", function()
    assert.equal("reeve status, reeve ps and reeve top show it", answer "pm.status_path")
    assert.truthy(answer("ExecStartPre"):find "type startup")
    assert.truthy(answer("stdout_logfile"):find "log_path")
  end)

  it("point at settings that there are, or say more", function()
    local function has(name) return settings[name] end
    for scope, rows in pairs(synonyms.foreign) do
      for name, row in pairs(rows) do
        local hint = synonyms.hint(scope, name, has)
        local ours = hint:match "^Reeve calls this '([%w_]+)'"
        local word = ours and (settings[ours] or ours:find "_listener$" or ours == "service" or ours == "policy")
        assert(word or not ours, ("%s %s: there is no setting '%s'"):format(scope, name, ours))
        if row.ours == nil then assert(row.more ~= "", scope .. " " .. name .. " says nothing") end
      end
    end
  end)
end)
