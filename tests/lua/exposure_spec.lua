local exposure = require "reeve.exposure"
local spec = require "reeve.spec"

local BEST = {
  user = "1000", group = "1000", drop_priv_before_exec = "true", no_new_privs = "true", chroot = "/srv/web",
  privileged_group = "-1", extra_groups = "", vsz_limit = "268435456", rlimits = "core=0 nproc=10", umask = "63",
  capabilities = "", seccomp = "strict", isolate = "tmp dev", landlock = "",
}

-- The findings about BEST with some settings changed, and the exposure.
local function of(changes, listeners, others)
  local settings = {}
  for name, value in pairs(BEST) do settings[name] = value end
  for name, value in pairs(changes or {}) do settings[name] = value end
  local web = { name = "web", settings = settings, listeners = listeners or {} }
  local found, score = exposure.of(web, { web, table.unpack(others or {}) }, spec)
  local bad = {}
  for _, f in ipairs(found) do
    if f.exposed then bad[#bad + 1] = f.text end
  end
  return bad, score
end

describe("exposure", function()
  it("is nothing for a service that gives up all it can", function()
    local bad, score = of()
    assert.same({}, bad)
    assert.equal(0, score)
    assert.equal("tight", exposure.verdict(score))
  end)

  it("names each thing that a setting would forbid", function()
    local cases = {
      { { drop_priv_before_exec = "false" }, "the program starts as root and gives that up by itself" },
      { { no_new_privs = "false" }, "a set-user-id program can give it more privileges" },
      { { chroot = "" }, "it sees the whole file system" },
      { { privileged_group = "8" }, "it has the rights of the groups 8" },
      { { extra_groups = "4 5" }, "it has the rights of the groups 4 5" },
      { { vsz_limit = "0" }, "it may use all memory" },
      { { rlimits = "core=0" }, "it may start any number of processes" },
      { { rlimits = "nproc=5" }, "a crash may leave its memory in a core file" },
      { { umask = "0" }, "files that it makes may be writable by everybody" },
    }
    for _, case in ipairs(cases) do
      local bad, score = of(case[1])
      assert.same({ case[2] }, bad)
      assert.is_true(score > 0)
    end
  end)

  it("looks at listeners and at who else has its user", function()
    assert.same({ "other machines can reach it at *:80, ::1%1:5" }, (of(nil, {
      { kind = "inet", address = "*", port = 80 }, { kind = "inet", address = "127.0.0.1", port = 81 },
      { kind = "inet", address = "::1%1", port = 5 } })))
    assert.same({ "everybody on this machine may connect to a.sock" }, (of(nil, {
      { kind = "unix", name = "a.sock", mode = 438 }, { kind = "unix", name = "b.sock", mode = 432 } })))
    assert.same({ "it may signal and trace processes of chat: the same user" }, (of(nil, nil, {
      { name = "chat", settings = { user = "1000" } }, { name = "mail", settings = { user = "1001" } } })))
  end)

  it("is the worst for root with everything open, and what is worst comes first", function()
    local bad, score = of({ user = "0", capabilities = "", no_new_privs = "false", chroot = "", seccomp = "",
      isolate = "", extra_groups = "1", vsz_limit = "0", rlimits = "", umask = "0" },
      { { kind = "inet", address = "::", port = 80 }, { kind = "unix", name = "x", mode = 511 } },
      { { name = "chat", settings = { user = "0" } } })
    assert.equal("it runs as root", bad[1])
    assert.is_true(score > 8 and score <= 10)
    assert.equal("exposed", exposure.verdict(score))
  end)
end)
