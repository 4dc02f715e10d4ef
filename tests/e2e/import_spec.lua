-- conf/dovecot.lua is what Dovecot's own programs are run with where dovecot.conf says nothing about services, and
-- `reeve import dovecot` gives the same; Dovecot's own doveconf is asked.
local json = require "dkjson"
local reeve = require "reeve"

local PROTOCOLS <const> = "imap pop3 lmtp sieve submission"
local REEVE <const> = reeve.build .. "/reeve"

local dir

local function config(words)
  local text = reeve.shell_line(("DOVECOT_CONF=%s/dovecot.conf DOVECOT_PROTOCOLS='%s' %s config --json %s"):format(dir,
    PROTOCOLS, REEVE, words))
  return json.decode(text:match "{.*}")
end

-- What a service is, its listeners by name: their order is that of the file.
local function shape(service)
  local listeners = {}
  for _, l in ipairs(service.listeners) do listeners[l.path or l.name .. " " .. l.address] = l end
  return { argv = service.argv, env = service.env, settings = service.settings, listeners = listeners }
end

local function by_name(plan)
  local services = {}
  for _, service in ipairs(plan.services) do services[service.name] = shape(service) end
  return services
end

describe("import dovecot", function()
  before_each(function()
    dir = reeve.shell_line "d=$(mktemp -d /tmp/reeve-import.XXXXXX) && chmod 755 $d && echo $d"
    reeve.write(dir .. "/dovecot.conf", "protocols = " .. PROTOCOLS .. "\n")
  end)

  after_each(function() reeve.shell("rm -rf " .. dir) end)

  it("gives what conf/dovecot.lua says, of an empty dovecot.conf", function()
    local code, said = reeve.shell(("%s import dovecot %s/dovecot.conf >%s/reeve.lua"):format(REEVE, dir, dir))
    assert.equal(0, code, said)
    assert.equal("", said)
    local imported, written = config("-c " .. dir .. "/reeve.lua"), config "-c conf/dovecot.lua"
    local theirs, ours = by_name(imported), by_name(written)
    assert.is_truthy(#imported.services >= 30)
    for name, service in pairs(theirs) do assert.same(service, ours[name], name) end
    for name in pairs(ours) do assert.is_truthy(theirs[name], name) end
    assert.same(imported.settings, written.settings)
  end)

  it("says what is not there, and exits with what is documented", function()
    local code, said = reeve.shell(REEVE .. " import dovecot " .. dir .. "/nothing")
    assert.same({ 66, true }, { code, said:find("there is no file", 1, true) ~= nil })
    reeve.write(dir .. "/dovecot.conf", "protocols = nonsense\n")
    code, said = reeve.shell(("%s import dovecot %s/dovecot.conf"):format(REEVE, dir))
    assert.same({ 2, true }, { code, said:find("nonsense", 1, true) ~= nil }, said)
    code = reeve.shell(REEVE .. " import postfix")
    assert.equal(64, code)
  end)
end)
