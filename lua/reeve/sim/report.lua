--- What came of a simulation, per service: numbers for people and programs, and the series for the plot.
--
-- Fields of a report, in the order in which they prove a policy good (FIELDS):
--   goodput          share of all clients who came that were taken within the target and not lost. Who was dropped,
--                    gave up, or came again later than that counts as a miss; hostile clients do not count at all
--   wait_p50, wait_p90, wait_p99, wait_p999   seconds from the first attempt until a process took the client, of
--                    those taken
--   process_seconds  all processes, draining ones too
--   starts, peak_starts   processes started; the most in one second
--   dropped          attempts that found the queue full or were closed by us
--   lost_ours        clients whose process we killed: must be 0
-- and: arrived, hostile, served, left (gave up in the queue), refused (dropped, and did not come again), lost_crash,
-- waiting, in_service, away (at the end), bad_seconds (in which someone was taken too late), most_processes, exits,
-- crashes, start_failures, retired, killed, failures (of policies), quarantined (a list of texts), memory_over (seconds
-- above the machine's memory), memory_most, memory_mean (bytes; of the whole machine).
local report = {}
local Report = {}
Report.__index = Report

--- The names of all numbers, in order.
report.FIELDS = { "goodput", "wait_p50", "wait_p90", "wait_p99", "wait_p999", "process_seconds", "starts",
  "peak_starts", "dropped", "lost_ours", "arrived", "hostile", "served", "in_time", "left", "refused", "lost_crash",
  "waiting", "in_service", "away", "bad_seconds", "most_processes", "exits", "crashes", "start_failures", "retired",
  "killed", "failures", "memory_over", "memory_most", "memory_mean" }

--- The series of the plot, each a list with one number for each `step` seconds.
report.SERIES = { "waiting", "live", "busy", "spare", "starting", "floor", "dropped", "arrived" }

local POINTS_MOST <const> = 1200

--- A report that is yet empty.
function report.new(name, duration)
  local series = { step = math.max(1, math.ceil(duration / POINTS_MOST)) }
  for _, of in ipairs(report.SERIES) do series[of] = {} end
  return setmetatable({ name = name, series = series, quarantined = {}, peak_starts = 0, seconds = 0, now = {} },
    Report)
end

-- Of several seconds in one point: the most that waited, the sum of what was dropped, the last of the others.
local function add_point(series, i, now)
  local spare = now.available - math.min(now.available, now.starting)
  series.waiting[i] = math.max(series.waiting[i] or 0, now.most_waiting)
  series.dropped[i] = (series.dropped[i] or 0) + now.dropped
  series.arrived[i] = (series.arrived[i] or 0) + now.arrived
  series.live[i], series.busy[i], series.spare[i] = now.live, now.busy, spare
  series.starting[i], series.floor[i] = now.starting, now.floor
end

--- Another second has passed.
function Report:second(world, i)
  local now = self.now
  world:second(i, now)
  self.seconds = self.seconds + 1
  self.peak_starts = math.max(self.peak_starts, now.starts)
  add_point(self.series, (self.seconds - 1) // self.series.step + 1, now)
end

--- The run is at its end: the sums.
function Report:finish(run, i)
  local world = run.world
  self:second(world, i)
  for name, value in pairs(world:sums(i)) do self[name] = value end
  for name, q in pairs { wait_p50 = 0.5, wait_p90 = 0.9, wait_p99 = 0.99, wait_p999 = 0.999 } do
    self[name] = world:wait(i, q)
  end
  local counted = self.arrived - self.hostile
  self.goodput = counted > 0 and self.in_time / counted or 1
  local _, over, most, seconds = world:memory()
  self.memory_over, self.memory_most, self.memory_mean = over, most, seconds / run.trace.duration
  self.failures = run.failures
  self.now, self.seconds = nil, nil
end

---- several seeds

local function median(list)
  table.sort(list)
  local n = #list
  if n % 2 == 1 then return list[(n + 1) // 2] end
  return (list[n // 2] + list[n // 2 + 1]) / 2
end

--- The medians of several reports about one service under one policy, field by field; the series and the texts are
-- those of the first.
function report.median(reports)
  local first = reports[1]
  local all = { name = first.name, series = first.series, quarantined = first.quarantined, seeds = #reports }
  for _, name in ipairs(report.FIELDS) do
    local values = {}
    for i, one in ipairs(reports) do values[i] = one[name] end
    all[name] = median(values)
  end
  return all
end

---- for people

local function seconds(value)
  if value == 0 then return "0" end
  if value < 1 then return ("%.0f ms"):format(value * 1000) end
  return value < 100 and ("%.2f s"):format(value) or ("%.0f s"):format(value)
end

local function count(value)
  if value >= 1e6 then return ("%.2f M"):format(value / 1e6) end
  if value >= 1e5 then return ("%.0f k"):format(value / 1e3) end
  return ("%.0f"):format(value)
end

local function bytes(value) return ("%.2f GB"):format(value / 1e9) end
local function share(value) return ("%.3f %%"):format(value * 100) end

-- What the table shows: title, field, how it is printed, whether it is left out while it is 0 for all.
local ROWS = {
  { "goodput", "goodput", share },
  { "wait p50", "wait_p50", seconds },
  { "wait p99", "wait_p99", seconds },
  { "wait p99.9", "wait_p999", seconds },
  { "process-seconds", "process_seconds", count },
  { "starts", "starts", count },
  { "most starts in 1 s", "peak_starts", count },
  { "most processes", "most_processes", count },
  { "dropped", "dropped", count },
  { "gave up waiting", "left", count, true },
  { "refused for good", "refused", count, true },
  { "lost to crashes", "lost_crash", count, true },
  { "lost by our kills", "lost_ours", count },
  { "bad seconds", "bad_seconds", count },
  { "crashes", "crashes", count, true },
  { "failed starts", "start_failures", count, true },
  { "most memory", "memory_most", bytes },
  { "over memory", "memory_over", seconds, true },
  { "policy failures", "failures", count, true },
}

local function is_shown(row, columns)
  if not row[4] then return true end
  for _, one in ipairs(columns) do
    if one[row[2]] ~= 0 then return true end
  end
  return false
end

--- A table for people: one column for each report; `titles` stand above them.
function report.table(columns, titles)
  local lines, width, widths = {}, 0, {}
  for _, row in ipairs(ROWS) do width = math.max(width, #row[1]) end
  for i, title in ipairs(titles) do widths[i] = math.max(#title, 11) end
  local function line(first, cell)
    local cells = {}
    for i = 1, #columns do cells[i] = (" "):rep(widths[i] - utf8.len(cell(i))) .. cell(i) end
    lines[#lines + 1] = (first .. (" "):rep(width - #first) .. "  " .. table.concat(cells, "  ")):gsub("%s+$", "")
  end
  line("", function(i) return titles[i] end)
  for _, row in ipairs(ROWS) do
    if is_shown(row, columns) then
      line(row[1], function(i) return row[3](columns[i][row[2]]) end)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

--- The printed value of a field, as in the table.
function report.show(field, value)
  for _, row in ipairs(ROWS) do
    if row[2] == field then return row[3](value) end
  end
  return tostring(value)
end

return report
