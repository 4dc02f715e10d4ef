-- Who a process is: every combination of user, group, extra_groups, privileged_group, chroot and
-- drop_priv_before_exec in one daemon. What /proc/PID/status says is compared with what the documentation says,
-- computed here. A combination that the config must refuse is given to reeve check instead.
local reeve = require "reeve"
local rules = require "rules"

local USERS, GROUPS = { false, "games", "root" }, { false, "mail" }
local EXTRA, PRIVILEGED = { false, { "adm", "#4242" } }, { false, "audio" }
local SAN = os.getenv "SAN" -- that worker is not static: it cannot run in a chroot
local CHROOTS, DROPS = SAN and { false } or { false, "jail" }, { false, "true", "false" }

local function combinations()
  local list = {}
  for _, user in ipairs(USERS) do
    for _, group in ipairs(GROUPS) do
      for _, extra in ipairs(EXTRA) do
        for _, privileged in ipairs(PRIVILEGED) do
          for _, chroot in ipairs(CHROOTS) do
            for _, drop in ipairs(DROPS) do
              list[#list + 1] = { user = user, group = group, extra = extra, privileged = privileged,
                chroot = chroot, drop = drop, name = "s" .. #list + 1 }
            end
          end
        end
      end
    end
  end
  return list
end

local function is_refused(c) return c.chroot and c.drop == "true" end

local function text_of(c)
  local parts = {}
  local function put(name, value, quoted)
    if not value then return end
    parts[#parts + 1] = quoted and ('%s = "%s"'):format(name, value) or ("%s = %s"):format(name, value)
  end
  put("user", c.user, true)
  put("group", c.group, true)
  put("extra_groups", c.extra and table.concat(c.extra, " "), true)
  put("privileged_group", c.privileged, true)
  put("chroot", c.chroot, true)
  put("drop_priv_before_exec", c.drop)
  return table.concat(parts, ", ")
end

local function service(c)
  return ('service "%s" { executable = "%s --hold", process_min_avail = 1, %s }\n'):format(c.name,
    c.chroot and "/bin/w" or "@worker@", text_of(c))
end

local ids = {}
local function gid(name)
  if name:find "^#" then return name:sub(2) end
  ids[name] = ids[name] or rules.gid(name)
  return ids[name]
end

local function uid_and_gid(user)
  ids["user " .. user] = ids["user " .. user] or { rules.id("-u", user), rules.id("-g", user) }
  return table.unpack(ids["user " .. user])
end

local function set(list)
  local found = {}
  for _, item in ipairs(list) do found[item] = true end
  return found
end

local function words(text)
  local list = {}
  for word in text:gmatch "%d+" do list[#list + 1] = word end
  return set(list)
end

-- What the documentation says: { uid, gid, groups, root, and the four RESTRICT_ variables }.
local function expected(c, d, own)
  local uid, gid_of_user = uid_and_gid(c.user or "nobody")
  local primary, extra = c.group and gid(c.group) or gid_of_user, {}
  for i, name in ipairs(c.extra or {}) do extra[i] = gid(name) end
  local root = c.chroot and d.base .. "/jail" or "/"
  if c.drop == "false" then -- the program is root still, and told who to become
    return { uid = own.Uid, gid = own.Gid, groups = words(own.Groups), root = root,
      RESTRICT_SETUID = uid ~= "0" and uid or nil, RESTRICT_SETGID = primary,
      RESTRICT_SETGID_PRIV = c.privileged and gid(c.privileged) or nil,
      RESTRICT_SETEXTRAGROUPS = c.extra and table.concat(extra, ",") or nil }
  end
  return { uid = rules.all(uid), gid = rules.all(primary), groups = set { primary, table.unpack(extra) }, root = root }
end

local function found(pid)
  local p = rules.proc(pid)
  local is = { uid = p.Uid, gid = p.Gid, groups = words(p.Groups), root = p.root }
  for name, value in pairs(p.env) do
    if name:find "^RESTRICT_" then is[name] = value end
  end
  return is
end

local function capabilities(pid) return rules.proc(pid).CapEff end

describe("privileges", function()
  after_each(reeve.clean)

  it("privileges.matrix: every combination of the six settings gives exactly the documented ids", function()
    local all, text = {}, {}
    for _, c in ipairs(combinations()) do
      if not is_refused(c) then all[#all + 1] = c; text[#text + 1] = service(c) end
    end
    local d = reeve.start { config = table.concat(text), prepare = function(d)
      assert(reeve.shell(("mkdir -p %s/jail/bin && cp %s/worker %s/jail/bin/w"):format(d.base, d.dir, d.base)) == 0)
    end }
    reeve.wait_until(function() return #d:ps "" == #all end, "a process of each service")
    local own, pids = rules.proc(d:status().master_pid), {}
    for _, p in ipairs(d:ps "") do pids[p.service] = p.pid end
    assert.equal(SAN and 72 or 120, #all)
    for _, c in ipairs(all) do
      assert.same(expected(c, d, own), found(pids[c.name]), text_of(c))
      if c.drop ~= "false" and c.user ~= "root" then
        assert.equal("0000000000000000", capabilities(pids[c.name]), text_of(c))
      end
    end
    d:stop()
  end)

  it("privileges.matrix: chroot with drop_priv_before_exec = true is refused in every combination", function()
    local text, n = {}, 0
    for _, c in ipairs(combinations()) do
      if is_refused(c) then n = n + 1; text[n] = service(c) end
    end
    local check = rules.check(table.concat(text))
    local _, said = check.text:gsub("true cannot be written together with chroot", "")
    assert.equal(n, said)
  end)

  it("privileges.root: without it the daemon serves what needs no other user, and ends with nothing left", function()
    local _, dir = reeve.shell "mktemp -d /tmp/reeve-e2e.XXXXXX"
    dir = dir:match "%S+"
    reeve.write(dir .. "/reeve.lua", ([[settings { base_dir = "%s/run", default_vsz_limit = %s }
      service "a" { executable = "%s/worker --hold", process_min_avail = 2, unix_listener "a.sock" {} }]]):format(
      dir, os.getenv "SAN" and "0" or '"256M"', dir)) -- a sanitizer needs all of the address space
    local made = ("cp %s/tests/e2e-worker %s/worker && chown -R nobody %s"):format(reeve.build, dir, dir)
    assert(reeve.shell(made) == 0)
    local as_nobody = "setpriv --reuid=nobody --regid=nogroup --clear-groups "
    os.execute(("(unset LD_PRELOAD; %s %s/reeve run -c %s/reeve.lua; echo $? >%s/exit) >%s/log 2>&1 &"):format(
      as_nobody, reeve.build, dir, dir, dir))
    local command = ("%s %s/reeve -b %s/run ps --json"):format(as_nobody, reeve.build, dir)
    local list = reeve.wait_until(function()
      local code, text = reeve.shell(command)
      local list = code == 0 and require "dkjson".decode(text)
      return list and #list == 2 and list
    end, function() return "two processes; the log:\n" .. reeve.read(dir .. "/log") end)
    local p = rules.proc(list[1].pid)
    assert.equal(rules.all(rules.id("-u", "nobody")), p.Uid)
    assert.equal(0, (reeve.shell(("%s %s/reeve -b %s/run stop"):format(as_nobody, reeve.build, dir))))
    reeve.wait_until(function() return reeve.read(dir .. "/exit") == "0\n" end, "its end with 0")
    reeve.shell("rm -rf " .. dir)
  end)

  it("privileges.root: without it a service runs as who started the daemon, and more is refused by name", function()
    local _, dir = reeve.shell "mktemp -d /tmp/reeve-e2e.XXXXXX"
    dir = dir:match "%S+"
    reeve.write(dir .. "/reeve.lua", ('settings { base_dir = "%s/run" }\n%s'):format(dir, [[
service "a" { executable = "/bin/true", user = "games", group = "mail", extra_groups = "adm", chroot = "/",
  privileged_group = "mail", nice = -1, oom_score_adj = -1 }]]))
    reeve.shell(("chown -R nobody %s"):format(dir))
    local code, text = reeve.shell(("setpriv --reuid=nobody --regid=nogroup --clear-groups %s/reeve run "
      .. "-c %s/reeve.lua"):format(reeve.build, dir))
    reeve.shell("rm -rf " .. dir)
    assert.equal(78, code, text)
    for _, part in ipairs { "user of service 'a': only root can run a process as another user",
      "group of service 'a': only root can change the group", "extra_groups of service 'a': only root can set groups",
      "privileged_group of service 'a': only root", "chroot of service 'a': only root can enter a chroot",
      "nice of service 'a': only root", "oom_score_adj of service 'a': only root" } do
      assert.truthy(text:find(part, 1, true), part .. " is not in:\n" .. text)
    end
  end)
end)
