-- reeve simulate as its user meets it.
local json = require "dkjson"
local R = require "reeve"

local read, write = R.read, R.write

local function sh(command)
  local out, err = os.tmpname(), os.tmpname()
  -- LD_PRELOAD is the sanitizer's, for our own interpreter
  local _, _, code = os.execute(("unset LD_PRELOAD; %s >%s 2>%s"):format(command, out, err))
  local function take(path)
    local text = read(path)
    os.remove(path)
    return text
  end
  return code, take(out), take(err)
end

local function simulate(words) return sh(R.build .. "/reeve simulate " .. words) end

local function directory()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir " .. path))
  finally(function() os.execute("rm -r " .. path) end)
  return path
end

local SMALL = [[
#duration 30
#settings process_limit=5
#model boot=0.5 boot_spread=0
at,stay
1,2
1,2
4,1
]]

describe("reeve simulate", function()
  it("says what traces there are when none is named", function()
    local code, out, err = simulate ""
    assert.equal(64, code)
    assert.equal("reeve: simulate: --trace is wanted\n", err)
    assert.matches("\n  storm     login storm", out)
    assert.matches("\n  day       ", out)
  end)

  it("plays a file, and prints a table", function()
    local dir = directory()
    write(dir .. "/small.csv", SMALL)
    local code, out, err = simulate("--trace " .. dir .. "/small.csv")
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal("trace small.csv, 30 s, target 0.2 s, seed 1\n", out:match "^[^\n]*\n")
    assert.matches("\ngoodput +33%.333 %%\n", out)
    assert.matches("\nwait p99 +500 ms\n", out)
    assert.matches("\nstarts +2\n", out)
  end)

  it("puts candidates side by side, over seeds, in JSON too", function()
    local dir = directory()
    write(dir .. "/small.csv", SMALL)
    local list = "none, two = service { process_min_avail = 2 }, policies/hung.lua, "
      .. "only { fpm_static { max_children = 3 } }"
    local wanted = ("--trace %s/small.csv --seeds 2 --seed 5 --set process_min_avail=1 --compare '%s'")
      :format(dir, list)
    local code, out, err = simulate(wanted .. " --json")
    assert.equal("", err)
    assert.equal(0, code)
    local answer = json.decode(out)
    assert.same({ 5, 6 }, answer.seeds)
    local names = {}
    for i, one in ipairs(answer.candidates) do names[i] = one.name end
    assert.same({ "none", "two", "hung", "only { fpm_static { max_children = 3 } }" }, names)
    assert.equal(3, answer.candidates[4].starts)
    assert.equal(1, answer.candidates[4].goodput)
    assert.equal(0, answer.candidates[1].lost_ours)
    -- --set stands over what a candidate says
    assert.equal(answer.candidates[1].process_seconds, answer.candidates[2].process_seconds)
  end)

  it("writes a picture and a decision log, the same log again for the same seed", function()
    local dir = directory()
    local words = "--trace flash --seed 3 -p 'settle(30, { min_avail() })' --set process_min_avail=2"
    for i = 1, 2 do
      local code, _, err = simulate(("%s --log %s/%d.log --plot %s/%d.svg"):format(words, dir, i, dir, i))
      assert.equal("", err)
      assert.equal(0, code)
    end
    local log = read(dir .. "/1.log")
    assert.equal(log, read(dir .. "/2.log"))
    assert.matches("^# settle%(30, { min_avail%(%) }%), seed 3\n0%.000 service vote ", log)
    assert.matches("\n%d+%.%d%d%d service standing ", log)
    assert.equal(read(dir .. "/1.svg"), read(dir .. "/2.svg"))
    assert.matches("^<svg ", read(dir .. "/1.svg"))
  end)

  it("takes a service of a config with its settings and policies", function()
    local dir = directory()
    write(dir .. "/small.csv", SMALL)
    write(dir .. "/reeve.lua", [[
service "web" { executable = "/bin/true", client_limit = 1, process_limit = 9, process_min_avail = 3,
  policy = { min_avail = function() return 4 end } }
service "plain" { executable = "/bin/true", contract = "plain" }
]])
    local base = ("-c %s/reeve.lua --trace %s/small.csv"):format(dir, dir)
    local code, out, err = simulate(base .. " --service web --json")
    assert.equal("", err)
    assert.equal(0, code)
    local _
    local web = json.decode(out).candidates[1]
    assert.same({ "web", "web", 1, 6 }, { web.name, web.service, web.goodput, web.starts }) -- 4 spare, 2 taken
    code, _, err = simulate(base .. " --service wep")
    assert.equal(64, code)
    assert.matches("has no service 'wep'; did you mean 'web'?", err, 1, true)
    code, _, err = simulate(base .. " --service plain")
    assert.equal(1, code)
    assert.matches("contract = \"plain\": its processes do not say", err, 1, true)
  end)

  it("shows how far it is where somebody looks, and nothing of it elsewhere", function()
    local dir = directory()
    write(dir .. "/small.csv", SMALL)
    local command = ("%s/reeve simulate --trace %s/small.csv"):format(R.build, dir)
    local _, seen = sh(("script -qec '%s' /dev/null </dev/null"):format(command)) -- a terminal
    assert.matches("\r%[=+ *%] +%d+ %%  none, seed 1", seen)
    assert.matches("\r\27%[Ktrace small.csv", seen) -- and it is gone again
    local _, out, err = sh(command)
    assert.equal("", err)
    assert.is_nil(out:find("\r", 1, true))
  end)

  local MISTAKES = {
    { "--trace strom", 64, "there is no trace 'strom'; did you mean 'storm'? (there are: storm diurnal" },
    { "--trace /nowhere.csv", 2, "trace /nowhere.csv: No such file or directory" },
    { "--trace storm --sede 1", 64, "unknown option '--sede'; did you mean '--seed'?" },
    { "--trace storm --seed x", 64, "--seed x: a whole number from 0 up is wanted" },
    { "--trace storm --set process_limits=1", 64,
      "unknown setting 'process_limits'; did you mean 'process_limit'?" },
    { "--trace storm --set process_limit=many", 64, "process_limit = many: " },
    { "--trace storm -p hybird", 2, "there is no policy 'hybird'; did you mean 'hybrid'?" },
    { "--trace /tmp", 2, "trace /tmp: Is a directory" },
    { "--trace storm -c /nowhere.lua", 64, "-c /nowhere.lua: which of its services? --service NAME" },
    { "--trace storm --seeds 100000", 64, "--seeds 100000: at most 1000" },
    { "--trace day --seeds 1000 --plot /nowhere/x.svg", 1, "simulate: /nowhere/x.svg: No such file" }, -- at once
    { "--trace storm -p 'hung { aftr = 1 }'", 2, "hung: there is no option 'aftr'" },
    { "--trace storm -p nowhere/x.lua", 2, "simulate: policy nowhere/x.lua: No such file or directory" },
    { "--trace storm -c /nowhere.lua --service web", 66, "/nowhere.lua cannot be used" },
    { "storm", 64, "unknown argument 'storm'; write -p POLICY" },
  }
  for _, case in ipairs(MISTAKES) do
    it("tells: " .. case[3], function()
      local code, _, err = simulate(case[1])
      assert.equal(case[2], code)
      assert.is_truthy(err:find(case[3], 1, true), err)
    end)
  end

  it("tells every mistake of a trace with its line", function()
    local dir = directory()
    write(dir .. "/bad.csv", "at,stay\n1,x\n2\n")
    local code, _, err = simulate("--trace " .. dir .. "/bad.csv")
    assert.equal(2, code)
    assert.equal(("reeve: simulate: %s/bad.csv:2: stay = x: a number is wanted\n%s/bad.csv:3: a client needs stay, in "
      .. "seconds\n"):format(dir, dir), err)
  end)
end)
