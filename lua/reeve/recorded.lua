--- What the verbs share that read a recording: which file, since when, and how to say what is wrong.
local here = require "reeve.config.here"
local openings = require "reeve.doors"
local recording = require "reeve.recording"
local usage = require "reeve.usage"

local M = {}

local NO_INPUT <const>, NO_PERMISSION <const> = 66, 77

--- Says what went wrong. -> nil, exit code
function M.fail(ctx, code, sentence)
  usage.say(ctx, ctx.verb, sentence)
  return nil, code
end

--- A moment as people read it, of ms of wall time.
function M.clock(ms)
  return ("%s.%03d"):format(os.date("%Y-%m-%d %H:%M:%S", ms // 1000), ms % 1000)
end

local function of_day(text, now)
  local day = os.date("*t", now)
  local year, month, date, rest = text:match "^(%d%d%d%d)-(%d%d)-(%d%d)[ T]?(.*)$"
  local hour, min, sec = (rest or text):match "^(%d%d?):(%d%d):?(%d?%d?)$"
  if rest == "" then hour, min = 0, 0 end
  if not hour then return nil end
  return os.time { year = tonumber(year) or day.year, month = tonumber(month) or day.month,
    day = tonumber(date) or day.day, hour = tonumber(hour), min = tonumber(min), sec = tonumber(sec) or 0 }
end

--- "3h" (ago), "07:30" (today, or yesterday if that is still to come), "2026-11-29 07:30" -> ms of wall time | nil,
-- sentence.
function M.moment(spec, text)
  local now = os.time()
  local ms = math.tointeger(tonumber((spec.parse("service", "start_timeout", text))))
  if ms and ms < math.maxinteger then return now * 1000 - ms end
  local at = of_day(text, now)
  if not at then
    local minutes = text:match "^(%d+)m$"
    return nil, ("'%s' is no time: write %s (ago), 07:30 or \"2026-11-29 07:30\""):format(text,
      minutes and minutes .. "min" or "3h")
  end
  if at > now and not text:find "-" then at = at - 86400 end
  return at * 1000
end

--- The file that `reeve -b DIR` means: where its daemon records, or has recorded.
function M.default_path()
  local base = os.getenv "REEVE_BASE_DIR" or "/run/reeve"
  local path = base .. "/state/recording"
  local file = io.open(path, "rb")
  if not file and base == "/run/reeve" then return "/var/lib/reeve/recording" end
  if file then file:close() end
  return path
end

--- An open recording | nil, exit code.
function M.open(ctx, path)
  local rec, sentence = recording.open(path or M.default_path())
  if rec then return rec end
  if not path and sentence:find "No such file" then
    sentence = sentence .. "; name the file, or the daemon's base_dir with -b"
  end
  local code = sentence:find "Permission denied" and NO_PERMISSION or sentence:find "No such file" and NO_INPUT or 65
  return M.fail(ctx, code, sentence)
end

--- The plan and policies of a config on the disk | nil, exit code.
function M.plan(ctx, path)
  local plan, problems = here.load(ctx, { file = path })
  if plan then return { plan = plan, constructors = openings.built_ins(ctx.here) } end
  ctx.err(require "reeve.config".format(problems, "text"))
  return nil, here.is_missing(problems) and NO_INPUT or 2
end

return M
