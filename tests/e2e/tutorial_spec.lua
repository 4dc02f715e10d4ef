-- docs/TUTORIAL.md, as a reader does it: every command of the page is run, every file of it written.
local reeve = require "reeve"

-- The blocks of the page in their order: { kind = "sh", text } or { kind = "lua", text, file }.
local function blocks()
  local list = {}
  for head, text in reeve.read("docs/TUTORIAL.md"):gmatch "\n```([^\n]+)\n(.-\n)```" do
    list[#list + 1] = { kind = head:match "^%l+", file = head:match "file=(%S+)", text = text }
  end
  return list
end

-- What must be seen after a command: patterns of its output.
local SEEN = {
  ["reeve check -c reeve.lua"] = "reeve.lua is good",
  ["reeve settings idle_kill"] = "idle_kill in service",
  ["reeve run -c reeve.lua --daemon"] = "reeved runs %(pid %d+%)",
  ["reeve status"] = "\nweb +%d+ +8 ",
  ["reeve status web"] = "last log lines",
  ["reeve ps web"] = "web +%d+ +%d+",
  ["reeve why web"] = "min_avail",
  ["busted"] = " 0 failures / 0 errors",
  ["reeve plan"] = "web",
  ["reeve reload"] = "generation %d is in force",
}

describe("docs/TUTORIAL.md", function()
  local dir, pid
  after_each(function()
    if pid and reeve.is_alive(pid) then reeve.kill("KILL", pid) end
    if dir then reeve.shell(("rm -rf %s"):format(dir)) end
    reeve.clean()
  end)

  -- Runs one command in the reader's shell: `state` is the directory and the exported variables.
  local function run(state, command)
    local preload = os.getenv "PRELOAD" and command == "busted" and "export LD_PRELOAD=" .. os.getenv "PRELOAD" or ":"
    local code, text = reeve.shell(([[
      export PATH=%s:$PATH REEVE_PORT=%d; unset LUA_PATH LUA_CPATH REEVE_BASE_DIR; cd %s && %s
      %s
      { %s
      }; code=$?; pwd >%s/cwd; exit $code]]):format(reeve.build, state.port, state.cwd, state.exports, preload, command,
      dir))
    assert(code == 0, ("%s: exit %d:\n%s"):format(command, code, text))
    state.cwd = reeve.read(dir .. "/cwd"):match "%S+"
    local export = command:match "^export .*"
    if export then state.exports = export end
    return text
  end

  it("works, command by command", function()
    dir = reeve.shell_line "d=$(mktemp -d /tmp/reeve-e2e.XXXXXX) && chmod 755 $d && echo $d"
    local state, ran = { cwd = dir, exports = ":", port = reeve.free_port() }, 0
    for _, block in ipairs(blocks()) do
      if block.file then reeve.write(state.cwd .. "/" .. block.file, block.text) end
      for command in (block.kind == "sh" and block.text or ""):gmatch "[^\n]+" do
        local text
        local wanted = SEEN[command]
        reeve.wait_until(function() -- the processes of a change come up in their own time
          text = run(state, command)
          return not wanted or text:find(wanted) or not command:find "^reeve [swp][th][ay]"
        end, function() return ("'%s' in what %s says:\n%s"):format(wanted, command, text) end)
        assert.truthy(not wanted or text:find(wanted), ("%s said:\n%s"):format(command, text))
        pid = pid or tonumber(text:match "reeved runs %(pid (%d+)%)")
        if command:find "^sed" and reeve.read(state.cwd .. "/reeve.lua"):find "rush {}, daytime" then
          state.live = true
        end
        if state.live and command == "reeve ps web" then
          reeve.wait_until(function()
            return select(2, run(state, command):gsub("\nweb ", "")) == 3
          end, "three processes")
          assert.truthy(run(state, "reeve why web"):find "it is daytime")
          state.live = nil
          state.seen = true
        end
        if command == "cd first" and os.getenv "SAN" then -- which wants all address space
          run(state, "sed -i 's/^settings {/&default_vsz_limit = 0,/' reeve.lua")
        end
        ran = ran + 1
      end
    end
    assert.is_true(ran > 20 and state.seen)
    reeve.wait_gone(pid)
  end)
end)
