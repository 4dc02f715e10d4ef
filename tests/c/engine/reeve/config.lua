-- A config loader for tests/c/test_engine.c: asks through every door, and makes a small plan.
local M = {}

function M.load(opts)
  local text, why = opts.read(opts.file)
  if not text then return nil, { { severity = "error", message = why } } end
  local ok, message = opts.guard.call(1000, function() return assert(load(text, "@" .. opts.file, "t", {})) () end)
  if not ok then return nil, { { severity = "error", message = message } } end
  local uid = opts.names.user "root"
  local found = opts.glob(opts.file:gsub("[^/]*$", "*.lua"))
  local plan = { globals = { base_dir = opts.base_dir or "/nowhere", fork_budget = "0", import_environment = "HIDDEN" },
    services = {} }
  plan.services[1] = {
    name = "web", settings = { client_limit = "10", user = tostring(uid), policy = "never sent" },
    argv = { "/bin/true", "-x" },
    env = { "A=1", "N=" .. opts.names.ncpu(), "H=" .. tostring(opts.names.getenv "HIDDEN") },
    listeners = {
      { kind = "unix", path = "/tmp/web", mode = "384", uid = "-1" },
      { kind = "inet", name = "http", address = "127.0.0.1", port = "80", ssl = "1", haproxy = false,
        reuse_port = "0" },
    },
    files = #found,
  }
  return plan, {}
end

function M.format(problems)
  local lines = {}
  for i, problem in ipairs(problems) do lines[i] = problem.message end
  return table.concat(lines, "\n") .. "\n"
end

return M
