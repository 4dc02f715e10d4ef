-- Dovecot's own programs under Reeve: the short form of tests/dovecot (`make e2e-dovecot` is the whole). One world is
-- made, all short checks are run in it by Python, and each is a test here.
local lfs = require "lfs"
local reeve = require "reeve"

local RUN <const> = "tests/dovecot/run"

local function names(which)
  local code, text = reeve.shell(RUN .. " --list " .. which)
  assert(code == 0, text)
  local list = {}
  for name in text:gmatch "%S+" do list[#list + 1] = name end
  return list
end

describe("dovecot", function()
  local results, said

  setup(function()
    assert(lfs.attributes "/usr/lib/dovecot/imap", "Dovecot's programs are missing: see `make deps`")
    local _
    _, said = reeve.shell(("%s --short --build %s"):format(RUN, reeve.build))
    results = {}
    for line in said:gmatch "[^\n]+" do
      local verdict, name = line:match "^(n?o?t? ?ok) %d+ %- (%S+)"
      if name then results[name] = verdict end
    end
  end)

  -- what stands below the line of a check: why it failed, and the log
  local function trouble(name)
    local from = said:find("not ok %d+ %- " .. reeve.literal(name))
    local text = from and said:sub(from) or said
    return (text:match "^(.-)\n[no][ok]" or text)
  end

  it("docs/DOVECOT.md names the checks that there are, each at least once", function()
    local text, known = reeve.read "docs/DOVECOT.md":match "\n## Each service.*", {}
    for _, name in ipairs(names "") do
      known[name] = true
      assert(text:find(name, 1, true), name .. " proves nothing in docs/DOVECOT.md")
    end
    for cell in text:gmatch "|[^|]*|[^|]*|([^|]*)|\n" do
      for name in cell:gmatch "%f[%w][%w-]+%.[%w-]+%f[^%w-]" do
        if not name:find "%.lua$" and not name:find "^2%.3" then assert(known[name], "no check " .. name) end
      end
    end
  end)

  for _, name in ipairs(names "--short") do
    it(name, function()
      assert(results[name] == "ok", trouble(name))
    end)
  end
end)
