--- usage: reads the words after a verb, and says what is wrong with them: always in the same form, and with exit
-- code 64.

local read_options = require "reeve.options"

local M = {}

--- How each verb is used: what src/cli/verbs.def says (tests/lua/usage_spec.lua).
M.OF = {
  check = "[-c FILE] [--format text|json|line]",
  config = "[-c FILE] [--json|--lua] [--origin] [--changed] [--running]",
  init = "DIR",
  simulate = "--trace NAME|FILE.csv [-p POLICY | --compare A,B,...] [-c FILE --service NAME] [OPTION]...",
  settings = "[NAME] [--json]",
  import = "dovecot [FILE]",
  status = "[NAME] [--json] [--names]",
  ps = "[SERVICE] [--json]",
  top = "",
  security = "[SERVICE] [--json]",
  why = "SERVICE [--since T] [--json]",
  service = "start|stop|restart|drain|reset|scale NAME [--wait] [N..M|auto] [--for DURATION]",
  plan = "[-c FILE] [--json]",
  reload = "[--json]",
  stop = "[--now]",
  upgrade = "[--json]",
  ["reopen-logs"] = "",
  events = "[--follow] [--since T] [--json] [EXPR]",
  record = "FILE [--from RECORDING] [--since T|--last T]",
  replay = "[RECORDING] [--last T] [-c CONFIG] [--log FILE] [--live-log FILE] [--json] | --policy P [OPTION]...",
  eval = "[--json] EXPR...",
}

--- Says a sentence about what the words mean: that there is no such service. -> exit code
---@return integer
function M.say(ctx, verb, sentence)
  ctx.err(("reeve: %s: %s\n"):format(verb, sentence))
  return 64
end

--- Says what is wrong with the words, and how the verb is used. -> exit code
---@return integer
function M.wrong(ctx, verb, sentence)
  M.say(ctx, verb, sentence)
  ctx.err(("usage: reeve %s%s\n"):format(verb, M.OF[verb] ~= "" and " " .. M.OF[verb] or ""))
  return 64
end

--- The options (reeve.options) and at most `most` words (nil: any number) | nil, exit code: it was said what is wrong.
---@param known table<string, string|boolean|string[]>
---@param args string[]
---@param most integer|nil
function M.read(ctx, verb, known, args, most)
  local options, words = read_options(known, args)
  if not options then return nil, M.wrong(ctx, verb, words) end
  for i, word in ipairs(most and words or {}) do
    local option = word:find "^%-."
    if option or i > most then
      return nil, M.wrong(ctx, verb, ("unknown %s '%s'"):format(option and "option" or "argument", word))
    end
  end
  return options, words
end

return M
