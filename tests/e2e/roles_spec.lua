-- Who may do what on the control socket: as other users, with the real command.
local lfs = require "lfs"
local reeve = require "reeve"

local SERVICE = [[service "s" { executable = "@worker@ --hold", process_min_avail = 1 }]]
local NOBODY <const>, GROUP <const>, OTHER <const> = 65534, 61001, 61002

-- `reeve VERB…` as another user: the build tree may be out of his reach, so the command is copied.
local function as(d, ids, words)
  return reeve.shell(("setpriv --reuid=%d --regid=%d %s %s/reeve -b %s %s"):format(ids.uid, ids.gid or OTHER,
    ids.groups and "--groups=" .. ids.groups or "--clear-groups", d.dir, d.base, words))
end

local function start(control)
  local d = reeve.start { config = SERVICE, settings = ("control = { %s },"):format(control) }
  assert(reeve.shell(("cp %s/reeve %s/reeve"):format(reeve.build, d.dir)) == 0)
  return d
end

local function file(d)
  return lfs.attributes(d.base .. "/control")
end

describe("roles on the control socket", function()
  after_each(reeve.clean)

  it("follow from user and groups: each verb has the one it needs", function()
    local d = start('observers = { "@#61001" }, operators = { "#61003" }, admins = "#61004"')
    local observer, operator = { uid = NOBODY, groups = GROUP }, { uid = 61003 }
    local code, text = as(d, observer, "status")
    assert.equal(0, code, text)
    code, text = as(d, observer, "service restart s")
    assert.equal(77, code)
    assert.truthy(text:find("service needs the role operator; yours is observer", 1, true), text)
    code, text = as(d, observer, "eval 'services.s.live'")
    assert.equal(0, code, text)
    assert.equal("1\n", text)
    code, text = as(d, observer, "eval 'services.s:stop()'")
    assert.equal(77, code, text)
    code, text = as(d, operator, "eval 'services.s:restart()'")
    assert.equal(0, code, text)
    assert.truthy(text:find("done: restart s", 1, true), text)
    code, text = as(d, operator, "eval 'services.s:policy(nil)'")
    assert.equal(77, code, text)
    code, text = as(d, { uid = 61004 }, "eval 'services.s:policy { min_avail = function() return 3 end }'")
    assert.equal(0, code, text)
    d:wait_service("s", { live = 3 })
    d:stop()
  end)

  it("by the primary group too, and the highest that fits", function()
    local d = start('observers = "#65534", operators = "@#61001"')
    assert.equal(0, (as(d, { uid = NOBODY, gid = GROUP }, "service reset s")))
    assert.equal(77, (as(d, { uid = NOBODY }, "service reset s")))
    d:stop()
  end)

  it("a stranger gets a sentence and 77; one who cannot reach the socket 69", function()
    local d = start('observers = "#61003"')
    local code, text = as(d, { uid = NOBODY }, "status")
    assert.equal(77, code, text)
    assert.truthy(text:find("uid 65534 may not talk to this daemon", 1, true), text)
    d:configure(SERVICE, "control = { },")
    assert.equal(0, (d:reeve "reload"))
    code, text = as(d, { uid = NOBODY }, "status")
    assert.equal(69, code, text)
    assert.truthy(text:find("Permission denied", 1, true), text)
    d:stop()
  end)

  it("are written to the log with what was done: connects, chunks, actions", function()
    local d = start('operators = "#61003"')
    assert.equal(0, (as(d, { uid = 61003 }, "eval 'services.s:reset()'")))
    d:wait_log "control %d+: connect uid 61003 pid %d+ role operator"
    d:wait_log "control %d+ %(uid 61003, pid %d+%): eval services%.s:reset%(%)"
    d:wait_log "control %d+ %(uid 61003, pid %d+%): done: reset s"
    as(d, { uid = NOBODY }, "status")
    d:wait_log "control %d+: connect uid 65534 pid %d+ role none"
    d:stop()
  end)
end)

describe("the file of the control socket", function()
  after_each(reeve.clean)

  it("has the mode, user and group that control says, also after a reload", function()
    local d = start('mode = "0620", user = "#61003", group = "#61001"')
    local st = file(d)
    assert.same({ "rw--w----", 61003, GROUP }, { st.permissions, st.uid, st.gid })
    d:configure(SERVICE, 'control = { group = "#61001" },')
    assert.equal(0, (d:reeve "reload"))
    local now = file(d)
    assert.same({ "rw-rw----", 0, GROUP, st.ino }, { now.permissions, now.uid, now.gid, now.ino })
    d:configure(SERVICE, 'control = { observers = "@#61001" },')
    assert.equal(0, (d:reeve "reload"))
    now = file(d)
    assert.same({ "rw-rw-rw-", 0, 0 }, { now.permissions, now.uid, now.gid })
    d:stop()
  end)
end)
