--- here: what verbs share that load a config without a running instance.

local config = require "reeve.config"
local read_options = require "reeve.options"

local M = {}

M.DEFAULT_FILE = "/etc/reeve/reeve.lua"

--- The options of a verb with -c FILE and -b DIR. -> options, words | nil, sentence
function M.options(known, args)
  local all = { ["-c"] = "file", ["--config"] = "file", ["-b"] = "base_dir", ["--base-dir"] = "base_dir" }
  for name, field in next, known do all[name] = field end
  local options, words = read_options(all, args)
  if options then options.file = options.file or M.DEFAULT_FILE end
  return options, words
end

-- The names as they are, but what the daemon's services inherit is the daemon's environment, not that of who asks.
local function names_there(names, environment)
  local function getenv(name)
    if environment[name] ~= nil then return environment[name] or nil end
    return names.getenv(name)
  end
  return setmetatable({ getenv = getenv }, { __index = names })
end

-- Whoever has no config in the usual place has it elsewhere.
local function hinted(opts, plan, problems)
  if not plan and opts.file == M.DEFAULT_FILE and M.is_missing(problems) then
    problems[1].message = problems[1].message .. "; name another with -c FILE"
  end
  return plan, problems
end

--- Loads the config as root's daemon would, or one that was `started` otherwise: { uid, gid, base_dir, daemon,
-- environment }; who asks does not matter.
function M.load(ctx, options, started)
  local opts = {}
  for name, door in next, ctx.here do opts[name] = door end
  opts.file, opts.base_dir, opts.uid, opts.gid, opts.is_check = options.file, options.base_dir, 0, 0, true
  if not started then return hinted(opts, config.load(opts)) end
  opts.uid, opts.gid, opts.base_dir, opts.daemon = started.uid, started.gid, started.base_dir, started.daemon
  opts.names = names_there(opts.names, started.environment)
  return config.load(opts)
end

--- Whether there was no file to load.
function M.is_missing(problems)
  return problems[1] ~= nil and problems[1].code == "no-file"
end

return M
